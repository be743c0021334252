# shellcheck shell=bash
# Reads the layer's recipes as far as installing goes, so that the board test puts in place what the
# image does: a recipe's own list of files (SRC_URI) is laid out, and its own do_install, a shell
# function, is run.

# shellcheck disable=SC2034 # for the scripts that take this file in
layer=yocto/meta-edgepool

# recipe_value RECIPE NAME: of a quoted variable, its continued lines joined.
recipe_value() {
  sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' "$1" |
    sed -n "s/^$2 ?*= *\"\(.*\)\"\$/\1/p"
}

# recipe_sources RECIPE FOLDER UNPACKED: what SRC_URI names of local files, out of the recipe's own
# folder or else FOLDER; archives are unpacked.
recipe_sources() {
  local recipe=$1 folder=$2 unpacked=$3 name file
  for name in $(recipe_value "$recipe" SRC_URI | grep -o 'file://[^ ;]*' | cut -c 8-); do
    # shellcheck disable=SC2016 # bitbake's own
    name=${name//'${BUNDLE}'/$(recipe_value "$recipe" BUNDLE)}
    file=$(dirname "$recipe")/files/$name
    [ -e "$file" ] || file=$folder/$name
    [ -e "$file" ] || die "$recipe names $name, which is neither in its files nor in $folder"
    case $name in
      *.tar) tar -xf "$file" -C "$unpacked" ;;
      *) cp "$file" "$unpacked" ;;
    esac
  done
}

# recipe_install RECIPE SOURCE UNPACKED DESTINATION: runs do_install with the names that bitbake
# gives to folders. SOURCE is S, UNPACKED is UNPACKDIR, DESTINATION is D.
recipe_install() (
  local recipe=$1
  # Used by the function that is read in.
  # shellcheck disable=SC2034
  S=$2 UNPACKDIR=$3 D=$4 prefix=/usr bindir=/usr/bin libdir=/usr/lib libexecdir=/usr/libexec \
    datadir=/usr/share includedir=/usr/include nonarch_libdir=/usr/lib sysconfdir=/etc \
    localstatedir=/var systemd_system_unitdir=/usr/lib/systemd/system base_sbindir=/usr/sbin
  eval "$(sed -n '/^do_install() {$/,/^}$/p' "$recipe")"
  do_install
)

# install_recipe RECIPE FOLDER DESTINATION: both of the above for a recipe of local files.
install_recipe() {
  local recipe=$1 unpacked source
  unpacked=$(mktemp -d)
  recipe_sources "$recipe" "$2" "$unpacked"
  source=$unpacked
  # S is a folder below UNPACKDIR where the recipe has an archive.
  # shellcheck disable=SC2016 # bitbake's own
  case $(recipe_value "$recipe" S) in */'${BUNDLE}') source+=/$(recipe_value "$recipe" BUNDLE) ;; esac
  recipe_install "$recipe" "$source" "$unpacked" "$3"
  rm -rf "$unpacked"
}

# recipe_units RECIPE: those that the image enables.
# shellcheck disable=SC2016 # bitbake's own
recipe_units() { recipe_value "$1" 'SYSTEMD_SERVICE:${PN}'; }

# shellcheck shell=bash
# apt for the board's processor, with a state of its own: the machine's list of architectures and
# its package lists stay as they are. Packages come from where the machine's own come from.

# arm64_apt DIRECTORY ARGUMENTS...: apt-get; the first call fetches the lists into DIRECTORY. Where
# that has a sources.list, it stands for the machine's own file of that name.
arm64_apt() {
  local dir=$1
  shift
  local private=(
    -o "Dir::State=$dir/state"
    -o "Dir::State::status=$dir/status"
    -o "Dir::Cache=$dir/cache"
    -o APT::Architecture=arm64
    -o APT::Architectures::=arm64
    # Without root there is no other user to drop to, and with it that user cannot write here.
    -o APT::Sandbox::User="$(id -un)"
  )
  if [ -f "$dir/sources.list" ]; then private+=(-o "Dir::Etc::SourceList=$dir/sources.list"); fi
  if [ ! -f "$dir/status" ]; then
    mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
    : >"$dir/status"
    apt-get "${private[@]}" update
  fi
  apt-get "${private[@]}" "$@"
}

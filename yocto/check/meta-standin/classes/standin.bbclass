# What a package needs when it runs is resolved by the graph step; here it would mean building the
# whole image.
python () {
    for task in ('do_package_qa', 'do_package_write_deb'):
        d.delVarFlag(task, 'rdeptask')
        d.delVarFlag(task, 'rdepends')
}

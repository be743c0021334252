# What a package needs when it runs is resolved by the graph step; here it would mean building the
# whole image. And there is no shared state to take anything from.
python () {
    for task in ('do_package_qa', 'do_package_write_deb'):
        d.delVarFlag(task, 'rdeptask')
        d.delVarFlag(task, 'rdepends')
    for task in ('do_package_setscene', 'do_populate_sysroot_setscene',
                 'do_package_write_deb_setscene'):
        d.delVarFlag(task, 'depends')
}

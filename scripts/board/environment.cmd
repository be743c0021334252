# Before the board's own script in the emulated machine, whose U-Boot is Debian's: that keeps its
# environment in a flash that Debian's kernel does not know. What counts of it is kept where the board
# has it, 2 MiB into the card, in one copy instead of two. Blocks of 512 bytes.
setenv environment_addr 0x50000000
if virtio read ${environment_addr} 0x1000 0x20; then
  env import -c ${environment_addr} 0x4000 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT
fi
setenv save 'env export -c -s 0x4000 ${environment_addr} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT && virtio write ${environment_addr} 0x1000 0x20'

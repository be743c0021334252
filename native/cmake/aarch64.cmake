# Debian's cross compiler for the board's processor; tests run through QEMU's user mode.
#
#   cmake -S native -B build/arm64 -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake
#
# EP_SYSROOT_EXTRA names a directory with further arm64 packages, unpacked (usr/include, usr/lib).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-a72")
set(CMAKE_CXX_FLAGS_INIT "-mcpu=cortex-a72")

set(EP_SYSROOT_EXTRA "" CACHE PATH "Directory with unpacked arm64 packages")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES EP_SYSROOT_EXTRA)
set(CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(EP_EMULATOR qemu-aarch64-static -cpu cortex-a72 -L /usr/aarch64-linux-gnu)
if(EP_SYSROOT_EXTRA)
  list(PREPEND CMAKE_FIND_ROOT_PATH ${EP_SYSROOT_EXTRA} ${EP_SYSROOT_EXTRA}/usr)
  set(EP_EXTRA_LIB ${EP_SYSROOT_EXTRA}/usr/lib/aarch64-linux-gnu)
  string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT
         " -L${EP_EXTRA_LIB} -Wl,-rpath-link,${EP_EXTRA_LIB}")
  string(APPEND CMAKE_SHARED_LINKER_FLAGS_INIT
         " -L${EP_EXTRA_LIB} -Wl,-rpath-link,${EP_EXTRA_LIB}")
  list(APPEND EP_EMULATOR -E LD_LIBRARY_PATH=${EP_EXTRA_LIB})
endif()
# pkg-config would find the GStreamer of the machine that builds.
set(EP_GSTREAMER OFF CACHE BOOL "")
set(CMAKE_CROSSCOMPILING_EMULATOR ${EP_EMULATOR})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

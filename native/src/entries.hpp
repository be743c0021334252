// What the re-pointed entries do. There are two sets of them: the runtime's, whose calls are
// counted, and libstdc++'s, through which the strings and containers of the whole process pass. On
// a thread outside every scope both go straight on to libc at the cost of one thread-local load.
//
//   allocate   in a scope: in its pool, else libc
//   free       by address: to the pool the block lies in, else libc; any thread, any scope
//   realloc    the block stays where it lives: in its pool, else with libc
//
// The runtime's `stderr` is re-pointed with them, see runtime_log.hpp.
#pragma once

#include <cstdint>
#include <string_view>

#include "elf_image.hpp"

namespace ep {

/** The address that a slot naming `symbol` in a library of that kind shall hold; 0: leave it. */
uintptr_t entry_for(LibraryKind kind, std::string_view symbol);

/** What the runtime's dlopen does instead of the linker's. */
void set_dlopen(void* (*open)(const char* name, int flags));

}  // namespace ep

// A library of the system's that is opened when something of it is asked for, with its own names
// before the process's: Node exports the names of the libraries that are built into it, of other
// versions, and the two must not be mixed.
#pragma once

#include <dlfcn.h>

namespace ep {

/** Stays for as long as the process does. Null iff there is none; then `why_not` says why. */
void* open_own_library(const char* file);

/** False iff the library has no such function; `why_not` says so then. */
template <typename Function>
bool find_function(void* library, const char* name, Function* out) {
  *out = reinterpret_cast<Function>(dlsym(library, name));
  return *out != nullptr;
}

/** Of the last failure on this thread. */
const char* why_not();

}  // namespace ep

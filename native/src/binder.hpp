// Re-points the allocator entries of a runtime library's own relocation tables, so that what it
// allocates lands in the pool its thread has entered. The rest of the process keeps its allocator.
//
// Bound are the library, what it needs in turn, and the libstdc++ it shares with the process; the
// libc family is left alone. Each patched page gets its former protection back. What the library
// loads later by dlopen is bound when it returns. Nothing is ever unbound: the libraries stay
// loaded, and their entries may be in use on any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "edgepool.h"
#include "elf_image.hpp"

namespace ep {

struct Binding {
  uint32_t entries_runtime = 0;
  uint32_t entries_cxx = 0;
  uint32_t libraries = 0;
  std::vector<ElfImage> images;  // those that were bound
};

/** Binds the library that `handle` (from dlopen with RTLD_NOW) stands for and its closure. Binding
 *  a library again changes nothing and counts what stands. Any thread, one at a time.
 *  Fails with EP_E_BIND iff the library is not found among the loaded ones, has no entry to
 *  re-point, or a page cannot be made writable. */
int32_t bind_library(void* handle, const char* path, Binding* out, ep_error* error);

/** Touches every page of the bound images, the libc family and this library, so that code and data
 *  that some later model is the first to use take no page fault then. */
void populate_images(const Binding& binding);

}  // namespace ep

#include "binder.hpp"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>

#include "entries.hpp"
#include "error.hpp"
#include "scope.hpp"

namespace ep {
namespace {

std::mutex bind_lock;

uintptr_t page_bytes() { return static_cast<uintptr_t>(sysconf(_SC_PAGESIZE)); }

struct Patch {
  uintptr_t* address;
  uintptr_t value;
};

/** Protection of each of `pages` (sorted) now, from /proc/self/maps. Pages in no mapping are
 *  missing. */
std::map<uintptr_t, int> read_protections(const std::vector<uintptr_t>& pages) {
  std::map<uintptr_t, int> protections;
  FILE* maps = fopen("/proc/self/maps", "re");
  if (maps == nullptr) return protections;
  char line[512];
  while (fgets(line, sizeof line, maps) != nullptr) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char flags[8] = {};
    if (sscanf(line, "%lx-%lx %7s", &begin, &end, flags) != 3) continue;
    const int protection = (flags[0] == 'r' ? PROT_READ : 0) | (flags[1] == 'w' ? PROT_WRITE : 0) |
                           (flags[2] == 'x' ? PROT_EXEC : 0);
    for (auto page = std::lower_bound(pages.begin(), pages.end(), begin);
         page != pages.end() && *page < end; ++page) {
      protections[*page] = protection;
    }
  }
  fclose(maps);
  return protections;
}

std::vector<Patch> patches_for(const ElfImage& image) {
  std::vector<Patch> patches;
  for (const ElfImage::Slot& slot : image.slots()) {
    const uintptr_t entry = entry_for(image.kind(), slot.symbol);
    // A weak symbol that nothing defines stays null: the library asks for that.
    if (entry != 0 && *slot.address != 0) patches.push_back({slot.address, entry});
  }
  return patches;
}

/** Stores every patch; other threads may run through the slots meanwhile. */
int32_t apply(const std::vector<Patch>& patches, const char* path, ep_error* error) {
  const uintptr_t page = page_bytes();
  std::vector<uintptr_t> pages;
  for (const Patch& patch : patches) {
    pages.push_back(reinterpret_cast<uintptr_t>(patch.address) & ~(page - 1));
  }
  std::sort(pages.begin(), pages.end());
  pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
  const std::map<uintptr_t, int> former = read_protections(pages);
  if (former.size() != pages.size()) {
    return fail(error, EP_E_BIND, "%s: /proc/self/maps does not show its pages; mount /proc", path);
  }
  for (const auto& [address, protection] : former) {
    if ((protection & PROT_WRITE) != 0) continue;
    if (mprotect(reinterpret_cast<void*>(address), page, protection | PROT_WRITE) != 0) {
      return fail(error, EP_E_BIND, "%s: mprotect of a relocation page: %s", path, strerror(errno));
    }
  }
  for (const Patch& patch : patches) {
    __atomic_store_n(patch.address, patch.value, __ATOMIC_RELEASE);
  }
  for (const auto& [address, protection] : former) {
    if ((protection & PROT_WRITE) != 0) continue;
    if (mprotect(reinterpret_cast<void*>(address), page, protection) != 0) {
      return fail(error, EP_E_BIND, "%s: mprotect of a relocation page: %s", path, strerror(errno));
    }
  }
  return EP_OK;
}

int32_t bind_images(const std::vector<ElfImage>& images, const char* path, Binding* out,
                    ep_error* error) {
  for (const ElfImage& image : images) {
    const std::vector<Patch> patches = patches_for(image);
    const int32_t status = apply(patches, path, error);
    if (status != EP_OK) return status;
    const auto count = static_cast<uint32_t>(patches.size());
    (image.kind() == LibraryKind::kCxx ? out->entries_cxx : out->entries_runtime) += count;
    out->libraries += 1;
    out->images.push_back(image);
  }
  return EP_OK;
}

uintptr_t base_of(void* handle) {
  link_map* map = nullptr;
  return dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 && map != nullptr ? map->l_addr : 0;
}

/** dlopen for the runtime: binds what it has brought into the process. What was there before
 * belongs to others. A library that cannot be bound still works: it allocates outside the pools. */
void* open_and_bind(const char* name, int flags) {
  const Enter outside(nullptr);  // the lists below are ours, not the model's
  const std::vector<ElfImage> before = loaded_images();
  void* handle = dlopen(name, flags);
  if (handle == nullptr) return nullptr;
  const std::lock_guard<std::mutex> lock(bind_lock);
  std::vector<ElfImage> fresh = closure_of(base_of(handle), loaded_images());
  const auto was_there = [&](const ElfImage& image) {
    return std::any_of(before.begin(), before.end(),
                       [&](const ElfImage& other) { return other.base() == image.base(); });
  };
  fresh.erase(std::remove_if(fresh.begin(), fresh.end(), was_there), fresh.end());
  Binding late;
  bind_images(fresh, name == nullptr ? "the program" : name, &late, nullptr);
  return handle;
}

bool is_ours(const ElfImage& image) {
  const uintptr_t here = reinterpret_cast<uintptr_t>(&is_ours);
  return std::any_of(image.segments().begin(), image.segments().end(),
                     [&](const auto& part) { return here >= part.begin && here < part.end; });
}

/** Writable pages of a private mapping are copied at the first write: have that done now. */
void touch(const ElfImage& image) {
  const uintptr_t page = page_bytes();
  std::vector<uintptr_t> pages;
  for (const ElfImage::Segment& segment : image.segments()) {
    for (uintptr_t at = segment.begin; at < segment.end; at += page) pages.push_back(at);
  }
  for (const auto& [address, protection] : read_protections(pages)) {
    if ((protection & PROT_WRITE) != 0) {
      __atomic_fetch_or(reinterpret_cast<unsigned char*>(address), 0, __ATOMIC_RELAXED);
    } else if ((protection & PROT_READ) != 0) {
      static_cast<void>(*reinterpret_cast<const volatile unsigned char*>(address));
    }
  }
}

}  // namespace

int32_t bind_library(void* handle, const char* path, Binding* out, ep_error* error) {
  const std::lock_guard<std::mutex> lock(bind_lock);
  const std::vector<ElfImage> images = loaded_images();
  const std::vector<ElfImage> closure = closure_of(base_of(handle), images);
  if (closure.empty()) {
    return fail(error, EP_E_BIND, "%s: not among the loaded libraries", path);
  }
  Binding binding;
  const int32_t status = bind_images(closure, path, &binding, error);
  if (status != EP_OK) return status;
  if (binding.entries_runtime == 0) {
    return fail(error, EP_E_BIND,
                "%s: imports no allocator; a build that brings its own cannot be pooled", path);
  }
  set_dlopen(open_and_bind);
  *out = std::move(binding);
  return EP_OK;
}

void populate_images(const Binding& binding) {
  for (const ElfImage& image : loaded_images()) {
    const bool bound =
        std::any_of(binding.images.begin(), binding.images.end(),
                    [&](const ElfImage& other) { return other.base() == image.base(); });
    if (bound || image.kind() == LibraryKind::kLibc || is_ours(image)) touch(image);
  }
}

}  // namespace ep

#include "entries.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "heap.hpp"
#include "scope.hpp"
#include "threads.hpp"

namespace ep {
namespace {

std::atomic<void* (*)(const char*, int)> library_opener{dlopen};

bool is_power_of_two(size_t value) { return value != 0 && (value & (value - 1)) == 0; }

void count_foreign(size_t bytes) {
  allocation_counters.foreign.fetch_add(1, std::memory_order_relaxed);
  allocation_counters.foreign_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

/** One set of entries. `kCounted`: calls on behalf of the runtime. */
template <bool kCounted>
struct Entries {
  /** Null iff the allocation is libc's to make. */
  static void* pooled(size_t bytes, size_t alignment) {
    Scope* const scope = current_scope;
    if (scope != nullptr) {
      void* block = scope_allocate(scope, bytes, alignment);
      if (block != nullptr) {
        if (kCounted) allocation_counters.pooled.fetch_add(1, std::memory_order_relaxed);
        return block;
      }
    }
    if (kCounted) count_foreign(bytes);
    return nullptr;
  }

  static void* allocate(size_t bytes) {
    void* block = pooled(bytes, kAlignment);
    return block != nullptr ? block : std::malloc(bytes);
  }

  static void* allocate_zeroed(size_t count, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
      errno = ENOMEM;
      return nullptr;
    }
    void* block = pooled(bytes, kAlignment);
    return block != nullptr ? std::memset(block, 0, bytes) : std::calloc(count, size);
  }

  static void release(void* block) {
    ep_pool* const pool = pool_of(block);
    if (pool != nullptr) {
      pool_free(pool, block);
    } else {
      std::free(block);
    }
  }

  static void* resize(void* block, size_t bytes) {
    if (block == nullptr) return allocate(bytes);
    ep_pool* const owner = pool_of(block);
    if (owner == nullptr) {
      if (kCounted) count_foreign(bytes);
      return std::realloc(block, bytes);
    }
    if (bytes == 0) {
      pool_free(owner, block);
      return nullptr;
    }
    void* moved = scope_resize(current_scope, owner, block, bytes);
    if (moved != nullptr) {
      if (kCounted) allocation_counters.pooled.fetch_add(1, std::memory_order_relaxed);
      return moved;
    }
    if (kCounted) count_foreign(bytes);
    moved = std::malloc(bytes);
    if (moved == nullptr) return nullptr;
    const size_t former = pool_usable_bytes(owner, block);
    std::memcpy(moved, block, former < bytes ? former : bytes);
    pool_free(owner, block);
    return moved;
  }

  static void* resize_array(void* block, size_t count, size_t size) {
    size_t bytes = 0;
    if (__builtin_mul_overflow(count, size, &bytes)) {
      errno = ENOMEM;
      return nullptr;
    }
    return resize(block, bytes);
  }

  static int allocate_aligned_to(void** out, size_t alignment, size_t bytes) {
    if (!is_power_of_two(alignment) || alignment % sizeof(void*) != 0) return EINVAL;
    void* block = pooled(bytes, alignment);
    if (block == nullptr) return posix_memalign(out, alignment, bytes);
    *out = block;
    return 0;
  }

  static void* allocate_aligned(size_t alignment, size_t bytes) {
    if (!is_power_of_two(alignment)) return memalign(alignment, bytes);
    void* block = pooled(bytes, alignment);
    return block != nullptr ? block : memalign(alignment, bytes);
  }

  static size_t usable(void* block) {
    ep_pool* const pool = pool_of(block);
    return pool != nullptr ? pool_usable_bytes(pool, block) : malloc_usable_size(block);
  }

  static void* make(size_t bytes) {
    void* block = pooled(bytes, kAlignment);
    return block != nullptr ? block : ::operator new(bytes);
  }

  static void* make_aligned(size_t bytes, std::align_val_t alignment) {
    void* block = pooled(bytes, static_cast<size_t>(alignment));
    return block != nullptr ? block : ::operator new(bytes, alignment);
  }

  // The nothrow forms are called where nothing may be thrown. Their callers know what null means,
  // but a load that was refused memory has failed all the same: the scope remembers it.
  static void* pooled_nothrow(size_t bytes, size_t alignment) noexcept {
    Scope* const scope = current_scope;
    const bool may_throw = scope != nullptr && scope->may_throw;
    if (may_throw) scope->may_throw = false;
    void* block = pooled(bytes, alignment);
    if (may_throw) scope->may_throw = true;
    return block;
  }

  static void* make_or_null(size_t bytes, const std::nothrow_t&) noexcept {
    void* block = pooled_nothrow(bytes, kAlignment);
    return block != nullptr ? block : ::operator new(bytes, std::nothrow);
  }

  static void* make_aligned_or_null(size_t bytes, std::align_val_t alignment,
                                    const std::nothrow_t&) noexcept {
    void* block = pooled_nothrow(bytes, static_cast<size_t>(alignment));
    return block != nullptr ? block : ::operator new(bytes, alignment, std::nothrow);
  }

  static void destroy(void* block) noexcept {
    ep_pool* const pool = pool_of(block);
    if (pool != nullptr) {
      pool_free(pool, block);
    } else {
      ::operator delete(block);
    }
  }
  static void destroy_sized(void* block, size_t) noexcept { destroy(block); }
  static void destroy_nothrow(void* block, const std::nothrow_t&) noexcept { destroy(block); }

  static void destroy_aligned(void* block, std::align_val_t alignment) noexcept {
    ep_pool* const pool = pool_of(block);
    if (pool != nullptr) {
      pool_free(pool, block);
    } else {
      ::operator delete(block, alignment);
    }
  }
  static void destroy_aligned_sized(void* block, size_t, std::align_val_t alignment) noexcept {
    destroy_aligned(block, alignment);
  }
  static void destroy_aligned_nothrow(void* block, std::align_val_t alignment,
                                      const std::nothrow_t&) noexcept {
    destroy_aligned(block, alignment);
  }

  static int start_thread(pthread_t* thread, const pthread_attr_t* attributes,
                          void* (*start)(void*), void* argument) {
    const Scope* const scope = current_scope;
    if (scope == nullptr) return pthread_create(thread, attributes, start, argument);
    return start_in_scope(*scope, thread, attributes, start, argument);
  }

  static void* open_library(const char* name, int flags) {
    return library_opener.load(std::memory_order_acquire)(name, flags);
  }
};

struct Named {
  std::string_view symbol;
  uintptr_t address;
};

template <typename Function>
uintptr_t address_of(Function* function) {
  return reinterpret_cast<uintptr_t>(function);
}

// Mangled by the Itanium C++ ABI with size_t as unsigned long.
template <bool kCounted>
uintptr_t find_entry(std::string_view symbol) {
  using E = Entries<kCounted>;
  static const Named kNamed[] = {
      {"malloc", address_of(E::allocate)},
      {"calloc", address_of(E::allocate_zeroed)},
      {"realloc", address_of(E::resize)},
      {"reallocarray", address_of(E::resize_array)},
      {"free", address_of(E::release)},
      {"posix_memalign", address_of(E::allocate_aligned_to)},
      {"aligned_alloc", address_of(E::allocate_aligned)},
      {"memalign", address_of(E::allocate_aligned)},
      {"malloc_usable_size", address_of(E::usable)},
      {"pthread_create", address_of(E::start_thread)},
      {"_Znwm", address_of(E::make)},
      {"_Znam", address_of(E::make)},
      {"_ZnwmRKSt9nothrow_t", address_of(E::make_or_null)},
      {"_ZnamRKSt9nothrow_t", address_of(E::make_or_null)},
      {"_ZnwmSt11align_val_t", address_of(E::make_aligned)},
      {"_ZnamSt11align_val_t", address_of(E::make_aligned)},
      {"_ZnwmSt11align_val_tRKSt9nothrow_t", address_of(E::make_aligned_or_null)},
      {"_ZnamSt11align_val_tRKSt9nothrow_t", address_of(E::make_aligned_or_null)},
      {"_ZdlPv", address_of(E::destroy)},
      {"_ZdaPv", address_of(E::destroy)},
      {"_ZdlPvm", address_of(E::destroy_sized)},
      {"_ZdaPvm", address_of(E::destroy_sized)},
      {"_ZdlPvRKSt9nothrow_t", address_of(E::destroy_nothrow)},
      {"_ZdaPvRKSt9nothrow_t", address_of(E::destroy_nothrow)},
      {"_ZdlPvSt11align_val_t", address_of(E::destroy_aligned)},
      {"_ZdaPvSt11align_val_t", address_of(E::destroy_aligned)},
      {"_ZdlPvmSt11align_val_t", address_of(E::destroy_aligned_sized)},
      {"_ZdaPvmSt11align_val_t", address_of(E::destroy_aligned_sized)},
      {"_ZdlPvSt11align_val_tRKSt9nothrow_t", address_of(E::destroy_aligned_nothrow)},
      {"_ZdaPvSt11align_val_tRKSt9nothrow_t", address_of(E::destroy_aligned_nothrow)},
  };
  for (const Named& named : kNamed) {
    if (named.symbol == symbol) return named.address;
  }
  return kCounted && symbol == "dlopen" ? address_of(E::open_library) : 0;
}

}  // namespace

uintptr_t entry_for(LibraryKind kind, std::string_view symbol) {
  switch (kind) {
    case LibraryKind::kRuntime:
      return find_entry<true>(symbol);
    case LibraryKind::kCxx:
      return find_entry<false>(symbol);
    case LibraryKind::kLibc:
      return 0;
  }
  return 0;
}

void set_dlopen(void* (*open)(const char* name, int flags)) {
  library_opener.store(open, std::memory_order_release);
}

}  // namespace ep

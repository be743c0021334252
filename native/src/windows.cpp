#include "windows.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <mutex>

#include "error.hpp"
#include "master.hpp"
#include "pool.hpp"

namespace ep {
namespace {

// What pool_of reads without a lock. An entry is filled before its length is, and its length is
// cleared before it is emptied; an address inside an entry can only be asked for by who got it
// from a pool that is still there.
struct Entry {
  std::atomic<uintptr_t> begin{0};
  std::atomic<size_t> bytes{0};
  std::atomic<std::atomic<ep_pool*>*> pools{nullptr};
};

Entry entries[Windows::kMaxRegions];
std::atomic<int> entries_used{0};
std::mutex entries_mutex;

const Entry* entry_of(const void* address) {
  const auto where = reinterpret_cast<uintptr_t>(address);
  const int used = entries_used.load(std::memory_order_acquire);
  for (int i = 0; i < used; ++i) {
    const size_t bytes = entries[i].bytes.load(std::memory_order_acquire);
    if (where - entries[i].begin.load(std::memory_order_relaxed) < bytes) return &entries[i];
  }
  return nullptr;
}

void keep_to_this_process(void* address, size_t bytes) {
  madvise(address, bytes, MADV_DONTFORK);
  madvise(address, bytes, MADV_DONTDUMP);
}

}  // namespace

ep_pool* pool_of(const void* address) {
  const Entry* entry = entry_of(address);
  if (entry == nullptr) return nullptr;
  const uintptr_t offset =
      reinterpret_cast<uintptr_t>(address) - entry->begin.load(std::memory_order_relaxed);
  const std::atomic<ep_pool*>* pools = entry->pools.load(std::memory_order_relaxed);
  return pools[offset / kSlotBytes].load(std::memory_order_acquire);
}

bool in_reservation(const void* address) { return entry_of(address) != nullptr; }

int32_t Windows::reserve(size_t bytes, ep_error* error) {
  // One slot more, to start at a multiple of it.
  const size_t asked = bytes + kSlotBytes;
  void* raw = mmap(nullptr, asked, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return fail_errno(error, "mmap", "region: reserving addresses");
  const auto start = reinterpret_cast<uintptr_t>(raw);
  const size_t lead = (kSlotBytes - start % kSlotBytes) % kSlotBytes;
  if (lead != 0) munmap(raw, lead);
  if (lead != kSlotBytes) munmap(static_cast<char*>(raw) + lead + bytes, kSlotBytes - lead);
  base_ = static_cast<char*>(raw) + lead;
  bytes_ = bytes;
  slots_ = bytes / kSlotBytes;
  pools_ = std::make_unique<std::atomic<ep_pool*>[]>(slots_);
  keep_to_this_process(base_, bytes_);

  const std::lock_guard lock(entries_mutex);
  for (int i = 0; i < kMaxRegions; ++i) {
    if (entries[i].pools.load(std::memory_order_relaxed) != nullptr) continue;
    entry_ = i;
    entries[i].begin.store(reinterpret_cast<uintptr_t>(base_), std::memory_order_relaxed);
    entries[i].pools.store(pools_.get(), std::memory_order_relaxed);
    entries[i].bytes.store(bytes_, std::memory_order_release);
    if (i >= entries_used.load(std::memory_order_relaxed)) {
      entries_used.store(i + 1, std::memory_order_release);
    }
    return EP_OK;
  }
  return fail(error, EP_E_STATE, "region: a process may have %d regions at once; destroy one first",
              kMaxRegions);
}

Windows::~Windows() {
  if (base_ == nullptr) return;
  if (entry_ >= 0) {
    const std::lock_guard lock(entries_mutex);
    entries[entry_].bytes.store(0, std::memory_order_release);
    entries[entry_].begin.store(0, std::memory_order_relaxed);
    entries[entry_].pools.store(nullptr, std::memory_order_relaxed);
  }
  munmap(base_, bytes_);
}

char* Windows::take(size_t bytes, ep_pool* pool) {
  const size_t wanted = (bytes + kSlotBytes - 1) / kSlotBytes;
  size_t length = 0;
  for (size_t slot = 0; slot < slots_; ++slot) {
    length = pools_[slot].load(std::memory_order_relaxed) == nullptr ? length + 1 : 0;
    if (length < wanted) continue;
    const size_t first = slot + 1 - wanted;
    for (size_t i = first; i <= slot; ++i) pools_[i].store(pool, std::memory_order_release);
    return base_ + first * kSlotBytes;
  }
  return nullptr;
}

void Windows::give_back(char* window, size_t bytes) {
  const size_t first = static_cast<size_t>(window - base_) / kSlotBytes;
  const size_t count = (bytes + kSlotBytes - 1) / kSlotBytes;
  for (size_t i = first; i < first + count; ++i) {
    pools_[i].store(nullptr, std::memory_order_release);
  }
}

void Windows::cut(char* base, size_t kept, size_t mapped) {
  close(base + kept, mapped - kept);
  // The kernel drops a file's huge page from a mapping as a whole when a part of it goes, and lets
  // the rest fault in again: on whatever thread uses it next, so it is done here.
  const size_t last = std::min(kept, reinterpret_cast<uintptr_t>(base + kept) % kSlotBytes);
  if (last != 0) populate(base + kept - last, last);
}

void Windows::close(char* address, size_t bytes) {
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  if (mmap(address, bytes, PROT_NONE, kFlags, -1, 0) == MAP_FAILED) {
    broken_invariant("a window cannot be closed", address);
  }
  keep_to_this_process(address, bytes);
}

}  // namespace ep

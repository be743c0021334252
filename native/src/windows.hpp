// The addresses that pools' windows are cut from: one reservation a region, nothing accessible in
// it until a window maps a run. Reserved addresses cost no memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "edgepool.h"

struct ep_pool;

namespace ep {

/** Windows start at multiples of it, so one look-up tells an address's pool. */
inline constexpr size_t kSlotBytes = size_t{2} << 20;

class Windows {
 public:
  /** At most this many regions at once in a process. */
  static constexpr int kMaxRegions = 16;

  Windows() = default;
  ~Windows();
  Windows(const Windows&) = delete;
  Windows& operator=(const Windows&) = delete;

  /** Reserves `bytes` of addresses and enters them where pool_of looks. */
  int32_t reserve(size_t bytes, ep_error* error);

  /** Cuts `bytes` (rounded up to slots) for `pool`, first fit. Null iff no gap is long enough.
   *  The caller locks. */
  char* take(size_t bytes, ep_pool* pool);
  /** Frees the addresses of a window that was closed. The caller locks. */
  void give_back(char* window, size_t bytes);
  /** Makes a part of a window inaccessible again, its mappings gone. No lock needed. */
  static void close(char* address, size_t bytes);
  /** Closes what is mapped at `base` beyond `kept` bytes; what is kept stays present. No lock. */
  static void cut(char* base, size_t kept, size_t mapped);

 private:
  char* base_ = nullptr;
  size_t bytes_ = 0;
  size_t slots_ = 0;
  int entry_ = -1;
  std::unique_ptr<std::atomic<ep_pool*>[]> pools_;
};

}  // namespace ep

// A further window of a pool, for one large thing that grows and shrinks at its end and never
// moves: a slot for frames. Its chunks count as the pool's; the pool's heap knows nothing of it.
#pragma once

#include <cstdint>
#include <vector>

#include "edgepool.h"
#include "region.hpp"

namespace ep {

class PoolPart {
 public:
  PoolPart() = default;
  ~PoolPart() { close(); }
  PoolPart(const PoolPart&) = delete;
  PoolPart& operator=(const PoolPart&) = delete;

  /** Reserves addresses, once; the pool is held until `close`. `what` stands in messages. */
  int32_t open(ep_pool* pool, uint64_t window_bytes, const char* what, ep_error* error);
  /** Maps at the end or gives back there until `bytes` are usable: at least one chunk stays.
   *  Nothing changes iff it fails (EP_E_POOL_FULL, EP_E_REGION_FULL, EP_E_MAPPINGS; EP_E_ARGUMENT
   *  beyond the window). One thread at a time. */
  int32_t resize(uint64_t bytes, ep_error* error);
  void close();

  /** Where its first `bytes` lie in the region's memfd; that stays so while it does not shrink. */
  std::vector<Stretch> stretches(uint64_t bytes) const;
  int memfd() const;

  uint8_t* data() const { return reinterpret_cast<uint8_t*>(base_); }
  uint64_t bytes() const { return bytes_; }

 private:
  friend struct ::ep_pool;

  ep_pool* pool_ = nullptr;
  const char* what_ = "";
  Holding holding_;
  char* window_ = nullptr;
  char* base_ = nullptr;  // shifted to the file's phase by the first run, and fixed from then on
  uint64_t window_bytes_ = 0;
  uint64_t reserved_bytes_ = 0;
  uint64_t bytes_ = 0;  // as asked for
};

}  // namespace ep

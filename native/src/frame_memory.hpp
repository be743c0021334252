// Memory of the frames pool, with the message that a refusal deserves.
#pragma once

#include <cstdint>

#include "edgepool.h"

namespace ep {

/** One block of a pool. The pool is held while it stands. */
class PoolBlock {
 public:
  PoolBlock() = default;
  ~PoolBlock() { drop(); }
  PoolBlock(const PoolBlock&) = delete;
  PoolBlock& operator=(const PoolBlock&) = delete;

  /** Replaces what it had, whose contents are lost. Nothing changes iff it fails, as
   *  ep_pool_alloc does. `what` stands in the message. */
  int32_t take(ep_pool* pool, uint64_t bytes, const char* what, ep_error* error);
  void drop();

  uint8_t* data() const { return data_; }
  uint64_t bytes() const { return bytes_; }
  ep_pool* pool() const { return pool_; }

 private:
  ep_pool* pool_ = nullptr;
  uint8_t* data_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace ep

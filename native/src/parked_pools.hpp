// The pools of a region that lie parked whole, the one that was parked first in front: what can be
// packed when somebody needs the memory.
//
// Lock order: a pool's lock, then this list's, then the lock of a pool in it. A pool enters the
// list after it was parked and leaves it before it is restored, so nobody holds the lock of a pool
// in it and waits for the list.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

struct ep_pool;

namespace ep {

class ParkedPools {
 public:
  void add(ep_pool* pool);
  /** Waits for a `reclaim` that goes on. Does nothing where the pool is not there. */
  void remove(ep_pool* pool);

  /** Packs pools until `bytes` of the region are given back. False iff all of them together hold
   *  less to spare: then nothing has changed, unless it took compressing them to know. */
  bool reclaim(uint64_t bytes);

 private:
  std::mutex mutex_;
  std::vector<ep_pool*> pools_;
};

}  // namespace ep

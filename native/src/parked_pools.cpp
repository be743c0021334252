#include "parked_pools.hpp"

#include "pool_state.hpp"

namespace ep {

void ParkedPools::add(ep_pool* pool) {
  const std::lock_guard lock(mutex_);
  pools_.push_back(pool);
}

void ParkedPools::remove(ep_pool* pool) {
  const std::lock_guard lock(mutex_);
  std::erase(pools_, pool);
}

bool ParkedPools::reclaim(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  uint64_t spare = 0;
  for (ep_pool* pool : pools_) spare += pool->spare_bytes();
  if (spare < bytes) return false;
  uint64_t given_back = 0;
  while (given_back < bytes && !pools_.empty()) {
    given_back += pools_.front()->give_way();
    pools_.erase(pools_.begin());
  }
  return given_back >= bytes;
}

}  // namespace ep

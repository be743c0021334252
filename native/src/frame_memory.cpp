#include "frame_memory.hpp"

#include "error.hpp"
#include "pool.hpp"

namespace ep {
namespace {

constexpr uint64_t kFrameAlignment = 64;

using ull = unsigned long long;

int32_t refused(ep_error* error, ep_pool* pool, uint64_t bytes, const char* what) {
  const Refusal refusal = pool_refusal(pool);
  const ep_status status = refusal.status == EP_OK ? EP_E_POOL_FULL : refusal.status;
  ep_pool_stats stats;
  ep_pool_get_stats(pool, &stats);
  const bool known = refusal.status != EP_OK;
  const Figures figures = {bytes, known ? refusal.available_bytes : stats.free_bytes,
                           known ? refusal.largest_free_bytes : stats.largest_free_bytes};
  return fail(
      error, status, figures,
      "pool %s has no room for %s: requested %llu bytes, available %llu, largest free %llu: "
      "raise its quota, or use fewer or smaller frames",
      pool_name(pool), what, ull{bytes}, ull{figures.available_bytes},
      ull{figures.largest_free_bytes});
}

}  // namespace

int32_t PoolBlock::take(ep_pool* pool, uint64_t bytes, const char* what, ep_error* error) {
  pool_clear_refusal(pool);
  void* const data = pool_allocate(pool, bytes, kFrameAlignment);
  if (data == nullptr) return refused(error, pool, bytes, what);
  pool_hold(pool);
  drop();
  pool_ = pool;
  data_ = static_cast<uint8_t*>(data);
  bytes_ = bytes;
  return EP_OK;
}

void PoolBlock::drop() {
  if (pool_ == nullptr) return;
  pool_free(pool_, data_);
  pool_release(pool_);
  pool_ = nullptr;
  data_ = nullptr;
  bytes_ = 0;
}

}  // namespace ep

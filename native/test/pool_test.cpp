#include "pool.hpp"

#include "memory_support.hpp"

namespace {

using namespace ep_test;

TEST(Pool, AllocatesInItsOwnWindowAndGrowsInPlace) {
  const RegionHandle region = make_region(16 * kMib);
  const PoolHandle pool = make_pool(region, "a", 4 * kMib);
  void* small = ep_pool_alloc(pool.get(), 100, 16);
  ASSERT_NE(small, nullptr);
  EXPECT_EQ(ep::pool_of(small), pool.get());
  void* large = ep_pool_alloc(pool.get(), 3 * kMib, 64);
  ASSERT_NE(large, nullptr);
  std::memset(large, 1, 3 * kMib);
  expect_sound(pool);
  EXPECT_EQ(ep_pool_alloc(pool.get(), 2 * kMib, 64), nullptr);
  EXPECT_EQ(ep::pool_refusal(pool.get()).status, EP_E_POOL_FULL);
  ep_pool_free(pool.get(), small);
  ep_pool_free(pool.get(), large);
  expect_sound(pool);
}

}  // namespace

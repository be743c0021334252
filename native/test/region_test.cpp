#include "memory_support.hpp"

namespace {

using namespace ep_test;

TEST(Region, IsAsItWasAfterItsPoolsAreGone) {
  const RegionHandle region = make_region(16 * kMib);
  {
    const PoolHandle a = make_pool(region, "a", 4 * kMib, 4 * kMib);
    const PoolHandle b = make_pool(region, "b", 2 * kMib, 100);
    EXPECT_EQ(stats_of(region).assigned_bytes, 4 * kMib + 16 * kKib);
  }
  const ep_region_stats stats = stats_of(region);
  EXPECT_EQ(stats.assigned_bytes, 0u);
  EXPECT_EQ(stats.mappings, 0u);
  EXPECT_EQ(stats.largest_run_bytes, 16 * kMib);
}

}  // namespace

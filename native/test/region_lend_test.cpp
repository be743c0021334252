// What becomes of memory that the region lends, as the kernel shows it.
#include <sys/stat.h>

#include "kernel_support.hpp"

namespace {

using namespace ep_test;

/** What the region's file holds of the system's memory. */
uint64_t file_bytes() {
  struct stat found = {};
  EXPECT_EQ(stat(region_file().c_str(), &found), 0);
  return static_cast<uint64_t>(found.st_blocks) * 512;
}

ep_region_options locked(uint64_t capacity_bytes, ep_pages pages) {
  ep_region_options options = region_options(capacity_bytes);
  options.lock = EP_LOCK_REQUIRED;
  options.pages = pages;
  return options;
}

class RegionLending : public testing::TestWithParam<ep_pages> {};

TEST_P(RegionLending, TheSystemHasTheMemoryAndTheRegionHasItBackPresentAndLocked) {
  const RegionHandle region = make_region(locked(32 * kMib, GetParam()));
  const uint8_t huge = stats_of(region).transparent_huge;
  ASSERT_EQ(file_bytes(), 32 * kMib);
  ASSERT_EQ(ep_region_lend(region.get(), 12 * kMib, nullptr), EP_OK);
  EXPECT_EQ(file_bytes(), 20 * kMib);
  EXPECT_EQ(region_mappings().size(), 1u) << "the mapping is as it was";
  EXPECT_EQ(region_mappings()[0].kib.at("Rss"), 20 * kKib);
  ASSERT_EQ(ep_region_take_back(region.get(), 12 * kMib, nullptr), EP_OK);
  EXPECT_EQ(file_bytes(), 32 * kMib);
  const std::vector<Mapping> found = region_mappings();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kib.at("Rss"), 32 * kKib);
  EXPECT_EQ(found[0].kib.at("Locked"), 32 * kKib);
  if (huge != 0) {
    EXPECT_GT(found[0].kib.at("ShmemPmdMapped"), 20 * kKib);
  }

  const PoolHandle pool = make_pool(region, "all", 32 * kMib, 32 * kMib);
  char* const block = static_cast<char*>(ep_pool_alloc(pool.get(), 31 * kMib, 16));
  ASSERT_NE(block, nullptr);
  const uint64_t faults = minor_faults();
  for (uint64_t at = 0; at < 31 * kMib; at += 4096) {
    static_cast<volatile char*>(block)[at] = 1;
  }
  EXPECT_EQ(minor_faults(), faults);
}

INSTANTIATE_TEST_SUITE_P(Pages, RegionLending, testing::Values(EP_PAGES_ORDINARY, EP_PAGES_AUTO));

TEST(RegionLend, AThousandTimesBackAndForthBesidePoolsThatNoticeNothing) {
  const uint64_t capacity = 64 * kMib;
  const RegionHandle region = make_region(locked(capacity, EP_PAGES_ORDINARY));
  std::mt19937_64 random(test_seed());
  struct Tenant {
    PoolHandle pool;
    void* block = nullptr;
    uint64_t bytes = 0;
    uint32_t cookie = 0;
  };
  std::vector<Tenant> tenants(6);
  for (uint32_t round = 1; round <= 1000; ++round) {
    const uint64_t bytes = random() % (40 * kMib);
    ASSERT_EQ(random() % 2 == 0 ? ep_region_lend(region.get(), bytes, nullptr)
                                : ep_region_take_back(region.get(), bytes, nullptr),
              EP_OK);
    const ep_region_stats stats = stats_of(region);
    ASSERT_EQ(file_bytes() + stats.lent_bytes, capacity);
    ASSERT_EQ(stats.assigned_bytes + stats.unassigned_bytes + stats.lent_bytes, capacity);
    ASSERT_EQ((stats.extents_lent - stats.extents_taken_back) * 2 * kMib, stats.lent_bytes);
    Tenant& tenant = tenants[random() % tenants.size()];
    const uint64_t size = random() % (6 * kMib) + 1;
    if (tenant.block != nullptr) {
      ASSERT_TRUE(filled(tenant.block, tenant.bytes, tenant.cookie));
    }
    tenant = {};
    if (stats_of(region).unassigned_bytes < size + 2 * kMib) continue;
    tenant.pool = make_pool(region, "tenant", size + kMib, size + kMib);
    tenant.block = ep_pool_alloc(tenant.pool.get(), size, 16);
    ASSERT_NE(tenant.block, nullptr);
    tenant.bytes = size;
    tenant.cookie = round;
    fill(tenant.block, size, round);
  }
}

}  // namespace

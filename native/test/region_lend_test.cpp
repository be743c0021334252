// What becomes of memory that the region lends, as the kernel shows it.
#include <sys/stat.h>

#include <algorithm>

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

/** A pool of so much finds every page there. */
void expect_present(const RegionHandle& region, uint64_t bytes) {
  const PoolHandle pool = make_pool(region, "all", bytes, bytes);
  char* const block = static_cast<char*>(ep_pool_alloc(pool.get(), bytes - kMib, 16));
  ASSERT_NE(block, nullptr);
  const uint64_t faults = minor_faults();
  for (uint64_t at = 0; at < bytes - kMib; at += 4096) {
    static_cast<volatile char*>(block)[at] = 1;
  }
  EXPECT_EQ(minor_faults(), faults);
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
  expect_present(region, 32 * kMib);
}

INSTANTIATE_TEST_SUITE_P(Pages, RegionLending, testing::Values(EP_PAGES_ORDINARY, EP_PAGES_AUTO));

TEST(RegionLend, HugePagesJoinTheFreeOnesOfTheKernelAndComeBackAsFarAsThereAreSome) {
  const HugePages pages(8);
  if (!pages.reserved()) {
    not_run("lending huge pages: none can be reserved here");
    return;
  }
  const uint64_t free_before = HugePages::free();
  const RegionHandle region = make_region(locked(16 * kMib, EP_PAGES_HUGETLB));
  ASSERT_EQ(ep_region_lend(region.get(), 6 * kMib, nullptr), EP_OK);
  EXPECT_EQ(stats_of(region).lent_bytes, 6 * kMib);
  EXPECT_EQ(file_bytes(), 10 * kMib);
  EXPECT_EQ(HugePages::free(), free_before - 8 + 3);
  ASSERT_TRUE(pages.give(3));

  ep_error error{};
  ASSERT_EQ(ep_region_take_back(region.get(), 6 * kMib, &error), EP_E_NO_MEMORY);
  EXPECT_NE(std::strstr(error.message, "2.0 MiB to be taken back"), nullptr) << error.message;
  EXPECT_NE(std::strstr(error.message, "vm.nr_hugepages"), nullptr) << error.message;
  EXPECT_EQ(error.requested_bytes, 2 * kMib);
  EXPECT_EQ(stats_of(region).lent_bytes, 6 * kMib);
  ASSERT_TRUE(pages.give(1));
  ASSERT_EQ(ep_region_take_back(region.get(), 6 * kMib, nullptr), EP_E_NO_MEMORY);
  EXPECT_EQ(stats_of(region).lent_bytes, 2 * kMib);
  EXPECT_EQ(stats_of(region).unassigned_bytes, 14 * kMib);
  EXPECT_EQ(file_bytes(), 14 * kMib);
  ASSERT_TRUE(pages.give(0));
  ASSERT_EQ(ep_region_take_back(region.get(), 6 * kMib, nullptr), EP_OK);
  EXPECT_EQ(file_bytes(), 16 * kMib);
  EXPECT_EQ(stats_of(region).locked, 1);
  expect_present(region, 16 * kMib);
}

struct Tenant {
  PoolHandle pool;
  void* block = nullptr;
  uint64_t bytes = 0;
  uint32_t cookie = 0;
};

/** Drops what is in the place, after a look whether it is as it was, and has another one there. */
void move_in(const RegionHandle& region, Tenant* tenant, uint64_t bytes, uint32_t cookie) {
  if (tenant->block != nullptr) {
    ASSERT_TRUE(filled(tenant->block, tenant->bytes, tenant->cookie));
  }
  *tenant = {};
  if (stats_of(region).unassigned_bytes < bytes + 4 * kMib) return;
  tenant->pool = make_pool(region, "tenant", bytes + kMib, bytes + kMib);
  tenant->block = ep_pool_alloc(tenant->pool.get(), bytes, 16);
  ASSERT_NE(tenant->block, nullptr);
  tenant->bytes = bytes;
  tenant->cookie = cookie;
  fill(tenant->block, bytes, cookie);
}

void expect_books_kept(const RegionHandle& region) {
  const ep_region_stats stats = stats_of(region);
  ASSERT_EQ(file_bytes() + stats.lent_bytes, stats.capacity_bytes);
  ASSERT_EQ(stats.assigned_bytes + stats.unassigned_bytes + stats.lent_bytes, stats.capacity_bytes);
  ASSERT_EQ((stats.extents_lent - stats.extents_taken_back) * 2 * kMib, stats.lent_bytes);
}

/** `give` hears how many extents the system is to have, before it gives some back and after it was
 *  given some. */
void back_and_forth(ep_pages kind, const std::function<bool(uint64_t)>& give) {
  const RegionHandle region = make_region(locked(32 * kMib, kind));
  std::mt19937_64 random(test_seed());
  std::vector<Tenant> tenants(6);
  for (uint32_t round = 1; round <= 1000; ++round) {
    const uint64_t extents = random() % 10;
    if (random() % 2 == 0) {
      ASSERT_EQ(ep_region_lend(region.get(), extents * 2 * kMib, nullptr), EP_OK);
      ASSERT_TRUE(give(stats_of(region).lent_bytes / (2 * kMib)));
    } else {
      const uint64_t lent = stats_of(region).lent_bytes / (2 * kMib);
      ASSERT_TRUE(give(lent - std::min(extents, lent)));
      ASSERT_EQ(ep_region_take_back(region.get(), extents * 2 * kMib, nullptr), EP_OK);
    }
    ASSERT_NO_FATAL_FAILURE(expect_books_kept(region));
    Tenant& tenant = tenants[random() % tenants.size()];
    ASSERT_NO_FATAL_FAILURE(move_in(region, &tenant, random() % (3 * kMib) + 1, round));
  }
}

TEST(RegionLend, AThousandTimesBackAndForthBesidePoolsThatNoticeNothing) {
  back_and_forth(EP_PAGES_ORDINARY, [](uint64_t) { return true; });
}

TEST(RegionLend, AThousandTimesBackAndForthOnHugePages) {
  const HugePages pages(16);
  if (!pages.reserved()) {
    not_run("lending huge pages back and forth: none can be reserved here");
    return;
  }
  back_and_forth(EP_PAGES_HUGETLB, [&pages](uint64_t extents) { return pages.give(extents); });
}

}  // namespace

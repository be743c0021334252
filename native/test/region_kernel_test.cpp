// What the region asks of the kernel, as the kernel shows it. Not run under emulation, which leaves
// most of it out.
#include <sys/utsname.h>

#include <sstream>

#include "kernel_support.hpp"
#include "pool.hpp"

namespace {

using namespace ep_test;

TEST(RegionKernel, ItsFileCanNeitherGrowNorShrinkNorBeUnsealed) {
  const RegionHandle region = make_region(4 * kMib);
  const int fd = open(region_file().c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_NE(ftruncate(fd, 2 * kMib), 0);
  EXPECT_NE(ftruncate(fd, 8 * kMib), 0);
  EXPECT_NE(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
  EXPECT_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  close(fd);
}

TEST(RegionKernel, EveryPageIsPresentAndLockedBeforeTheFirstPool) {
  ep_region_options options = region_options(4 * kMib);
  options.lock = EP_LOCK_REQUIRED;
  options.populate_step_bytes = 2 * kMib;
  const RegionHandle region = make_region(options);
  EXPECT_EQ(stats_of(region).locked, 1);
  const std::vector<Mapping> found = region_mappings();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kib.at("Rss"), 4 * kKib);
  EXPECT_EQ(found[0].kib.at("Locked"), 4 * kKib);
  EXPECT_TRUE(found[0].has_flag("lo"));
}

TEST(RegionKernel, OnlyTheMasterMappingIsLocked) {
  ep_region_options options = region_options(4 * kMib);
  options.lock = EP_LOCK_REQUIRED;
  const RegionHandle region = make_region(options);
  const PoolHandle pool = make_pool(region, "a", 2 * kMib, 2 * kMib);
  int locked = 0;
  for (const Mapping& mapping : region_mappings()) locked += mapping.has_flag("lo") ? 1 : 0;
  EXPECT_EQ(locked, 1);
  options.lock = EP_LOCK_OFF;
  EXPECT_EQ(stats_of(make_region(options)).locked, 0);
}

TEST(RegionKernel, NothingOfItReachesChildrenOrCoreFiles) {
  const RegionHandle region = make_region(16 * kMib);
  const PoolHandle pool = make_pool(region, "a", 8 * kMib, 3 * kMib);
  ep_pool_alloc(pool.get(), 4 * kMib, 16);
  const std::vector<Mapping> found = region_mappings();
  EXPECT_GE(found.size(), 2u);
  for (const Mapping& mapping : found) {
    EXPECT_TRUE(mapping.has_flag("dc")) << "copied to children";
    EXPECT_TRUE(mapping.has_flag("dd")) << "dumped";
  }
  EXPECT_EQ(in_child([] { return static_cast<int>(region_mappings().size()); }), 0);
  // What a window gave back stays out of children too, so that the mappings join again.
  ASSERT_EQ(ep_pool_reset(pool.get(), nullptr), EP_OK);
  ASSERT_EQ(ep_pool_trim(pool.get(), 0, nullptr), EP_OK);
  const auto window = reinterpret_cast<uintptr_t>(ep_pool_alloc(pool.get(), 10, 16));
  for (const Mapping& mapping : mappings()) {
    if (mapping.begin <= window + kMib && window + kMib < mapping.end) {
      EXPECT_EQ(mapping.permissions, "---p");
      EXPECT_TRUE(mapping.has_flag("dc") && mapping.has_flag("dd"));
    }
  }
}

/** Writes to the first byte of every page of a block. */
void touch(void* block, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(block)[at] = 1;
}

TEST(RegionKernel, FirstUseOfAMappedWindowFaultsNowhere) {
  const RegionHandle region = make_region(32 * kMib);
  const PoolHandle planned = make_pool(region, "planned", 12 * kMib, 12 * kMib);
  const PoolHandle growing = make_pool(region, "growing", 12 * kMib, 16 * kKib);
  stats_of(planned);
  const uint64_t warm = minor_faults();
  const uint64_t before = minor_faults();
  void* block = ep_pool_alloc(planned.get(), 11 * kMib, 16);
  touch(block, 11 * kMib);
  EXPECT_EQ(minor_faults(), before);
  EXPECT_EQ(before, warm);
  void* grown = ep_pool_alloc(growing.get(), 11 * kMib, 16);
  const uint64_t mapped = minor_faults();
  touch(grown, 11 * kMib);
  EXPECT_EQ(minor_faults(), mapped) << "what growing mapped is present as well";
}

TEST(RegionKernel, LoadingIntoAnAssignedPoolAgainMapsAndFaultsNothing) {
  const RegionHandle region = make_region(16 * kMib);
  const PoolHandle pool = make_pool(region, "a", 8 * kMib);
  touch(ep_pool_alloc(pool.get(), 7 * kMib, 16), 7 * kMib);
  ASSERT_EQ(ep_pool_reset(pool.get(), nullptr), EP_OK);
  const std::vector<Mapping> before = region_mappings();
  const uint64_t faults = minor_faults();
  touch(ep_pool_alloc(pool.get(), 7 * kMib, 16), 7 * kMib);
  EXPECT_EQ(minor_faults(), faults);
  const std::vector<Mapping> after = region_mappings();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_EQ(after[i].begin, before[i].begin);
}

TEST(RegionKernel, TheKernelHoldsAsManyMappingsAsTheRegionCounts) {
  const RegionHandle region = make_region(16 * kMib);
  std::mt19937_64 random(test_seed());
  std::vector<PoolHandle> pools(20);
  for (int i = 0; i < 300; ++i) {
    PoolHandle& slot = pools[random() % pools.size()];
    if (slot == nullptr || random() % 4 == 0) {
      slot.reset();
      slot = make_pool(region, "a", 4 * kMib);
    }
    ep_pool_alloc(slot.get(), random() % 100000, 16);
    if (random() % 8 == 0) ep_pool_trim(slot.get(), random() % kMib, nullptr);
    ASSERT_EQ(region_mappings().size(), stats_of(region).mappings + 1);
  }
  EXPECT_GT(stats_of(region).mappings, stats_of(region).pools);
}

/** Whether the kernel makes huge pages when it is asked to: since Linux 6.1. */
bool kernel_collapses() {
  utsname system = {};
  int major = 0;
  int minor = 0;
  if (uname(&system) != 0) return false;
  std::istringstream release(system.release);
  char dot = '.';
  release >> major >> dot >> minor;
  return major > 6 || (major == 6 && minor >= 1);
}

TEST(RegionKernel, OrdinaryPagesAreAChoice) {
  ep_region_options options = region_options(8 * kMib);
  options.pages = EP_PAGES_ORDINARY;
  const RegionHandle region = make_region(options);
  for (const Mapping& mapping : region_mappings()) EXPECT_EQ(mapping.kib.at("ShmemPmdMapped"), 0u);
  EXPECT_EQ(stats_of(region).transparent_huge, 0);
}

TEST(RegionKernel, HugePagesOfTheFileAreHugePagesOfTheWindow) {
  if (!kernel_collapses()) {
    not_run("huge pages whatever the system's setting: they need Linux 6.1");
    return;
  }
  ep_region_options options = region_options(32 * kMib);
  options.pages = EP_PAGES_AUTO;
  const RegionHandle region = make_region(options);
  ASSERT_EQ(stats_of(region).transparent_huge, 1);
  const PoolHandle small = make_pool(region, "small", 16 * kKib, 16 * kKib);
  // One that starts anywhere and grows in two steps, and one that is planned.
  const PoolHandle growing = make_pool(region, "growing", 9 * kMib, 48 * kKib);
  ASSERT_EQ(ep_pool_grow(growing.get(), 5 * kMib, nullptr), EP_OK);
  ASSERT_EQ(ep_pool_grow(growing.get(), 9 * kMib, nullptr), EP_OK);
  const PoolHandle planned = make_pool(region, "planned", 9 * kMib, 9 * kMib);
  for (const PoolHandle* pool : {&planned, &growing}) {
    const auto block = reinterpret_cast<uintptr_t>(ep_pool_alloc(pool->get(), 8 * kMib, 16));
    uint64_t huge_kib = 0;
    for (const Mapping& mapping : region_mappings()) {
      if (mapping.begin < block + 8 * kMib && block < mapping.end) {
        huge_kib += mapping.kib.at("ShmemPmdMapped");
      }
    }
    EXPECT_GE(huge_kib, pool == &planned ? 8 * kKib : 4 * kKib);
  }
}

TEST(RegionKernel, WhatIsLeftOfAHugePageDoesNotFault) {
  if (!kernel_collapses()) {
    not_run("huge pages whatever the system's setting: they need Linux 6.1");
    return;
  }
  ep_region_options options = region_options(32 * kMib);
  options.pages = EP_PAGES_AUTO;
  const RegionHandle region = make_region(options);
  ASSERT_EQ(stats_of(region).transparent_huge, 1);
  const PoolHandle pool = make_pool(region, "frames", 12 * kMib, 0);
  ep_ring* ring = nullptr;
  ASSERT_EQ(ep_ring_create(pool.get(), 2, 3 * kMib, &ring, nullptr), EP_OK);
  ASSERT_EQ(ep_ring_fit(ring, kMib, nullptr), EP_OK);
  const uint64_t before = minor_faults();
  for (uint32_t slot = 0; slot < 2; ++slot) std::memset(ep_ring_slot(ring, slot), 1, kMib);
  EXPECT_EQ(minor_faults(), before) << "a slot";
  EXPECT_EQ(ep_ring_destroy(ring, nullptr), EP_OK);

  const PoolHandle model = make_pool(region, "model", 8 * kMib, 4 * kMib);
  char* const block = static_cast<char*>(ep_pool_alloc(model.get(), 3 * kMib / 2, 16));
  ASSERT_NE(block, nullptr);
  ASSERT_EQ(ep_pool_trim(model.get(), 0, nullptr), EP_OK);
  ASSERT_LT(stats_of(model).mapped_bytes, 2 * kMib);
  const uint64_t trimmed = minor_faults();
  std::memset(block, 1, 3 * kMib / 2);
  EXPECT_EQ(minor_faults(), trimmed) << "a pool";
  ep_pool_free(model.get(), block);
}

TEST(RegionKernel, LeavesNothingBehind) {
  const size_t mapped = mappings().size();
  const int files = open_files();
  for (int i = 0; i < 20; ++i) {
    const RegionHandle region = make_region(8 * kMib);
    const PoolHandle pool = make_pool(region, "a", 4 * kMib, 1 * kMib);
    ep_pool_alloc(pool.get(), 2 * kMib, 16);
  }
  for (int i = 0; i < 20; ++i) {
    ep_region* region = nullptr;
    const ep_region_options options = region_options(uint64_t{1} << 45);
    EXPECT_EQ(ep_region_create(&options, &region, nullptr), EP_E_NO_MEMORY);
  }
  EXPECT_EQ(region_mappings().size(), 0u);
  EXPECT_EQ(region_file(), "");
  EXPECT_EQ(open_files(), files);
  EXPECT_LE(mappings().size(), mapped + 2);
}

TEST(RegionKernelDeathTest, FreeingAnotherPoolsBlockEndsTheProcess) {
  // A forked child has no region; this style starts the program anew instead.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle a = make_pool(region, "a", 1 * kMib, 1 * kMib);
  const PoolHandle b = make_pool(region, "b", 1 * kMib, 1 * kMib);
  void* block = ep_pool_alloc(a.get(), 100, 16);
  EXPECT_DEATH(ep_pool_free(b.get(), block), "broken invariant: no block of this heap");
}

}  // namespace

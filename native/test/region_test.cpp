#include <algorithm>
#include <vector>

#include "memory_support.hpp"
#include "pool.hpp"

namespace {

using namespace ep_test;

std::vector<uint16_t> owners_of(const RegionHandle& region) {
  std::vector<uint16_t> owners(ep_region_map(region.get(), nullptr, 0));
  ep_region_map(region.get(), owners.data(), static_cast<uint32_t>(owners.size()));
  return owners;
}

/** Fills the region with pools of one chunk and frees every second one: no two free chunks touch.
 */
std::vector<PoolHandle> comb(const RegionHandle& region) {
  std::vector<PoolHandle> pools;
  const uint64_t chunks = stats_of(region).capacity_bytes / (16 * kKib);
  for (uint64_t i = 0; i < chunks; ++i) {
    pools.push_back(make_pool(region, "tooth", 16 * kKib, 16 * kKib));
  }
  EXPECT_EQ(stats_of(region).unassigned_bytes, 0u);
  std::vector<PoolHandle> kept;
  for (uint64_t i = 0; i < chunks; i += 2) kept.push_back(std::move(pools[i]));
  pools.clear();
  EXPECT_EQ(stats_of(region).largest_run_bytes, 16 * kKib);
  return kept;
}

int32_t create_fails(const ep_region_options& options, ep_error* error) {
  ep_region* region = nullptr;
  const int32_t status = ep_region_create(&options, &region, error);
  EXPECT_EQ(region, nullptr);
  EXPECT_EQ(std::strncmp(error->message, "region: ", 8), 0) << error->message;
  EXPECT_EQ(std::strchr(error->message, '\n'), nullptr);
  return status;
}

TEST(Region, RoundsItsCapacityUpAndCountsWhatPoolsHave) {
  const RegionHandle region = make_region(7 * kMib);
  EXPECT_EQ(stats_of(region).capacity_bytes, 8 * kMib);
  const PoolHandle a = make_pool(region, "a", 4 * kMib, 3 * kMib);
  const PoolHandle b = make_pool(region, "b", 4 * kMib, 1);
  const ep_region_stats stats = stats_of(region);
  EXPECT_EQ(stats.assigned_bytes, 3 * kMib + 16 * kKib);
  EXPECT_EQ(stats.mapped_bytes, stats.assigned_bytes);
  EXPECT_EQ(stats.unassigned_bytes, 8 * kMib - stats.assigned_bytes);
  EXPECT_EQ(stats.pools, 2u);
  EXPECT_EQ(stats.mappings, stats_of(a).runs + stats_of(b).runs);
  EXPECT_EQ(stats.mapping_budget, 4096u);
}

TEST(Region, MapSaysWhoOwnsEachChunk) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle a = make_pool(region, "a", 1 * kMib, 1 * kMib);
  const PoolHandle b = make_pool(region, "b", 1 * kMib, 5 * 16 * kKib);
  const std::vector<uint16_t> owners = owners_of(region);
  EXPECT_EQ(owners.size(), 256u);
  EXPECT_EQ(std::count(owners.begin(), owners.end(), ep::pool_id(a.get())), 64);
  EXPECT_EQ(std::count(owners.begin(), owners.end(), ep::pool_id(b.get())), 5);
  EXPECT_EQ(std::count(owners.begin(), owners.end(), 0), 256 - 69);
  EXPECT_NE(ep::pool_id(a.get()), 0u);
}

TEST(Region, WholeFreeExtentsCanBeLentAndNobodyGetsThemMeanwhile) {
  const RegionHandle region = make_region(16 * kMib);
  const PoolHandle a = make_pool(region, "a", 8 * kMib, 5 * kMib);
  ASSERT_EQ(ep_region_lend(region.get(), 7 * kMib, nullptr), EP_OK);
  EXPECT_EQ(stats_of(region).lent_bytes, 6 * kMib) << "whole ones";
  EXPECT_EQ(stats_of(region).assigned_bytes, 5 * kMib);
  EXPECT_EQ(stats_of(region).unassigned_bytes, 5 * kMib);
  ASSERT_EQ(ep_region_lend(region.get(), 64 * kMib, nullptr), EP_OK);
  EXPECT_EQ(stats_of(region).lent_bytes, 10 * kMib) << "what is left of an extent stays";
  const std::vector<uint16_t> owners = owners_of(region);
  EXPECT_EQ(std::count(owners.begin(), owners.end(), EP_OWNER_LENT), 640);

  ep_pool* wanted = nullptr;
  const ep_pool_options options = pool_options("wanted", 4 * kMib, 4 * kMib);
  EXPECT_EQ(ep_pool_create(region.get(), &options, &wanted, nullptr), EP_E_REGION_FULL);
  ASSERT_EQ(ep_region_take_back(region.get(), 4 * kMib, nullptr), EP_OK);
  const PoolHandle b = make_pool(region, options);
  fill(ep_pool_alloc(b.get(), 3 * kMib, 16), 3 * kMib, 7);
  ASSERT_EQ(ep_region_take_back(region.get(), 64 * kMib, nullptr), EP_OK);
  const ep_region_stats stats = stats_of(region);
  EXPECT_EQ(stats.lent_bytes, 0u);
  EXPECT_EQ(stats.extents_lent, 5u);
  EXPECT_EQ(stats.extents_taken_back, 5u);
  EXPECT_EQ(stats.assigned_bytes + stats.unassigned_bytes, 16 * kMib);
}

TEST(Region, KeepsWhatItCompressesInFromTheFirstTimeOn) {
  const RegionHandle region = make_region(8 * kMib);
  ASSERT_EQ(ep_region_compress(region.get(), EP_COMPRESSION_NONE, nullptr), EP_OK);
  EXPECT_EQ(stats_of(region).assigned_bytes, 0u);
  {
    const PoolHandle pool = make_pool(region, "large", 7 * kMib, 7 * kMib);
    ep_error error{};
    EXPECT_EQ(ep_region_compress(region.get(), EP_COMPRESSION_LZ4, &error), EP_E_REGION_FULL);
    EXPECT_STREQ(error.message,
                 "region: has no 2 MiB in one piece for compressing; raise region.capacity_mb or "
                 "set parking.compress to none");
    EXPECT_EQ(error.requested_bytes, 2 * kMib);
    EXPECT_EQ(error.available_bytes, 1 * kMib);
    EXPECT_EQ(stats_of(region).assigned_bytes, 7 * kMib);
  }
  for (const uint32_t how : {EP_COMPRESSION_LZ4, EP_COMPRESSION_ZSTD, EP_COMPRESSION_NONE}) {
    ASSERT_EQ(ep_region_compress(region.get(), how, nullptr), EP_OK);
    EXPECT_EQ(stats_of(region).assigned_bytes, EP_COMPRESSION_BYTES);
    const std::vector<uint16_t> owners = owners_of(region);
    EXPECT_EQ(std::count(owners.begin(), owners.end(), EP_OWNER_COMPRESSION), 128);
  }
  ASSERT_EQ(ep_region_lend(region.get(), 8 * kMib, nullptr), EP_OK);
  EXPECT_EQ(stats_of(region).lent_bytes, 6 * kMib) << "it is in use";
}

TEST(Region, APlannedSizeIsOneRun) {
  const RegionHandle region = make_region(64 * kMib);
  const PoolHandle small = make_pool(region, "small", 16 * kKib, 16 * kKib);
  const PoolHandle planned = make_pool(region, "planned", 40 * kMib, 33 * kMib);
  EXPECT_EQ(stats_of(planned).runs, 1u);
  const PoolHandle growing = make_pool(region, "growing", 8 * kMib);
  for (int i = 0; i < 60; ++i) ASSERT_NE(ep_pool_alloc(growing.get(), 30000, 16), nullptr);
  EXPECT_EQ(stats_of(growing).runs, 1u) << "what lies behind the last run is taken first";
}

TEST(Region, AnyFreeChunkServesAnyWindow) {
  const RegionHandle region = make_region(8 * kMib);
  std::vector<PoolHandle> teeth = comb(region);
  const PoolHandle pool = make_pool(region, "scattered", 4 * kMib, 4 * kMib);
  EXPECT_EQ(stats_of(pool).mapped_bytes, 4 * kMib);
  EXPECT_EQ(stats_of(pool).runs, 256u);
  EXPECT_EQ(stats_of(region).unassigned_bytes, 0u);
  // One allocation across all the pieces.
  void* block = ep_pool_alloc(pool.get(), stats_of(pool).largest_free_bytes, 16);
  ASSERT_NE(block, nullptr);
  fill(block, 4 * kMib - 16 * kKib, 99);
  for (const PoolHandle& tooth : teeth) {
    void* own = ep_pool_alloc(tooth.get(), 10000, 16);
    ASSERT_NE(own, nullptr);
    fill(own, 10000, 1);
  }
  EXPECT_TRUE(filled(block, 4 * kMib - 16 * kKib, 99)) << "two windows share a chunk";
  expect_sound(pool);
}

TEST(Region, PiecesAPoolGivesBackServeTheNextOne) {
  const RegionHandle region = make_region(8 * kMib);
  std::vector<PoolHandle> teeth = comb(region);
  for (int i = 0; i < 10; ++i) {
    const PoolHandle pool = make_pool(region, "again", 4 * kMib, 4 * kMib);
    EXPECT_EQ(stats_of(region).unassigned_bytes, 0u);
  }
  EXPECT_EQ(stats_of(region).unassigned_bytes, 4 * kMib);
  teeth.clear();
  EXPECT_EQ(stats_of(region).largest_run_bytes, 8 * kMib);
}

TEST(Region, RunningOutOfMappingsIsARefusalThatLeavesNothingBehind) {
  ep_region_options options = region_options(8 * kMib);
  options.mapping_budget = 102;
  const RegionHandle region = make_region(options);
  // 50 pools of a chunk each with a free chunk between them, and one large pool, whose trimmed end
  // is free too without having given a mapping back: 51 runs are free, 50 mappings are left.
  std::vector<PoolHandle> teeth;
  for (int i = 0; i < 100; ++i) teeth.push_back(make_pool(region, "t", 16 * kKib, 16 * kKib));
  const PoolHandle large = make_pool(region, "large", 8 * kMib, stats_of(region).unassigned_bytes);
  for (size_t i = 1; i < teeth.size(); i += 2) teeth[i].reset();
  ASSERT_EQ(ep_pool_trim(large.get(), stats_of(large).mapped_bytes - 12 * 16 * kKib, nullptr),
            EP_OK);
  ASSERT_EQ(stats_of(region).mappings, 52u);
  const ep_region_stats before = stats_of(region);
  ep_error error{};
  ep_pool* pool = nullptr;
  const ep_pool_options wanted = pool_options("wanted", 8 * kMib, before.unassigned_bytes);
  EXPECT_EQ(ep_pool_create(region.get(), &wanted, &pool, &error), EP_E_MAPPINGS);
  EXPECT_NE(std::strstr(error.message, "pool wanted"), nullptr);
  EXPECT_NE(std::strstr(error.message, "region.mapping_budget"), nullptr);
  const ep_region_stats after = stats_of(region);
  EXPECT_EQ(after.mappings, before.mappings);
  EXPECT_EQ(after.unassigned_bytes, before.unassigned_bytes);
  EXPECT_EQ(after.pools, before.pools);
  // The figure names what the mappings left do reach.
  EXPECT_LT(error.available_bytes, before.unassigned_bytes);
  const PoolHandle fits = make_pool(region, "fits", 8 * kMib);
  EXPECT_NE(ep_pool_alloc(fits.get(), error.largest_free_bytes, 16), nullptr);
  EXPECT_EQ(stats_of(region).mappings, 102u);
  EXPECT_EQ(ep_pool_alloc(fits.get(), 1000, 16), nullptr);
  EXPECT_EQ(ep::pool_refusal(fits.get()).status, EP_E_MAPPINGS);
}

TEST(Region, TenThousandPoolsLaterItIsAsItWas) {
  const RegionHandle region = make_region(16 * kMib);
  std::mt19937_64 random(test_seed());
  const ep_region_stats fresh = stats_of(region);
  std::vector<PoolHandle> pools(12);
  uint64_t refused = 0;
  for (int i = 0; i < 10000; ++i) {
    PoolHandle& slot = pools[random() % pools.size()];
    slot.reset();
    const uint64_t planned = uint64_t{1} << (14 + random() % 9);
    ep_pool_options options = pool_options("churn", 2 * planned, planned - random() % planned);
    options.chunk_bytes = random() % 2 == 0 ? 16384 : 32768;
    ep_pool* pool = nullptr;
    ep_error error{};
    if (ep_pool_create(region.get(), &options, &pool, &error) != EP_OK) {
      EXPECT_EQ(error.status, EP_E_REGION_FULL) << error.message;
      refused += 1;
      continue;
    }
    slot.reset(pool);
    ep_pool_alloc(pool, random() % planned, 64);
  }
  std::printf("%llu refused\n", static_cast<unsigned long long>(refused));
  pools.clear();
  const ep_region_stats after = stats_of(region);
  EXPECT_EQ(std::memcmp(&fresh, &after, sizeof fresh), 0);
  EXPECT_EQ(after.largest_run_bytes, 16 * kMib);
  const std::vector<uint16_t> owners = owners_of(region);
  EXPECT_EQ(std::count(owners.begin(), owners.end(), 0), 1024);
  // The addresses come back too: there is room for a window of nearly all of them.
  const PoolHandle whole = make_pool(region, "whole", 4 * kMib * 1024, 16 * kMib);
  EXPECT_EQ(stats_of(whole).runs, 1u);
}

TEST(Region, LargerThanTheMachinesMemoryIsRefused) {
  for (const uint64_t capacity : {uint64_t{1} << 39, uint64_t{1} << 50, UINT64_MAX}) {
    ep_region_options options = region_options(capacity);
    ep_error error{};
    const int32_t status = create_fails(options, &error);
    EXPECT_TRUE(status == EP_E_NO_MEMORY) << error.message;
    EXPECT_GE(error.requested_bytes, capacity);
    EXPECT_NE(error.available_bytes, 0u);
    EXPECT_LT(error.available_bytes, error.requested_bytes);
    EXPECT_NE(std::strstr(error.message, "limit: "), nullptr) << error.message;
  }
}

TEST(Region, TooLargeForItsBudgetOfMappingsIsRefused) {
  ep_region_options options = region_options(64 * kMib);
  options.mapping_budget = 31;
  ep_error error{};
  EXPECT_EQ(create_fails(options, &error), EP_E_MAPPINGS);
  EXPECT_NE(std::strstr(error.message, "region.mapping_budget allows 31"), nullptr)
      << error.message;
  options.mapping_budget = 32;
  EXPECT_EQ(stats_of(make_region(options)).mapping_budget, 32u);
  options.mapping_budget = UINT32_MAX;
  EXPECT_EQ(create_fails(options, &error), EP_E_MAPPINGS);
  EXPECT_NE(std::strstr(error.message, "vm.max_map_count"), nullptr) << error.message;
}

TEST(Region, WrongOptionsAreRefused) {
  ep_error error{};
  EXPECT_EQ(create_fails(region_options(0), &error), EP_E_ARGUMENT);
  ep_region_options options = region_options(4 * kMib);
  options.lock = 3;
  EXPECT_EQ(create_fails(options, &error), EP_E_ARGUMENT);
  options.lock = EP_LOCK_OFF;
  options.pages = 3;
  EXPECT_EQ(create_fails(options, &error), EP_E_ARGUMENT);
  EXPECT_EQ(ep_region_create(nullptr, nullptr, nullptr), EP_E_ARGUMENT);
}

}  // namespace

#include "pool.hpp"

#include <thread>
#include <vector>

#include "memory_support.hpp"

namespace {

using namespace ep_test;

std::vector<ep_block> blocks_of(const PoolHandle& pool) {
  std::vector<ep_block> blocks(ep_pool_blocks(pool.get(), nullptr, 0));
  EXPECT_EQ(ep_pool_blocks(pool.get(), blocks.data(), static_cast<uint32_t>(blocks.size())),
            blocks.size());
  return blocks;
}

void expect_refused(const PoolHandle& pool, ep_status status, uint64_t bytes) {
  ep::pool_clear_refusal(pool.get());
  EXPECT_EQ(ep_pool_alloc(pool.get(), bytes, 16), nullptr);
  const ep::Refusal refusal = ep::pool_refusal(pool.get());
  EXPECT_EQ(refusal.status, status);
  EXPECT_EQ(refusal.requested_bytes, bytes);
  EXPECT_LT(refusal.largest_free_bytes, bytes);
  EXPECT_LE(refusal.largest_free_bytes, refusal.available_bytes);
}

/** The largest allocation named in the refusal succeeds, one byte more does not. */
void expect_largest_is_exact(const PoolHandle& pool) {
  const uint64_t largest = ep::pool_refusal(pool.get()).largest_free_bytes;
  EXPECT_EQ(ep_pool_alloc(pool.get(), largest + 1, 16), nullptr);
  void* block = largest == 0 ? nullptr : ep_pool_alloc(pool.get(), largest, 16);
  EXPECT_EQ(block != nullptr, largest != 0);
  ep_pool_free(pool.get(), block);
}

TEST(Pool, GrowsInPlaceAndMovesNoPointer) {
  const RegionHandle region = make_region(16 * kMib);
  const PoolHandle pool = make_pool(region, "a", 12 * kMib, 16 * kKib);
  std::vector<uint32_t*> blocks;
  for (uint32_t i = 0; i < 1000; ++i) {
    auto* block = static_cast<uint32_t*>(ep_pool_alloc(pool.get(), 8000, 64));
    ASSERT_NE(block, nullptr);
    fill(block, 8000, i);
    blocks.push_back(block);
  }
  EXPECT_GT(stats_of(pool).mapped_bytes, 7 * kMib);
  for (uint32_t i = 0; i < 1000; ++i) {
    EXPECT_TRUE(filled(blocks[i], 8000, i));
    EXPECT_EQ(ep::pool_of(blocks[i]), pool.get());
    ep_pool_free(pool.get(), blocks[i]);
  }
  expect_sound(pool);
  EXPECT_EQ(stats_of(pool).live_blocks, 0u);
}

TEST(Pool, MapsExactlyTheChunksItsAllocationsNeed) {
  const RegionHandle region = make_region(16 * kMib);
  for (const uint32_t chunk : {16384u, 32768u, 2097152u}) {
    ep_pool_options options = pool_options("a", 8 * kMib);
    options.chunk_bytes = chunk;
    const PoolHandle pool = make_pool(region, options);
    EXPECT_EQ(stats_of(pool).mapped_bytes, 0u);
    ASSERT_NE(ep_pool_alloc(pool.get(), 1, 16), nullptr);
    EXPECT_EQ(stats_of(pool).mapped_bytes, chunk);
    const uint64_t rest = stats_of(pool).largest_free_bytes;
    ASSERT_NE(ep_pool_alloc(pool.get(), rest, 16), nullptr);
    EXPECT_EQ(stats_of(pool).mapped_bytes, chunk) << "the largest free block needs no mapping";
    ASSERT_NE(ep_pool_alloc(pool.get(), chunk - 8, 16), nullptr);
    EXPECT_EQ(stats_of(pool).mapped_bytes, 2 * chunk);
    ASSERT_NE(ep_pool_alloc(pool.get(), 1, 16), nullptr);
    EXPECT_EQ(stats_of(pool).mapped_bytes, 3 * chunk);
    EXPECT_EQ(stats_of(region).assigned_bytes, 3 * chunk);
  }
}

TEST(Pool, RefusalGivesRequestedAvailableAndTheLargestThatWouldSucceed) {
  const RegionHandle region = make_region(8 * kMib);
  const PoolHandle pool = make_pool(region, "a", 1 * kMib);
  expect_refused(pool, EP_E_POOL_FULL, 2 * kMib);
  expect_largest_is_exact(pool);
  std::mt19937_64 random(test_seed());
  std::vector<void*> live;
  for (int i = 0; i < 200; ++i) {
    void* block = ep_pool_alloc(pool.get(), random() % 20000, size_t{16} << random() % 9);
    if (block != nullptr) live.push_back(block);
    if (random() % 3 == 0 && !live.empty()) {
      std::swap(live[random() % live.size()], live.back());
      ep_pool_free(pool.get(), live.back());
      live.pop_back();
    }
    if (i % 10 != 0) continue;
    expect_refused(pool, EP_E_POOL_FULL, 1 * kMib);
    expect_largest_is_exact(pool);
  }
  expect_sound(pool);
}

TEST(Pool, RefusalNamesTheRegionWhenThatIsFull) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle other = make_pool(region, "other", 3 * kMib, 3 * kMib);
  const PoolHandle pool = make_pool(region, "a", 4 * kMib);
  expect_refused(pool, EP_E_REGION_FULL, 2 * kMib);
  EXPECT_LT(ep::pool_refusal(pool.get()).available_bytes, 1 * kMib);
  expect_largest_is_exact(pool);
  // A chunk of two granules, and an odd number of granules free.
  ASSERT_EQ(ep_pool_trim(pool.get(), 0, nullptr), EP_OK);
  ASSERT_EQ(stats_of(region).unassigned_bytes / (16 * kKib) % 2, 1u);
  ep_pool_options options = pool_options("coarse", 4 * kMib);
  options.chunk_bytes = 32768;
  const PoolHandle coarse = make_pool(region, options);
  expect_refused(coarse, EP_E_REGION_FULL, 2 * kMib);
  expect_largest_is_exact(coarse);
  EXPECT_EQ(ep_pool_alloc(pool.get(), SIZE_MAX, 16), nullptr);
  EXPECT_EQ(ep_pool_alloc(pool.get(), 16, 48), nullptr) << "no power of two";
}

TEST(Pool, OneThatIsFullLeavesTheOthersAlone) {
  const RegionHandle region = make_region(8 * kMib);
  const PoolHandle greedy = make_pool(region, "greedy", 1 * kMib);
  const PoolHandle modest = make_pool(region, "modest", 1 * kMib, 1 * kMib);
  void* kept = ep_pool_alloc(modest.get(), 100000, 64);
  fill(kept, 100000, 7);
  const ep_pool_stats before = stats_of(modest);
  while (ep_pool_alloc(greedy.get(), 5000, 16) != nullptr) continue;
  const ep_pool_stats after = stats_of(modest);
  EXPECT_EQ(after.mapped_bytes, before.mapped_bytes);
  EXPECT_EQ(after.live_bytes, before.live_bytes);
  EXPECT_EQ(after.live_blocks, before.live_blocks);
  EXPECT_EQ(after.largest_free_bytes, before.largest_free_bytes);
  EXPECT_EQ(after.allocations, before.allocations);
  EXPECT_EQ(after.failures, before.failures);
  EXPECT_TRUE(filled(kept, 100000, 7));
  EXPECT_EQ(stats_of(greedy).failures, 1u);
  expect_sound(greedy);
  ep_pool_free(modest.get(), kept);
}

TEST(Pool, ResetKeepsTheMappingAndDropsTheBlocks) {
  const RegionHandle region = make_region(8 * kMib);
  const PoolHandle pool = make_pool(region, "a", 4 * kMib);
  void* first = ep_pool_alloc(pool.get(), 1 * kMib, 16);
  ep_pool_alloc(pool.get(), 2 * kMib, 16);
  const ep_pool_stats before = stats_of(pool);
  ASSERT_EQ(ep_pool_reset(pool.get(), nullptr), EP_OK);
  const ep_pool_stats after = stats_of(pool);
  EXPECT_EQ(after.mapped_bytes, before.mapped_bytes);
  EXPECT_EQ(after.runs, before.runs);
  EXPECT_EQ(after.live_bytes, 0u);
  EXPECT_EQ(after.peak_live_bytes, 0u);
  EXPECT_EQ(after.frees, 2u);
  EXPECT_EQ(ep_pool_alloc(pool.get(), 1 * kMib, 16), first);
  expect_sound(pool);
}

TEST(Pool, IsNeitherResetNorDestroyedWhileSomethingLivesInIt) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "held", 1 * kMib);
  ep_error error{};
  ep::pool_hold(pool.get());
  EXPECT_EQ(ep_pool_reset(pool.get(), &error), EP_E_BUSY);
  EXPECT_NE(std::strstr(error.message, "held"), nullptr);
  EXPECT_EQ(ep_pool_destroy(pool.get(), &error), EP_E_BUSY);
  EXPECT_EQ(ep_region_destroy(region.get(), &error), EP_E_BUSY);
  ep::pool_release(pool.get());
  ep::pool_thread_started(pool.get());
  EXPECT_EQ(stats_of(pool).threads, 1u);
  EXPECT_EQ(ep_pool_destroy(pool.get(), &error), EP_E_BUSY);
  std::thread ending([&] { ep::pool_thread_ended(pool.get()); });
  ep::pool_wait_threads(pool.get());
  EXPECT_EQ(stats_of(pool).threads, 0u);
  ending.join();
  EXPECT_EQ(ep_pool_reset(pool.get(), &error), EP_OK);
}

TEST(Pool, QuotaMovesBetweenWhatIsMappedAndTheWindow) {
  const RegionHandle region = make_region(8 * kMib);
  ep_pool_options options = pool_options("a", 1 * kMib, 1 * kMib);
  options.window_bytes = 4 * kMib;
  const PoolHandle pool = make_pool(region, options);
  ep_error error{};
  EXPECT_EQ(ep_pool_set_quota(pool.get(), 4 * kMib + 1, &error), EP_E_ARGUMENT);
  EXPECT_EQ(ep_pool_set_quota(pool.get(), 0, &error), EP_E_ARGUMENT);
  EXPECT_EQ(ep_pool_set_quota(pool.get(), 512 * kKib, &error), EP_E_BUSY);
  expect_refused(pool, EP_E_POOL_FULL, 2 * kMib);
  EXPECT_EQ(ep_pool_set_quota(pool.get(), 4 * kMib, &error), EP_OK);
  void* block = ep_pool_alloc(pool.get(), 2 * kMib, 16);
  EXPECT_NE(block, nullptr);
  ep_pool_free(pool.get(), block);
  EXPECT_EQ(ep_pool_trim(pool.get(), 512 * kKib, &error), EP_OK);
  EXPECT_EQ(ep_pool_set_quota(pool.get(), 512 * kKib, &error), EP_OK);
  EXPECT_EQ(stats_of(pool).quota_bytes, 512 * kKib);
}

TEST(Pool, TrimGivesFreeChunksBackDownToWhatIsInUse) {
  const RegionHandle region = make_region(8 * kMib);
  const PoolHandle pool = make_pool(region, "a", 6 * kMib, 6 * kMib);
  void* kept = ep_pool_alloc(pool.get(), 1 * kMib, 16);
  fill(kept, 1 * kMib, 3);
  ASSERT_EQ(ep_pool_trim(pool.get(), 3 * kMib, nullptr), EP_OK);
  EXPECT_EQ(stats_of(pool).mapped_bytes, 3 * kMib);
  ASSERT_EQ(ep_pool_trim(pool.get(), 0, nullptr), EP_OK);
  EXPECT_EQ(stats_of(pool).mapped_bytes, 1 * kMib + 16 * kKib);
  EXPECT_EQ(stats_of(region).assigned_bytes, 1 * kMib + 16 * kKib);
  EXPECT_TRUE(filled(kept, 1 * kMib, 3));
  expect_sound(pool);
  ep_error error{};
  ASSERT_EQ(ep_pool_grow(pool.get(), 6 * kMib, &error), EP_OK) << error.message;
  EXPECT_EQ(stats_of(pool).mapped_bytes, 6 * kMib);
  ep_pool_free(pool.get(), kept);
  ASSERT_EQ(ep_pool_trim(pool.get(), 0, nullptr), EP_OK);
  EXPECT_EQ(stats_of(pool).mapped_bytes, 16 * kKib) << "one chunk always stays";
}

TEST(Pool, GrowFailsWholeAndNamesThePool) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "mobilenet", 8 * kMib, 1 * kMib);
  ep_error error{};
  EXPECT_EQ(ep_pool_grow(pool.get(), 9 * kMib, &error), EP_E_POOL_FULL);
  EXPECT_EQ(ep_pool_grow(pool.get(), 6 * kMib, &error), EP_E_REGION_FULL);
  EXPECT_EQ(error.requested_bytes, 5 * kMib);
  EXPECT_NE(std::strstr(error.message, "pool mobilenet: 5242880 bytes requested"), nullptr)
      << error.message;
  EXPECT_EQ(stats_of(pool).mapped_bytes, 1 * kMib);
  EXPECT_EQ(ep_pool_grow(pool.get(), 100, &error), EP_OK) << "that much is mapped already";
  EXPECT_EQ(stats_of(pool).mapped_bytes, 1 * kMib);
}

TEST(Pool, WrongOptionsAreRefusedByName) {
  const RegionHandle region = make_region(4 * kMib);
  const std::string long_name(64, 'x');
  ep_pool_options wrong[] = {pool_options(nullptr, 1 * kMib),
                             pool_options(long_name.c_str(), 1 * kMib),
                             pool_options("a", 0),
                             pool_options("a", UINT64_MAX),
                             pool_options("a", 1 * kMib, 2 * kMib),
                             pool_options("a", 1 * kMib),
                             pool_options("a", 2 * kMib)};
  wrong[5].chunk_bytes = 4096;
  wrong[6].window_bytes = 1 * kMib;
  for (const ep_pool_options& options : wrong) {
    ep_pool* pool = nullptr;
    ep_error error{};
    EXPECT_EQ(ep_pool_create(region.get(), &options, &pool, &error), EP_E_ARGUMENT);
    EXPECT_EQ(pool, nullptr);
    EXPECT_EQ(std::strncmp(error.message, "pool", 4), 0);
  }
  EXPECT_EQ(stats_of(region).pools, 0u);
}

TEST(Pool, FiguresEqualWhatTheBlocksSay) {
  const RegionHandle region = make_region(8 * kMib);
  const PoolHandle pool = make_pool(region, "a", 4 * kMib, 2 * kMib);
  std::mt19937_64 random(test_seed());
  std::vector<std::pair<void*, uint64_t>> live;
  uint64_t requested = 0;
  uint64_t peak = 0;
  for (int i = 0; i < 2000; ++i) {
    if (random() % 5 < 3 || live.empty()) {
      const uint64_t bytes = random() % 4000;
      void* block = ep_pool_alloc(pool.get(), bytes, size_t{16} << random() % 5);
      if (block == nullptr) continue;
      live.emplace_back(block, bytes);
      requested += bytes;
    } else {
      std::swap(live[random() % live.size()], live.back());
      ep_pool_free(pool.get(), live.back().first);
      requested -= live.back().second;
      live.pop_back();
    }
    uint64_t taken = 0;
    uint64_t free = 0;
    uint64_t largest = 0;
    for (const ep_block& block : blocks_of(pool)) {
      (block.used != 0 ? taken : free) += block.bytes;
      if (block.used == 0) largest = std::max(largest, block.bytes - 8);
    }
    peak = std::max(peak, taken);
    const ep_pool_stats stats = stats_of(pool);
    const auto mapped = static_cast<double>(stats.mapped_bytes);
    ASSERT_EQ(stats.live_bytes, taken);
    ASSERT_EQ(stats.free_bytes, free);
    ASSERT_EQ(stats.requested_bytes, requested);
    ASSERT_EQ(stats.live_blocks, live.size());
    ASSERT_DOUBLE_EQ(stats.external_fragmentation, static_cast<double>(free - largest) / mapped);
    ASSERT_DOUBLE_EQ(
        stats.internal_fragmentation,
        taken == 0 ? 0 : static_cast<double>(taken - requested) / static_cast<double>(taken));
    ASSERT_DOUBLE_EQ(stats.utilisation, static_cast<double>(peak) / mapped);
    ASSERT_DOUBLE_EQ(stats.headroom, 1 - static_cast<double>(peak) / (4.0 * kMib));
  }
}

TEST(Pool, TheNthAllocationFailsOnceAndTheReserveOfWorkersDoesNot) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "a", 1 * kMib);
  ep_pool_fail_nth(pool.get(), 3);
  void* first = ep_pool_alloc(pool.get(), 10, 16);
  EXPECT_NE(first, nullptr);
  EXPECT_NE(ep_pool_alloc(pool.get(), 10, 16), nullptr);
  EXPECT_EQ(ep_pool_alloc(pool.get(), 10, 16), nullptr);
  EXPECT_EQ(ep::pool_refusal(pool.get()).status, EP_E_POOL_FULL);
  EXPECT_NE(ep_pool_alloc(pool.get(), 10, 16), nullptr);
  ep_pool_fail_nth(pool.get(), 1);
  EXPECT_NE(ep::pool_allocate_emergency(pool.get(), 10, 16), nullptr);
  EXPECT_EQ(ep::pool_resize(pool.get(), first, 20), nullptr);
  EXPECT_EQ(stats_of(pool).requested_bytes, 40u) << "a refused resize leaves the block";
  ep_pool_fail_nth(pool.get(), 1);
  ep_pool_fail_nth(pool.get(), 0);
  EXPECT_NE(ep_pool_alloc(pool.get(), 10, 16), nullptr);
}

TEST(Pool, WorkersHave64KibBeyondTheQuotaUntilTheReset) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "a", 1 * kMib, 1 * kMib);
  while (ep_pool_alloc(pool.get(), 5000, 16) != nullptr) continue;
  while (ep_pool_alloc(pool.get(), 1, 16) != nullptr) continue;
  uint64_t drawn = 0;
  while (ep::pool_allocate_emergency(pool.get(), 1000, 16) != nullptr) drawn += 1000;
  EXPECT_GT(drawn, 60000u);
  EXPECT_LE(drawn, 64 * kKib);
  EXPECT_EQ(stats_of(pool).mapped_bytes, 1 * kMib + 64 * kKib);
  expect_sound(pool);
  ASSERT_EQ(ep_pool_reset(pool.get(), nullptr), EP_OK);
  EXPECT_EQ(stats_of(pool).mapped_bytes, 1 * kMib);
  expect_sound(pool);
}

TEST(Pool, ResizeKeepsTheContentsWhereverItGoes) {
  const RegionHandle region = make_region(16 * kMib);
  const PoolHandle pool = make_pool(region, "a", 8 * kMib);
  std::mt19937_64 random(test_seed());
  void* blocks[20] = {};
  uint64_t sizes[20] = {};
  for (uint32_t i = 0; i < 3000; ++i) {
    const size_t at = random() % 20;
    const uint64_t bytes = random() % (uint64_t{1} << (4 + random() % 14));
    void* moved = ep::pool_resize(pool.get(), blocks[at], bytes);
    ASSERT_NE(moved, nullptr);
    EXPECT_TRUE(filled(moved, std::min(bytes, sizes[at]), static_cast<uint32_t>(at + 1) * 77));
    EXPECT_GE(ep::pool_usable_bytes(pool.get(), moved), bytes);
    fill(moved, bytes, static_cast<uint32_t>(at + 1) * 77);
    blocks[at] = moved;
    sizes[at] = bytes;
    if (i % 100 == 0) expect_sound(pool);
  }
  EXPECT_EQ(ep::pool_resize(pool.get(), blocks[0], 9 * kMib), nullptr);
  EXPECT_TRUE(filled(blocks[0], sizes[0], 77));
  for (void* block : blocks) ep_pool_free(pool.get(), block);
  EXPECT_EQ(stats_of(pool).live_blocks, 0u);
  EXPECT_EQ(stats_of(pool).allocations, stats_of(pool).frees);
  expect_sound(pool);
}

TEST(Pool, IsFoundByAddressInEveryRegion) {
  const RegionHandle one = make_region(4 * kMib);
  const RegionHandle two = make_region(4 * kMib);
  const PoolHandle a = make_pool(one, "a", 1 * kMib, 1 * kMib);
  const PoolHandle b = make_pool(one, "b", 1 * kMib, 1 * kMib);
  const PoolHandle c = make_pool(two, "c", 1 * kMib, 1 * kMib);
  for (const PoolHandle* pool : {&a, &b, &c}) {
    char* block = static_cast<char*>(ep_pool_alloc(pool->get(), 900 * kKib, 16));
    EXPECT_EQ(ep::pool_of(block), pool->get());
    EXPECT_EQ(ep::pool_of(block + 900 * kKib - 1), pool->get());
    EXPECT_TRUE(ep::in_reservation(block));
  }
  int local = 0;
  const auto heap_memory = std::make_unique<int>(0);
  const void* const foreigners[] = {&local, heap_memory.get(), nullptr,
                                    reinterpret_cast<void*>(UINTPTR_MAX)};
  for (const void* foreign : foreigners) {
    EXPECT_EQ(ep::pool_of(foreign), nullptr);
    EXPECT_FALSE(ep::in_reservation(foreign));
  }
}

}  // namespace

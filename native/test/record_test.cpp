#include <map>
#include <thread>
#include <vector>

#include "memory_support.hpp"
#include "pool.hpp"

namespace {

using namespace ep_test;

std::vector<ep_record> records_of(const PoolHandle& pool) {
  std::vector<ep_record> records(ep_pool_records(pool.get(), nullptr, 0));
  ep_pool_records(pool.get(), records.data(), static_cast<uint32_t>(records.size()));
  return records;
}

TEST(Recording, HasEveryOperationWithItsPlaceSizePhaseAndThread) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "a", 1 * kMib, 16 * kKib);
  void* before = ep_pool_alloc(pool.get(), 10, 16);
  ASSERT_EQ(ep_pool_record(pool.get(), 100, nullptr), EP_OK);
  ep::pool_set_phase(pool.get(), EP_PHASE_TENSORS);
  void* block = ep_pool_alloc(pool.get(), 1000, 64);
  void* wall = ep_pool_alloc(pool.get(), 10, 16);
  ep::pool_set_phase(pool.get(), EP_PHASE_INVOKE);
  void* moved = ep::pool_resize(pool.get(), block, 3000);
  ASSERT_NE(moved, block);
  std::thread([&] { ep_pool_free(pool.get(), wall); }).join();
  EXPECT_EQ(ep_pool_alloc(pool.get(), 2 * kMib, 16), nullptr);

  const std::vector<ep_record> r = records_of(pool);
  ASSERT_EQ(r.size(), 4u) << "a refused allocation is no operation";
  const char* start = static_cast<char*>(before) - [&] {
    ep_block first{};
    ep_pool_blocks(pool.get(), &first, 1);
    return first.offset_bytes;
  }();
  EXPECT_EQ(r[0].operation, EP_OP_ALLOC);
  EXPECT_EQ(start + r[0].offset_bytes, block);
  EXPECT_EQ(r[0].bytes, 1000u);
  EXPECT_EQ(r[0].alignment, 64u);
  EXPECT_EQ(r[0].phase, EP_PHASE_TENSORS);
  EXPECT_EQ(r[2].operation, EP_OP_RESIZE);
  EXPECT_EQ(start + r[2].offset_bytes, moved);
  EXPECT_EQ(start + r[2].old_offset_bytes, block);
  EXPECT_EQ(r[2].bytes, 3000u);
  EXPECT_EQ(r[2].phase, EP_PHASE_INVOKE);
  EXPECT_EQ(r[3].operation, EP_OP_FREE);
  EXPECT_EQ(start + r[3].offset_bytes, wall);
  EXPECT_EQ(r[3].bytes, 0u);
  EXPECT_EQ(r[2].thread_id, r[0].thread_id);
  EXPECT_NE(r[3].thread_id, r[0].thread_id);
  for (size_t i = 1; i < r.size(); ++i) EXPECT_GE(r[i].time_ns, r[i - 1].time_ns);
}

/** What the recording says is live, with the headers and rounding the heap adds, is what is live.
 */
TEST(Recording, ReplayedGivesThePoolsOwnFigures) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "a", 2 * kMib);
  ASSERT_EQ(ep_pool_record(pool.get(), 10000, nullptr), EP_OK);
  std::mt19937_64 random(test_seed());
  std::vector<void*> live;
  for (int i = 0; i < 3000; ++i) {
    const uint64_t bytes = random() % 3000;
    if (random() % 2 == 0 || live.empty()) {
      void* block = ep_pool_alloc(pool.get(), bytes, 16);
      if (block != nullptr) live.push_back(block);
    } else {
      std::swap(live[random() % live.size()], live.back());
      void* moved = random() % 2 == 0 ? ep::pool_resize(pool.get(), live.back(), bytes) : nullptr;
      if (moved != nullptr) {
        live.back() = moved;
        continue;
      }
      ep_pool_free(pool.get(), live.back());
      live.pop_back();
    }
  }
  std::map<uint64_t, uint64_t> replayed;
  for (const ep_record& record : records_of(pool)) {
    if (record.operation == EP_OP_FREE) {
      EXPECT_EQ(replayed.erase(record.offset_bytes), 1u);
      continue;
    }
    if (record.operation == EP_OP_RESIZE) {
      EXPECT_EQ(replayed.erase(record.old_offset_bytes), 1u);
    }
    EXPECT_TRUE(replayed.emplace(record.offset_bytes, record.bytes).second);
  }
  uint64_t requested = 0;
  for (const auto& [offset, bytes] : replayed) requested += bytes;
  EXPECT_EQ(replayed.size(), stats_of(pool).live_blocks);
  EXPECT_EQ(requested, stats_of(pool).requested_bytes);
}

TEST(Recording, CountsWhatItHadNoRoomForAndStartsAfreshWhenAsked) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "a", 1 * kMib);
  EXPECT_EQ(ep_pool_records(pool.get(), nullptr, 0), 0u);
  ASSERT_EQ(ep_pool_record(pool.get(), 3, nullptr), EP_OK);
  for (int i = 0; i < 5; ++i) ep_pool_alloc(pool.get(), 10 + static_cast<uint64_t>(i), 16);
  ep_record records[8] = {};
  EXPECT_EQ(ep_pool_records(pool.get(), records, 8), 5u);
  EXPECT_EQ(records[2].bytes, 12u);
  EXPECT_EQ(records[3].operation, 0u);
  ASSERT_EQ(ep_pool_record(pool.get(), 3, nullptr), EP_OK);
  EXPECT_EQ(ep_pool_records(pool.get(), records, 8), 0u);
  ASSERT_EQ(ep_pool_record(pool.get(), 0, nullptr), EP_OK);
  ep_pool_alloc(pool.get(), 10, 16);
  EXPECT_EQ(ep_pool_records(pool.get(), records, 8), 0u);
}

TEST(Recording, ChangesNothingInsideThePool) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle plain = make_pool(region, "plain", 1 * kMib);
  const PoolHandle recorded = make_pool(region, "recorded", 1 * kMib);
  ASSERT_EQ(ep_pool_record(recorded.get(), 1000, nullptr), EP_OK);
  std::vector<ep_block> blocks[2];
  for (const PoolHandle* pool : {&plain, &recorded}) {
    for (uint64_t i = 0; i < 100; ++i) {
      void* block = ep_pool_alloc(pool->get(), i * 53 % 700, 16);
      if (i % 3 == 0) ep_pool_free(pool->get(), block);
    }
    auto& own = blocks[pool == &plain ? 0 : 1];
    own.resize(ep_pool_blocks(pool->get(), nullptr, 0));
    ep_pool_blocks(pool->get(), own.data(), static_cast<uint32_t>(own.size()));
  }
  ASSERT_EQ(blocks[0].size(), blocks[1].size());
  for (size_t i = 0; i < blocks[0].size(); ++i) {
    EXPECT_EQ(blocks[0][i].offset_bytes, blocks[1][i].offset_bytes);
    EXPECT_EQ(blocks[0][i].bytes, blocks[1][i].bytes);
  }
}

}  // namespace

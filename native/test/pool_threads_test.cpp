#include <atomic>
#include <thread>
#include <vector>

#include "memory_support.hpp"
#include "pool.hpp"

namespace {

using namespace ep_test;

constexpr int kThreads = 4;

struct Held {
  void* block;
  uint64_t bytes;
  uint32_t cookie;
};

/** Allocates, resizes and frees at random; every block must hold at its end what was written. */
void work(ep_pool* pool, uint64_t seed, int operations, std::atomic<uint32_t>* damaged) {
  std::mt19937_64 random(seed);
  std::vector<Held> held;
  for (int i = 0; i < operations; ++i) {
    const uint64_t dice = random() % 10;
    const uint64_t bytes = random() % (uint64_t{1} << (random() % 12 + 1));
    const auto cookie = static_cast<uint32_t>(random());
    if (dice < 5 || held.empty()) {
      void* block = ep_pool_alloc(pool, bytes, size_t{16} << random() % 5);
      if (block == nullptr) continue;
      fill(block, bytes, cookie);
      held.push_back({block, bytes, cookie});
      continue;
    }
    Held& chosen = held[random() % held.size()];
    if (!filled(chosen.block, chosen.bytes, chosen.cookie)) damaged->fetch_add(1);
    if (dice < 7) {
      void* moved = ep::pool_resize(pool, chosen.block, bytes);
      if (moved == nullptr) continue;
      fill(moved, bytes, cookie);
      chosen = {moved, bytes, cookie};
    } else {
      ep_pool_free(pool, chosen.block);
      chosen = held.back();
      held.pop_back();
    }
  }
  for (const Held& last : held) {
    if (!filled(last.block, last.bytes, last.cookie)) damaged->fetch_add(1);
    ep_pool_free(pool, last.block);
  }
}

TEST(PoolThreads, ShareOnePoolWithoutDamage) {
  const uint64_t seed = test_seed();
  const RegionHandle region = make_region(8 * kMib);
  // Small enough that threads are refused now and then.
  const PoolHandle pool = make_pool(region, "shared", 128 * kKib);
  std::atomic<uint32_t> damaged{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back(work, pool.get(), seed + static_cast<uint64_t>(i), 20000, &damaged);
  }
  std::thread prover([&] {
    ep_error error{};
    while (!stop.load()) {
      EXPECT_EQ(ep_pool_check(pool.get(), &error), EP_OK) << error.message;
      stats_of(pool);
      stats_of(region);
      std::this_thread::yield();
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop.store(true);
  prover.join();
  EXPECT_EQ(damaged.load(), 0u);
  EXPECT_GT(stats_of(pool).failures, 0u);
  EXPECT_EQ(stats_of(pool).live_blocks, 0u);
  expect_sound(pool);
}

TEST(PoolThreads, MakeGrowAndDestroyPoolsSideBySide) {
  const uint64_t seed = test_seed();
  const RegionHandle region = make_region(16 * kMib);
  std::atomic<uint32_t> damaged{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 30; ++round) {
        const PoolHandle pool = make_pool(region, "own", 2 * kMib);
        work(pool.get(), seed + static_cast<uint64_t>(i * 1000 + round), 300, &damaged);
        EXPECT_EQ(ep_pool_alloc(pool.get(), 3 * kMib, 16), nullptr);
        EXPECT_GT(ep::pool_refusal(pool.get()).largest_free_bytes, 1 * kMib);
        void* block = ep_pool_alloc(pool.get(), 100, 16);
        EXPECT_EQ(ep::pool_of(block), pool.get());
        ep_pool_free(pool.get(), block);
        EXPECT_EQ(ep_pool_reset(pool.get(), nullptr), EP_OK);
        expect_sound(pool);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(damaged.load(), 0u);
  EXPECT_EQ(stats_of(region).assigned_bytes, 0u);
  EXPECT_EQ(stats_of(region).mappings, 0u);
}

TEST(PoolThreads, BlocksMayBeFreedByAnotherThread) {
  const RegionHandle region = make_region(4 * kMib);
  const PoolHandle pool = make_pool(region, "handed over", 1 * kMib);
  constexpr int kBlocks = 2000;
  std::vector<std::atomic<void*>> handed(kBlocks);
  std::thread giver([&] {
    for (uint32_t i = 0; i < kBlocks; ++i) {
      void* block = ep_pool_alloc(pool.get(), 100, 16);
      fill(block, 100, i);
      handed[i].store(block, std::memory_order_release);
    }
  });
  for (uint32_t i = 0; i < kBlocks; ++i) {
    void* block = nullptr;
    while ((block = handed[i].load(std::memory_order_acquire)) == nullptr) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(filled(block, 100, i));
    ep_pool_free(pool.get(), block);
  }
  giver.join();
  EXPECT_EQ(stats_of(pool).live_blocks, 0u);
  expect_sound(pool);
}

}  // namespace

// A pool that is parked, packed, sent elsewhere and restored: the same bytes at the same addresses,
// whatever became of its memory meanwhile.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "memory_support.hpp"
#include "pool_state.hpp"

namespace {

using namespace ep_test;

struct Block {
  void* at;
  uint64_t bytes;
  uint32_t cookie;
};

/** A pool, what lives in it and what must be found there. */
class Tenant {
 public:
  Tenant(const RegionHandle& region, uint64_t quota_bytes, uint64_t seed)
      : random_(seed), pool_(make_pool(region, "tenant", quota_bytes)) {}

  /** Allocates and frees at random, so that holes of all sizes come and go. */
  void live(int operations) {
    for (int i = 0; i < operations; ++i) {
      if (random_() % 5 < 3 || blocks_.empty()) {
        const uint64_t bytes = random_() % (uint64_t{1} << (random_() % 14 + 4));
        void* const block = ep_pool_alloc(pool_.get(), bytes, uint64_t{16} << random_() % 4);
        if (block == nullptr) continue;
        blocks_.push_back({block, bytes, static_cast<uint32_t>(random_())});
        fill(block, bytes, blocks_.back().cookie);
      } else {
        std::swap(blocks_[random_() % blocks_.size()], blocks_.back());
        ep_pool_free(pool_.get(), blocks_.back().at);
        blocks_.pop_back();
      }
    }
  }
  void park() {
    expect_sound(pool_);
    before_ = stats_of(pool_);
    ep_error error{};
    EXPECT_EQ(pool_->park({}, &error), EP_OK) << error.message;
  }
  int32_t restore(ep_error* error, uint64_t* moved_bytes = nullptr) {
    uint64_t moved = 0;
    const int32_t status = pool_->restore(&moved, error);
    if (moved_bytes != nullptr) *moved_bytes = moved;
    return status;
  }
  void expect_restored() {
    ep_error error{};
    ASSERT_EQ(restore(&error), EP_OK) << error.message;
    expect_intact();
  }
  void expect_intact() {
    expect_sound(pool_);
    for (const Block& block : blocks_) {
      ASSERT_TRUE(filled(block.at, block.bytes, block.cookie)) << block.bytes;
    }
    const ep_pool_stats after = stats_of(pool_);
    EXPECT_EQ(after.mapped_bytes, before_.mapped_bytes);
    EXPECT_EQ(after.live_bytes, before_.live_bytes);
    EXPECT_EQ(after.free_bytes, before_.free_bytes);
    EXPECT_EQ(after.largest_free_bytes, before_.largest_free_bytes);
  }
  std::vector<uint8_t> read_away(uint64_t piece_bytes) {
    pool_->pack();
    std::vector<uint8_t> bytes(parking().packed_bytes);
    ep_error error{};
    for (uint64_t at = 0; at < bytes.size(); at += piece_bytes) {
      const uint64_t part = std::min<uint64_t>(piece_bytes, bytes.size() - at);
      EXPECT_EQ(pool_->read_packed(at, bytes.data() + at, part, &error), EP_OK) << error.message;
    }
    EXPECT_EQ(pool_->send_away(&error), EP_OK) << error.message;
    return bytes;
  }
  void write_back(const std::vector<uint8_t>& bytes, uint64_t piece_bytes) {
    ep_error error{};
    for (uint64_t at = 0; at < bytes.size(); at += piece_bytes) {
      const uint64_t part = std::min<uint64_t>(piece_bytes, bytes.size() - at);
      ASSERT_EQ(pool_->write_packed(at, bytes.data() + at, part, &error), EP_OK) << error.message;
    }
  }
  ep_parking parking() const {
    ep_parking parking{};
    pool_->get_parking(&parking);
    return parking;
  }
  ep_pool* pool() const { return pool_.get(); }
  const PoolHandle& handle() const { return pool_; }

 private:
  std::mt19937_64 random_;
  PoolHandle pool_;
  std::vector<Block> blocks_;
  ep_pool_stats before_{};
};

/** Writes a pattern over every free chunk of the region. */
void overwrite_free_chunks(const RegionHandle& region) {
  const uint64_t free = stats_of(region).unassigned_bytes;
  if (free == 0) return;
  const PoolHandle other = make_pool(region, "other", free, free);
  void* const block = ep_pool_alloc(other.get(), free - 16 * kKib, 16);
  ASSERT_NE(block, nullptr);
  std::memset(block, 0xa5, free - 16 * kKib);
}

/** Every second chunk of a part of the region, so that what comes next is scattered. */
std::vector<PoolHandle> scatter(const RegionHandle& region, int chunks) {
  std::vector<PoolHandle> pools;
  for (int i = 0; i < chunks; ++i) {
    pools.push_back(make_pool(region, "tooth", 16 * kKib, 16 * kKib));
  }
  for (size_t i = 0; i < pools.size(); i += 2) pools[i].reset();
  return pools;
}

TEST(PoolPark, WhereNobodyNeedsTheMemoryNothingIsMappedMovedOrGivenBack) {
  const RegionHandle region = make_region(8 * kMib);
  Tenant tenant(region, 4 * kMib, test_seed());
  tenant.live(400);
  const ep_region_stats before = stats_of(region);
  tenant.park();
  EXPECT_EQ(tenant.parking().residence, EP_PARKED);
  EXPECT_EQ(stats_of(region).unassigned_bytes, before.unassigned_bytes);
  EXPECT_EQ(stats_of(region).mappings, before.mappings);
  ep_error error{};
  uint64_t moved = 1;
  ASSERT_EQ(tenant.restore(&error, &moved), EP_OK) << error.message;
  EXPECT_EQ(moved, 0u);
  tenant.expect_intact();
}

/** By how the region compresses. */
class PackedPool : public testing::TestWithParam<uint32_t> {
 protected:
  /** What compressing takes comes on top. */
  static RegionHandle compressing_region(uint64_t capacity_bytes) {
    RegionHandle region = make_region(capacity_bytes + kept_bytes());
    ep_error error{};
    EXPECT_EQ(ep_region_compress(region.get(), GetParam(), &error), EP_OK) << error.message;
    return region;
  }
  /** Compressing takes longer than all else here. */
  static int rounds(int plain) { return GetParam() == EP_COMPRESSION_NONE ? plain : plain / 4; }
  static uint64_t kept_bytes() {
    return GetParam() == EP_COMPRESSION_NONE ? 0 : EP_COMPRESSION_BYTES;
  }
};
INSTANTIATE_TEST_SUITE_P(Compressions, PackedPool,
                         testing::Values(EP_COMPRESSION_NONE, EP_COMPRESSION_LZ4,
                                         EP_COMPRESSION_ZSTD));

TEST_P(PackedPool, IsRestoredAndUsedManyTimesWhileOthersWriteOverItsChunks) {
  const uint64_t seed = test_seed();
  const RegionHandle region = compressing_region(8 * kMib);
  const std::vector<PoolHandle> teeth = scatter(region, 100);
  Tenant tenant(region, 4 * kMib, seed);
  for (int round = 0; round < rounds(25); ++round) {
    tenant.live(150);
    tenant.park();
    const uint64_t spare = tenant.pool()->spare_bytes();
    const uint64_t whole = tenant.parking().packed_bytes;
    const uint64_t given_back = tenant.pool()->pack();
    EXPECT_EQ(tenant.parking().residence, EP_PACKED);
    EXPECT_EQ(tenant.parking().live_bytes, whole);
    EXPECT_LT(tenant.parking().held_bytes, tenant.parking().packed_bytes + 16 * kKib);
    if (GetParam() == EP_COMPRESSION_NONE) {
      EXPECT_EQ(given_back, spare);
      EXPECT_EQ(tenant.parking().packed_bytes, whole);
    } else {
      EXPECT_LT(given_back, spare);
      EXPECT_LT(tenant.parking().packed_bytes, whole / 2);
    }
    overwrite_free_chunks(region);
    tenant.expect_restored();
  }
}

TEST_P(PackedPool, ComesBackFromElsewhereIntoOtherChunks) {
  const uint64_t seed = test_seed();
  const RegionHandle region = compressing_region(8 * kMib);
  const std::vector<PoolHandle> teeth = scatter(region, 100);
  std::mt19937_64 random(seed);
  Tenant tenant(region, 4 * kMib, seed);
  for (int round = 0; round < rounds(25); ++round) {
    tenant.live(150);
    tenant.park();
    const uint64_t piece = random() % (256 * kKib) + 4096;
    const std::vector<uint8_t> bytes = tenant.read_away(piece);
    EXPECT_EQ(tenant.parking().residence, EP_AWAY);
    EXPECT_EQ(tenant.parking().held_bytes, 0u);
    overwrite_free_chunks(region);
    ep_error error{};
    EXPECT_EQ(tenant.restore(&error), EP_E_STATE);
    const PoolHandle before = make_pool(region, "in front", 1 * kMib, random() % kMib + 1);
    if (round % 3 == 0) tenant.write_back({bytes.begin(), bytes.begin() + 100}, piece);
    tenant.write_back(bytes, piece);
    tenant.expect_restored();
  }
}

TEST(PoolPark, ReadsAndWritesOnlyWhatThereIs) {
  const RegionHandle region = make_region(8 * kMib);
  Tenant tenant(region, 2 * kMib, 1);
  tenant.live(100);
  std::vector<uint8_t> piece(16);
  ep_error error{};
  EXPECT_EQ(tenant.pool()->read_packed(0, piece.data(), 16, &error), EP_E_STATE);
  tenant.park();
  EXPECT_EQ(tenant.pool()->read_packed(0, piece.data(), 16, &error), EP_E_STATE);
  EXPECT_EQ(tenant.pool()->send_away(&error), EP_E_STATE);
  EXPECT_EQ(tenant.pool()->write_packed(0, piece.data(), 16, &error), EP_E_STATE);
  tenant.pool()->pack();
  const uint64_t bytes = tenant.parking().packed_bytes;
  EXPECT_EQ(tenant.pool()->read_packed(bytes - 15, piece.data(), 16, &error), EP_E_ARGUMENT);
  EXPECT_EQ(tenant.pool()->read_packed(bytes - 16, piece.data(), 16, &error), EP_OK);
  const std::vector<uint8_t> all = tenant.read_away(64 * kKib);
  EXPECT_EQ(tenant.pool()->write_packed(16, piece.data(), 16, &error), EP_E_ARGUMENT);
  EXPECT_EQ(tenant.pool()->write_packed(0, piece.data(), bytes + 1, &error), EP_E_ARGUMENT);
  tenant.write_back(all, 64 * kKib);
  tenant.expect_restored();
}

TEST(PoolPark, RefusesEveryUseAndTellsHowItWas) {
  const RegionHandle region = make_region(8 * kMib);
  Tenant tenant(region, 4 * kMib, 2);
  tenant.live(300);
  const ep_pool_stats before = stats_of(tenant.handle());
  tenant.park();
  ep_pool* const pool = tenant.pool();
  ep_error error{};
  EXPECT_EQ(pool->park({}, &error), EP_E_STATE);
  for (int packed = 0; packed < 2; ++packed) {
    EXPECT_EQ(ep_pool_alloc(pool, 16, 16), nullptr);
    EXPECT_EQ(ep_pool_check(pool, &error), EP_E_STATE);
    EXPECT_STREQ(error.message, "pool tenant: is parked; restore its model first");
    EXPECT_EQ(ep_pool_grow(pool, 4 * kMib, &error), EP_E_STATE);
    EXPECT_EQ(ep_pool_set_quota(pool, 4 * kMib, &error), EP_E_STATE);
    EXPECT_EQ(ep_pool_trim(pool, 0, &error), EP_OK);
    EXPECT_EQ(ep_pool_blocks(pool, nullptr, 0), 0u);
    EXPECT_EQ(stats_of(tenant.handle()).live_bytes, before.live_bytes);
    EXPECT_EQ(stats_of(tenant.handle()).allocations, before.allocations);
    pool->pack();
  }
  tenant.expect_restored();
  EXPECT_EQ(tenant.restore(&error), EP_E_STATE);
}

TEST(PoolPark, MemoryThatIsNeededIsTakenFromWhatLiesParked) {
  const RegionHandle region = make_region(16 * kMib);
  std::vector<std::unique_ptr<Tenant>> tenants;
  for (uint64_t i = 0; i < 3; ++i) {
    tenants.push_back(std::make_unique<Tenant>(region, 4 * kMib, i + 10));
    ep_pool_grow(tenants[i]->pool(), 4 * kMib, nullptr);
    tenants[i]->live(200);
    tenants[i]->park();
  }
  const uint64_t free = stats_of(region).unassigned_bytes;
  const uint64_t spare = tenants[0]->pool()->spare_bytes();
  ASSERT_GT(spare, 64 * kKib);
  {
    const PoolHandle fits = make_pool(region, "fits", free, free);
    EXPECT_EQ(tenants[0]->parking().residence, EP_PARKED);
  }
  {
    const PoolHandle needs = make_pool(region, "needs", free + spare, free + spare);
    EXPECT_EQ(tenants[0]->parking().residence, EP_PACKED);
    EXPECT_EQ(tenants[1]->parking().residence, EP_PARKED);
    void* const block = ep_pool_alloc(needs.get(), free + spare - 16 * kKib, 16);
    ASSERT_NE(block, nullptr);
    std::memset(block, 0xa5, free + spare - 16 * kKib);
  }
  for (const auto& tenant : tenants) tenant->expect_restored();
}

TEST(PoolPark, MemoryThatPackingAloneWouldNotGiveIsFoundByCompressing) {
  const RegionHandle region = make_region(16 * kMib);
  ASSERT_EQ(ep_region_compress(region.get(), EP_COMPRESSION_LZ4, nullptr), EP_OK);
  std::vector<std::unique_ptr<Tenant>> tenants;
  uint64_t without = 0;
  for (uint64_t i = 0; i < 3; ++i) {
    tenants.push_back(std::make_unique<Tenant>(region, 4 * kMib, i + 10));
    ep_pool_grow(tenants[i]->pool(), 4 * kMib, nullptr);
    tenants[i]->live(400);
    tenants[i]->park();
    without += 4 * kMib - tenants[i]->parking().live_bytes;
  }
  const uint64_t wanted = stats_of(region).unassigned_bytes + without + 256 * kKib;
  {
    const PoolHandle needs = make_pool(region, "needs", wanted, wanted);
    for (const auto& tenant : tenants) EXPECT_EQ(tenant->parking().residence, EP_PACKED);
  }
  for (const auto& tenant : tenants) tenant->expect_restored();
}

TEST(PoolPark, NothingIsPackedWhereAllOfItWouldNotDo) {
  const RegionHandle region = make_region(8 * kMib);
  Tenant tenant(region, 4 * kMib, 3);
  tenant.live(300);
  tenant.park();
  const uint64_t most = stats_of(region).unassigned_bytes + tenant.pool()->spare_bytes();
  const ep_pool_options options = pool_options("too large", 8 * kMib, most + 16 * kKib);
  ep_pool* refused = nullptr;
  ep_error error{};
  EXPECT_EQ(ep_pool_create(region.get(), &options, &refused, &error), EP_E_REGION_FULL);
  EXPECT_EQ(tenant.parking().residence, EP_PARKED);
  tenant.expect_restored();
}

TEST(PoolPark, StaysPackedWhereTheRegionIsFullAndIsRestoredLater) {
  const RegionHandle region = make_region(8 * kMib);
  Tenant tenant(region, 4 * kMib, 4);
  tenant.live(300);
  ep_pool_grow(tenant.pool(), 4 * kMib, nullptr);
  tenant.park();
  ASSERT_GT(tenant.pool()->pack(), 0u);
  {
    const uint64_t free = stats_of(region).unassigned_bytes;
    const PoolHandle other = make_pool(region, "other", free, free);
    ep_error error{};
    EXPECT_EQ(tenant.restore(&error), EP_E_REGION_FULL);
    EXPECT_GT(error.requested_bytes, 0u);
    EXPECT_EQ(tenant.parking().residence, EP_PACKED);
  }
  tenant.expect_restored();
}

TEST(PoolPark, StaysAwayWhereTheRegionIsFullAndComesBackLater) {
  const RegionHandle region = make_region(8 * kMib);
  Tenant tenant(region, 4 * kMib, 5);
  tenant.live(300);
  tenant.park();
  const std::vector<uint8_t> bytes = tenant.read_away(64 * kKib);
  {
    const uint64_t free = stats_of(region).unassigned_bytes;
    const PoolHandle other = make_pool(region, "other", free, free);
    ep_error error{};
    EXPECT_EQ(tenant.pool()->write_packed(0, bytes.data(), 1, &error), EP_E_REGION_FULL);
    EXPECT_EQ(tenant.parking().residence, EP_AWAY);
    EXPECT_EQ(tenant.parking().held_bytes, 0u);
  }
  tenant.write_back(bytes, 64 * kKib);
  tenant.expect_restored();
}

TEST_P(PackedPool, IsParkedAndRestoredBesideOthersWhileMemoryIsShort) {
  const uint64_t seed = test_seed();
  const RegionHandle region = compressing_region(16 * kMib);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      Tenant tenant(region, 4 * kMib, seed + i);
      ep_pool_grow(tenant.pool(), 4 * kMib, nullptr);
      for (int round = 0; round < rounds(40); ++round) {
        tenant.live(60);
        tenant.park();
        std::this_thread::yield();
        ep_error error{};
        // Full for as long as the hungry one holds what it has taken.
        while (tenant.restore(&error) == EP_E_REGION_FULL) std::this_thread::yield();
        tenant.expect_intact();
      }
    });
  }
  std::thread hungry([&] {
    while (!stop.load()) {
      const uint64_t wanted = stats_of(region).unassigned_bytes + 64 * kKib;
      const ep_pool_options options = pool_options("hungry", wanted, wanted);
      ep_pool* pool = nullptr;
      if (ep_pool_create(region.get(), &options, &pool, nullptr) != EP_OK) continue;
      void* const block = ep_pool_alloc(pool, wanted - 16 * kKib, 16);
      if (block != nullptr) std::memset(block, 0xa5, wanted - 16 * kKib);
      ep_pool_destroy(pool, nullptr);
    }
  });
  for (std::thread& thread : threads) thread.join();
  stop.store(true);
  hungry.join();
  EXPECT_EQ(stats_of(region).assigned_bytes, kept_bytes());
}

}  // namespace

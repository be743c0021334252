#include "ring.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

#include "frames_fixture.hpp"

namespace {

using ep_test::FramesPool;
using ep_test::kMiB;
using ep_test::Ring;

TEST(Ring, GivesEachSlotAligned64BytesOfItsOwn) {
  FramesPool pool;
  Ring ring(pool.get(), 4, 1000);
  for (uint32_t a = 0; a < 4; ++a) {
    const uint8_t* const slot = static_cast<uint8_t*>(ep_ring_slot(ring.get(), a));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(slot) % 64, 0u);
    for (uint32_t b = 0; b < a; ++b) {
      const uint8_t* const other = static_cast<uint8_t*>(ep_ring_slot(ring.get(), b));
      EXPECT_GE(std::abs(slot - other), 1000);
    }
  }
  EXPECT_EQ(ep_ring_slot(ring.get(), 4), nullptr);
}

TEST(Ring, TakesASlotFromFreeToHeldAndBack) {
  FramesPool pool;
  Ring ring(pool.get(), 2, 64);
  const uint32_t slot = ring.get()->begin_fill();
  EXPECT_EQ(ep_ring_held(ring.get()), 1u);
  EXPECT_EQ(ep_ring_retain(ring.get(), slot), EP_E_STATE) << "a slot being filled has no holder";
  EXPECT_EQ(ep_ring_release(ring.get(), slot), EP_E_STATE);
  ring.get()->publish(slot);
  EXPECT_EQ(ep_ring_retain(ring.get(), slot), EP_OK);
  EXPECT_EQ(ep_ring_release(ring.get(), slot), EP_OK);
  EXPECT_EQ(ep_ring_held(ring.get()), 1u);
  EXPECT_EQ(ep_ring_release(ring.get(), slot), EP_OK);
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
  EXPECT_EQ(ep_ring_release(ring.get(), slot), EP_E_STATE) << "nobody holds it any more";
  EXPECT_EQ(ep_ring_retain(ring.get(), 2), EP_E_STATE) << "there is no such slot";
}

TEST(Ring, FillsTheSlotThatHasBeenFreeTheLongest) {
  FramesPool pool;
  Ring ring(pool.get(), 3, 64);
  for (uint32_t i = 0; i < 3; ++i) ring.get()->publish(ring.get()->begin_fill());
  EXPECT_EQ(ring.get()->begin_fill(), ep_ring::kNoSlot);
  for (const uint32_t slot : {1u, 2u, 0u}) ring.get()->release(slot);
  for (const uint32_t slot : {1u, 2u, 0u}) {
    EXPECT_EQ(ring.get()->begin_fill(), slot);
    ring.get()->abandon(slot);
  }
}

TEST(Ring, IsNotDestroyedWhileASlotIsInUse) {
  FramesPool pool;
  Ring ring(pool.get(), 2, 64);
  const uint32_t slot = ring.get()->begin_fill();
  ep_error error = {};
  EXPECT_EQ(ep_ring_destroy(ring.get(), &error), EP_E_BUSY);
  ring.get()->publish(slot);
  EXPECT_EQ(ep_ring_destroy(ring.get(), &error), EP_E_BUSY);
  EXPECT_EQ(ep_pool_destroy(pool.get(), &error), EP_E_BUSY) << "the ring lives in it";
  ring.get()->release(slot);
}

TEST(Ring, ThatDoesNotFitSaysWhatWasAskedForAndWhatThereWas) {
  FramesPool pool(4 * kMiB);
  ep_ring* ring = nullptr;
  ep_error error = {};
  EXPECT_EQ(ep_ring_create(pool.get(), 4, 2 * kMiB, &ring, &error), EP_E_POOL_FULL);
  EXPECT_EQ(error.requested_bytes, 2 * kMiB);
  EXPECT_LT(error.largest_free_bytes, 2 * kMiB);
  EXPECT_NE(std::string(error.message).find("pool frames"), std::string::npos) << error.message;
}

TEST(Ring, RefusesSizesOutOfRange) {
  FramesPool pool;
  ep_ring* ring = nullptr;
  EXPECT_EQ(ep_ring_create(pool.get(), 0, 64, &ring, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(ep_ring_create(pool.get(), 257, 64, &ring, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(ep_ring_create(pool.get(), 2, 0, &ring, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(ep_ring_create(pool.get(), 2, UINT64_MAX, &ring, nullptr), EP_E_ARGUMENT);
}

TEST(Ring, GrowsHeldSlotsInPlaceAndGivesBackWhatFreeOnesHave) {
  FramesPool pool;
  Ring ring(pool.get(), 3, kMiB);
  ep_region_stats small;
  ep_region_get_stats(pool.region(), &small);
  uint8_t* pixels[3];
  for (uint32_t i = 0; i < 3; ++i) pixels[i] = ring.get()->pixels(i);
  const uint32_t held = ring.get()->begin_fill();
  ring.get()->publish(held);
  std::memset(pixels[held], 77, kMiB);
  ep_error error = {};
  ASSERT_EQ(ep_ring_fit(ring.get(), 3 * kMiB, &error), EP_OK) << error.message;
  ep_region_stats large;
  ep_region_get_stats(pool.region(), &large);
  EXPECT_EQ(large.mapped_bytes - small.mapped_bytes, 6 * kMiB);
  for (uint32_t i = 0; i < 3; ++i) {
    ASSERT_EQ(ring.get()->pixels(i), pixels[i]) << "a pointer moved";
    EXPECT_EQ(ring.get()->capacity(i), 3 * kMiB);
  }
  EXPECT_EQ(std::count(pixels[held], pixels[held] + kMiB, 77), static_cast<ptrdiff_t>(kMiB));
  std::memset(pixels[held], 78, 3 * kMiB);
  ASSERT_EQ(ep_ring_fit(ring.get(), kMiB, &error), EP_OK) << error.message;
  EXPECT_EQ(ring.get()->capacity(held), 3 * kMiB) << "it was in use";
  ring.get()->release(held);
  for (int tries = 0; tries < 500 && ring.get()->capacity(held) > kMiB; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(ring.get()->capacity(held), kMiB);
  ep_region_stats after;
  ep_region_get_stats(pool.region(), &after);
  EXPECT_EQ(after.mapped_bytes, small.mapped_bytes);
  ASSERT_EQ(ep_ring_fit(ring.get(), 2 * kMiB, &error), EP_OK) << error.message;
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_EQ(ring.get()->capacity(held), 2 * kMiB) << "the former size is not held on to";
}

TEST(Ring, ThatCannotGrowKeepsItsSizeAndSaysWhatThereWas) {
  FramesPool pool(8 * kMiB);
  Ring ring(pool.get(), 3, kMiB);
  ep_error error = {};
  EXPECT_EQ(ep_ring_fit(ring.get(), 4 * kMiB, &error), EP_E_POOL_FULL);
  EXPECT_EQ(error.requested_bytes, 4 * kMiB);
  EXPECT_NE(std::string(error.message).find("pool frames"), std::string::npos) << error.message;
  for (uint32_t i = 0; i < 3; ++i) EXPECT_EQ(ring.get()->capacity(i), kMiB);
  EXPECT_EQ(ep_ring_fit(ring.get(), 64 * kMiB, &error), EP_E_ARGUMENT) << error.message;
}

// Two fillers, three readers that retain on their own account: what a holder sees never changes.
TEST(Ring, KeepsHeldPixelsUnchangedUnderConcurrentFillersAndHolders) {
  constexpr uint64_t kSlotBytes = 256;
  constexpr uint32_t kFrames = 3000;
  FramesPool pool;
  Ring ring(pool.get(), 4, kSlotBytes);
  std::atomic<uint32_t> fillers_left{2};
  std::atomic<uint64_t> torn{0};
  std::atomic<uint64_t> seen{0};
  const auto is_whole = [&](uint32_t slot) {
    const uint8_t* const pixels = ring.get()->pixels(slot);
    for (uint64_t i = 1; i < kSlotBytes; ++i) {
      if (pixels[i] != pixels[0]) return false;
    }
    return true;
  };
  std::vector<std::thread> threads;
  for (uint32_t filler = 0; filler < 2; ++filler) {
    threads.emplace_back([&, filler] {
      for (uint32_t frame = 0; frame < kFrames; ++frame) {
        const uint32_t slot = ring.get()->begin_fill();
        if (slot == ep_ring::kNoSlot) {
          std::this_thread::yield();
          continue;
        }
        std::memset(ring.get()->pixels(slot), static_cast<int>(frame * 2 + filler), kSlotBytes);
        ring.get()->publish(slot);
        std::this_thread::yield();
        if (!is_whole(slot)) ++torn;
        ring.get()->release(slot);
      }
      --fillers_left;
    });
  }
  for (uint32_t reader = 0; reader < 3; ++reader) {
    threads.emplace_back([&, reader] {
      for (uint32_t turn = reader; fillers_left > 0; ++turn) {
        const uint32_t slot = turn % 4;
        if (!ring.get()->retain(slot)) {
          std::this_thread::yield();
          continue;
        }
        if (!is_whole(slot)) ++torn;
        ++seen;
        ring.get()->release(slot);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0u);
  EXPECT_GT(seen, 0u);
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
}

}  // namespace

#include "heap.hpp"

#include <deque>

#include "heap_support.hpp"

namespace {

using namespace ep_test;
using ep::Heap;

constexpr ep::End kEnds[] = {ep::End::any, ep::End::low, ep::End::high};
constexpr size_t kAlignments[] = {16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

void run_to_refusals(uint64_t seed, size_t heap_bytes, int wanted) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  ShadowedHeap heap(heap_bytes);
  int refusals = 0;
  while (refusals < wanted && !testing::Test::HasFailure()) {
    const uint64_t dice = random() % 100;
    if (dice < 55 || heap.size() == 0) {
      const size_t most = size_t{1} << (random() % 13 + 1);
      const size_t alignment = kAlignments[random() % 9];
      if (!heap.allocate(random() % most, alignment, kEnds[random() % 3])) refusals += 1;
    } else if (dice < 90) {
      heap.free(random() % heap.size());
    } else {
      heap.resize(random() % heap.size(), random() % 2048);
    }
  }
  heap.free_all(random);
  EXPECT_EQ(refusals, wanted);
}

TEST(Heap, HoldsEveryInvariantThroughAThousandRefusalsOnSeveralSeeds) {
  for (uint64_t seed = 1; seed <= 4; ++seed) run_to_refusals(seed, 65536, 1000);
  run_to_refusals(test_seed(), 65536, 1000);
}

TEST(Heap, HoldsEveryInvariantInTheSmallestHeap) {
  run_to_refusals(test_seed(), Heap::needed_bytes(0, 16), 1000);
  run_to_refusals(test_seed(), Heap::needed_bytes(0, 16) + 16, 1000);
}

TEST(Heap, GivesEveryAlignmentWhateverLiesBefore) {
  const Arena arena(1 << 20);
  Heap* heap = arena.heap(arena.bytes());
  for (size_t before = 0; before < 300; before += 7) {
    for (const size_t alignment : kAlignments) {
      void* first = heap->allocate(before, 16);
      void* second = heap->allocate(100, alignment);
      ASSERT_NE(second, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(second) % alignment, 0u);
      EXPECT_EQ(heap->check(), nullptr);
      heap->free(first);
      heap->free(second);
    }
  }
  EXPECT_EQ(blocks_of(heap).size(), 1u);
}

TEST(Heap, RefusesWhatNoHeapCanHold) {
  const Arena arena(65536);
  Heap* heap = arena.heap(arena.bytes());
  for (const size_t bytes : {size_t{65536}, size_t{1} << 36, SIZE_MAX - 7, SIZE_MAX}) {
    EXPECT_EQ(heap->allocate(bytes, 16), nullptr);
    EXPECT_EQ(heap->allocate(bytes, 4096), nullptr);
  }
  EXPECT_EQ(heap->allocate(16, size_t{1} << 40), nullptr);
  EXPECT_EQ(heap->allocate(16, size_t{1} << 63), nullptr);
  EXPECT_EQ(Heap::needed_bytes(SIZE_MAX, 16), SIZE_MAX);
  EXPECT_EQ(heap->growth_needed(SIZE_MAX, 16), SIZE_MAX);
  EXPECT_EQ(heap->check(), nullptr);
}

TEST(Heap, NeedsExactlyWhatItSays) {
  const Arena arena(1 << 20);
  std::mt19937_64 random(test_seed());
  EXPECT_EQ(arena.heap(Heap::needed_bytes(0, 16) - 16), nullptr);
  for (int i = 0; i < 500; ++i) {
    const size_t bytes = random() % 20000;
    Heap* exact = arena.heap(Heap::needed_bytes(bytes, 16));
    EXPECT_NE(exact->allocate(bytes, 16), nullptr) << bytes;
    if (Heap* less = arena.heap(Heap::needed_bytes(bytes, 16) - 16)) {
      EXPECT_EQ(less->allocate(bytes, 16), nullptr) << bytes;
    }
    const size_t alignment = kAlignments[random() % 9];
    Heap* aligned = arena.heap(Heap::needed_bytes(bytes, alignment));
    EXPECT_NE(aligned->allocate(bytes, alignment), nullptr) << bytes << " at " << alignment;
  }
}

/** Allocates and frees at random until the heap is well scattered. */
std::vector<void*> scatter(Heap* heap, std::mt19937_64& random) {
  std::vector<void*> live;
  for (int i = 0; i < 400; ++i) {
    if (random() % 3 != 0 || live.empty()) {
      void* block = heap->allocate(random() % 3000, 16);
      if (block != nullptr) live.push_back(block);
    } else {
      std::swap(live[random() % live.size()], live.back());
      heap->free(live.back());
      live.pop_back();
    }
  }
  return live;
}

TEST(Heap, SaysTheLargestAllocationThatSucceeds) {
  const Arena arena(1 << 18);
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 100; ++i) {
    Heap* heap = arena.heap(arena.bytes());
    scatter(heap, random);
    size_t largest_block = 0;
    for (const HeapBlock& block : blocks_of(heap)) {
      if (!block.used) largest_block = std::max(largest_block, block.bytes);
    }
    const size_t largest = heap->stats().largest_free_bytes;
    EXPECT_EQ(largest, largest_block == 0 ? 0 : largest_block - 8);
    EXPECT_EQ(heap->allocate(largest + 1, 16), nullptr);
    if (largest != 0) {
      EXPECT_NE(heap->allocate(largest, 16), nullptr);
    }
    EXPECT_EQ(heap->check(), nullptr);
  }
}

/** Scratch memory that grows by taking the larger piece before the smaller one is freed, the sizes
 *  those of a quantised network's first run. Its last two pieces are all there is room for. */
TEST(Heap, GrowingPiecesFitIntoWhatTheLastTwoTake) {
  constexpr size_t kPieces[] = {454656, 452608, 907264, 1291264, 2198528};
  for (const size_t alignment : {16, 64}) {
    const Arena arena(4 << 20);
    Heap* heap = arena.heap(Heap::overhead_bytes() + 1291264 + 2198528 + 4 * 64);
    void* before = nullptr;
    for (const size_t bytes : kPieces) {
      void* piece = heap->allocate(bytes, alignment);
      ASSERT_NE(piece, nullptr) << bytes << " aligned to " << alignment;
      EXPECT_EQ(reinterpret_cast<uintptr_t>(piece) % alignment, 0u);
      EXPECT_EQ(heap->check(), nullptr);
      if (before != nullptr) heap->free(before);
      before = piece;
    }
    EXPECT_LE(blocks_of(heap).size(), 3u) << "what is free lies in one piece";
  }
}

TEST(Heap, LeavesOnePieceFreeBetweenWhatStaysAndWhatGoes) {
  const uint64_t seed = test_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Arena arena(1 << 20);
  Heap* const heap = arena.heap(1 << 20);
  std::vector<char*> staying;
  std::deque<char*> going;
  for (int i = 0; i < 2000; ++i) {
    const size_t alignment = kAlignments[random() % 3];
    const bool stays = random() % 4 == 0;
    void* const block =
        heap->allocate(random() % 400, alignment, stays ? ep::End::low : ep::End::high);
    ASSERT_NE(block, nullptr);
    if (stays) {
      staying.push_back(static_cast<char*>(block));
    } else {
      going.push_back(static_cast<char*>(block));
    }
    if (going.size() > 40) {
      heap->free(going.front());
      going.pop_front();
    }
  }
  EXPECT_LT(*std::max_element(staying.begin(), staying.end()),
            *std::min_element(going.begin(), going.end()));
  for (char* block : going) heap->free(block);
  EXPECT_EQ(heap->check(), nullptr);
  // Gaps in front of aligned blocks may be left, of no more than an alignment each.
  const ep::HeapStats stats = heap->stats();
  EXPECT_EQ(stats.largest_free_bytes, heap->tail_bytes() - 8);
  EXPECT_LT(stats.free_bytes - stats.largest_free_bytes, 64 * staying.size());
}

TEST(Heap, GrowsByExactlyWhatAnAllocationNeeds) {
  const Arena arena(1 << 20);
  std::mt19937_64 random(test_seed());
  for (int i = 0; i < 200; ++i) {
    const size_t start = 65536;
    Heap* heap = arena.heap(start);
    scatter(heap, random);
    const size_t bytes = random() % 100000;
    const size_t alignment = kAlignments[random() % 9];
    const size_t growth = heap->growth_needed(bytes, alignment);
    EXPECT_EQ(growth == 0, some_block_fits(heap, bytes, alignment));
    if (growth > 32) {
      const Arena copy(1 << 20);
      std::memcpy(copy.base(), arena.base(), start);
      auto* shorter = reinterpret_cast<Heap*>(copy.base());
      shorter->grow(growth - 16);
      EXPECT_EQ(shorter->allocate(bytes, alignment), nullptr);
    }
    if (growth != 0) heap->grow(growth);
    EXPECT_EQ(heap->check(), nullptr);
    EXPECT_NE(heap->allocate(bytes, alignment), nullptr);
    EXPECT_EQ(heap->check(), nullptr);
  }
}

TEST(Heap, ShrinksByWholeGranulesDownToItsLastBlock) {
  const Arena arena(1 << 20);
  std::mt19937_64 random(test_seed());
  constexpr size_t kGranule = 4096;
  for (int i = 0; i < 200; ++i) {
    Heap* heap = arena.heap(arena.bytes());
    const std::vector<void*> live = scatter(heap, random);
    const size_t wanted = random() % arena.bytes();
    const size_t tail = heap->tail_bytes();
    const size_t before = heap->size_bytes();
    const size_t cut = heap->shrink(wanted, kGranule);
    EXPECT_EQ(cut % kGranule, 0u);
    EXPECT_LE(cut, std::min(wanted, tail));
    EXPECT_GE(cut + 2 * kGranule, std::min(wanted, tail)) << "more was free at the end";
    EXPECT_EQ(heap->size_bytes(), before - cut);
    std::memset(arena.base() + before - cut, 0x5a, cut);
    EXPECT_EQ(heap->check(), nullptr);
    if (cut != 0) heap->grow(cut);
    EXPECT_EQ(heap->check(), nullptr);
    for (void* block : live) heap->free(block);
    EXPECT_EQ(blocks_of(heap).size(), 1u);
  }
  Heap* empty = arena.heap(arena.bytes());
  EXPECT_EQ(empty->shrink(SIZE_MAX, kGranule), arena.bytes() - kGranule);
  EXPECT_EQ(empty->check(), nullptr);
}

TEST(Heap, ShrinkLeavesNoStubThatIsTooSmallForABlock) {
  const Arena arena(65536);
  Heap* heap = arena.heap(32768);
  // The free block at the end is one granule and 16 bytes: taking the granule would leave a stub.
  const size_t rest = 4096 + 16;
  ASSERT_NE(heap->allocate(heap->stats().largest_free_bytes - rest, 16), nullptr);
  ASSERT_EQ(heap->tail_bytes(), rest);
  EXPECT_EQ(heap->shrink(4096, 4096), 0u);
  EXPECT_EQ(heap->check(), nullptr);
}

TEST(Heap, ResizesInPlaceIntoTheFreeBlockBehindAndGivesTheRestBack) {
  const Arena arena(65536);
  Heap* heap = arena.heap(arena.bytes());
  void* block = heap->allocate(100, 16);
  void* wall = heap->allocate(1000, 16);
  ASSERT_FALSE(heap->resize_in_place(block, 1000)) << "a taken block stands behind";
  EXPECT_EQ(heap->requested_bytes(block), 100u);
  heap->free(wall);
  EXPECT_TRUE(heap->resize_in_place(block, 1000));
  EXPECT_EQ(heap->requested_bytes(block), 1000u);
  EXPECT_TRUE(heap->resize_in_place(block, 10));
  EXPECT_EQ(heap->usable_bytes(block), 24u);
  EXPECT_EQ(blocks_of(heap).size(), 2u);
  EXPECT_TRUE(heap->resize_in_place(block, heap->stats().free_bytes + 24));
  EXPECT_EQ(blocks_of(heap).size(), 1u);
  EXPECT_FALSE(heap->resize_in_place(block, SIZE_MAX));
  EXPECT_EQ(heap->check(), nullptr);
}

TEST(Heap, ResetDropsEveryBlockAndCountsItAsFreed) {
  const Arena arena(1 << 18);
  std::mt19937_64 random(test_seed());
  Heap* heap = arena.heap(arena.bytes());
  scatter(heap, random);
  const ep::HeapStats before = heap->stats();
  heap->reset();
  const ep::HeapStats after = heap->stats();
  EXPECT_EQ(heap->check(), nullptr);
  EXPECT_EQ(blocks_of(heap).size(), 1u);
  EXPECT_EQ(after.live_blocks, 0u);
  EXPECT_EQ(after.peak_live_bytes, 0u);
  EXPECT_EQ(after.allocations, before.allocations);
  EXPECT_EQ(after.frees, before.allocations);
}

TEST(Heap, GoesOnAtAnotherAddressAsIfNothingHadHappened) {
  const Arena arena(1 << 18);
  const Arena elsewhere(1 << 18);
  std::mt19937_64 random(test_seed());
  Heap* heap = arena.heap(arena.bytes());
  const std::vector<void*> live = scatter(heap, random);
  std::memcpy(elsewhere.base(), arena.base(), arena.bytes());
  std::memset(arena.base(), 0, arena.bytes());
  auto* moved = reinterpret_cast<Heap*>(elsewhere.base());
  EXPECT_EQ(moved->check(), nullptr);
  for (void* block : live) {
    moved->free(elsewhere.base() + (static_cast<char*>(block) - arena.base()));
  }
  EXPECT_EQ(moved->check(), nullptr);
  EXPECT_EQ(blocks_of(moved).size(), 1u);
}

}  // namespace

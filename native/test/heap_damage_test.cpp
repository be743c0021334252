// What the heap makes of being written over: `check` names it and follows nothing, and an operation
// that comes across it ends the process instead of going on.
#include "heap_support.hpp"

namespace {

using namespace ep_test;
using ep::Heap;

/** A heap in which every kind of block and link occurs: taken ones, lists of one and of several
 *  free ones, aligned ones with what was cut off in front, a free end. */
Heap* varied_heap(const Arena& arena) {
  Heap* heap = arena.heap(arena.bytes());
  std::vector<void*> blocks;
  for (size_t i = 0; i < 40; ++i) {
    blocks.push_back(heap->allocate(i % 4 == 0 ? 40 : i * 37 % 900, i % 7 == 0 ? 256 : 16));
  }
  for (size_t i = 0; i < blocks.size(); i += 2) heap->free(blocks[i]);
  return heap;
}

/** Where the heap keeps what it knows: control block, headers, a free block's links and start. */
std::vector<size_t> metadata_of(const Heap* heap) {
  std::vector<size_t> bytes;
  const auto add = [&bytes](size_t offset, size_t count) {
    for (size_t i = 0; i < count; ++i) bytes.push_back(offset + i);
  };
  add(0, sizeof(Heap));
  for (const HeapBlock& block : blocks_of(heap)) {
    add(block.offset - 8, 8);
    if (block.used) continue;
    add(block.offset, 8);
    add(block.offset - 8 + block.bytes - 8, 8);
  }
  add(heap->size_bytes() - 8, 8);
  return bytes;
}

TEST(HeapDamage, CheckReportsEveryBitOfEveryByteOfMetadata) {
  const Arena arena(32768);
  Heap* heap = varied_heap(arena);
  ASSERT_EQ(heap->check(), nullptr);
  const std::vector<size_t> metadata = metadata_of(heap);
  EXPECT_GT(metadata.size(), sizeof(Heap) + 40 * 8);
  for (const size_t offset : metadata) {
    for (const unsigned char flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      arena.base()[offset] = static_cast<char>(arena.base()[offset] ^ flip);
      EXPECT_NE(heap->check(), nullptr) << "byte " << offset << " bits " << int{flip};
      arena.base()[offset] = static_cast<char>(arena.base()[offset] ^ flip);
    }
  }
  EXPECT_EQ(heap->check(), nullptr);
}

TEST(HeapDamage, CheckMindsNoByteThatIsNotMetadata) {
  const Arena arena(32768);
  Heap* heap = varied_heap(arena);
  std::vector<bool> known(arena.bytes());
  for (const size_t offset : metadata_of(heap)) known[offset] = true;
  for (size_t offset = 0; offset < arena.bytes(); ++offset) {
    if (!known[offset]) arena.base()[offset] = static_cast<char>(~arena.base()[offset]);
  }
  EXPECT_EQ(heap->check(), nullptr);
}

TEST(HeapDamage, CheckSurvivesAnyDamageWithoutLeavingTheHeap) {
  constexpr size_t kBytes = 32768;
  std::mt19937_64 random(test_seed());
  // Behind the heap lies memory that cannot be read.
  const Arena arena(kBytes + 4096);
  ASSERT_EQ(mprotect(arena.base() + kBytes, 4096, PROT_NONE), 0);
  const Arena sound(kBytes);
  varied_heap(sound);
  const std::vector<size_t> metadata = metadata_of(reinterpret_cast<Heap*>(sound.base()));
  int reported = 0;
  constexpr int kRounds = 5000;
  for (int round = 0; round < kRounds; ++round) {
    std::memcpy(arena.base(), sound.base(), kBytes);
    const size_t damages = random() % 8 + 1;
    for (size_t i = 0; i < damages; ++i) {
      arena.base()[metadata[random() % metadata.size()]] = static_cast<char>(random());
    }
    const bool damaged = std::memcmp(arena.base(), sound.base(), kBytes) != 0;
    const bool broken = reinterpret_cast<Heap*>(arena.base())->check() != nullptr;
    EXPECT_TRUE(damaged || !broken);
    if (broken) reported += 1;
  }
  EXPECT_GT(reported, kRounds * 9 / 10);
}

using HeapDamageDeathTest = testing::Test;

TEST(HeapDamageDeathTest, FreeingTwiceEndsTheProcess) {
  const Arena arena(65536);
  Heap* heap = arena.heap(arena.bytes());
  void* first = heap->allocate(100, 16);
  void* second = heap->allocate(100, 16);
  heap->free(second);
  EXPECT_DEATH(heap->free(second), "edgepool: broken invariant: not a live block");
  heap->free(first);
  EXPECT_DEATH(heap->free(first), "not a live block");
  // A block that has become part of the free one before it is gone just as well.
  void* before = heap->allocate(100, 16);
  void* merged = heap->allocate(100, 16);
  heap->allocate(100, 16);
  heap->free(before);
  heap->free(merged);
  EXPECT_DEATH(heap->free(merged), "not a live block");
}

TEST(HeapDamageDeathTest, FreeingAPointerFromBeforeAResetEndsTheProcess) {
  const Arena arena(65536);
  Heap* heap = arena.heap(arena.bytes());
  heap->allocate(100, 16);
  void* stale = heap->allocate(100, 16);
  heap->reset();
  EXPECT_DEATH(heap->free(stale), "not a live block");
}

TEST(HeapDamageDeathTest, FreeingWhatTheHeapNeverGaveEndsTheProcess) {
  const Arena arena(65536);
  Heap* heap = arena.heap(arena.bytes());
  char* block = static_cast<char*>(heap->allocate(4000, 16));
  std::memset(block, 0, 4000);
  EXPECT_DEATH(heap->free(block + 16), "not a live block");
  EXPECT_DEATH(heap->free(block + 1), "no block of this heap");
  EXPECT_DEATH(heap->free(arena.base() + 64), "no block of this heap");
  EXPECT_DEATH(heap->free(arena.base() + arena.bytes()), "no block of this heap");
}

TEST(HeapDamageDeathTest, WritingPastABlockEndsTheProcessWhenItIsFreed) {
  const Arena arena(65536);
  Heap* heap = arena.heap(arena.bytes());
  char* block = static_cast<char*>(heap->allocate(100, 16));
  heap->allocate(100, 16);
  block[heap->usable_bytes(block)] ^= 1;
  EXPECT_DEATH(heap->free(block), "header was written over");
}

TEST(HeapDamageDeathTest, WritingToAFreedBlockEndsTheProcessWhenItIsUsedAgain) {
  const Arena arena(65536);
  Heap* heap = arena.heap(arena.bytes());
  char* block = static_cast<char*>(heap->allocate(100, 16));
  heap->allocate(100, 16);
  heap->free(block);
  std::memset(block, 0xee, 8);
  EXPECT_DEATH(heap->allocate(100, 16), "a free block was written to");
}

}  // namespace

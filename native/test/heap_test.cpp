#include "heap.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <map>
#include <random>
#include <vector>

#include "memory_support.hpp"

namespace {

using ep::Heap;
using ep_test::fill;
using ep_test::filled;

/** Page-aligned memory full of dirt, of which the heap gets the first part. */
class Arena {
 public:
  explicit Arena(size_t bytes) : bytes_(bytes) {
    base_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(base_, 0xa5, bytes);
  }
  ~Arena() { munmap(base_, bytes_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Heap* heap(size_t bytes) { return Heap::create(base_, bytes); }

 private:
  void* base_;
  size_t bytes_;
};

struct Shadow {
  size_t bytes;
  uint32_t cookie;
};

/** The heap beside a model of it: every operation is preceded and followed by a full proof. */
class ShadowedHeap {
 public:
  explicit ShadowedHeap(size_t bytes) : arena_(bytes), heap_(arena_.heap(bytes)) {}

  void* allocate(size_t bytes, size_t alignment) {
    prove();
    void* block = heap_->allocate(bytes, alignment);
    if (block == nullptr) {
      EXPECT_LT(heap_->stats().largest_free_bytes, Heap::needed_bytes(bytes, alignment));
      prove();
      return nullptr;
    }
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
    EXPECT_EQ(heap_->requested_bytes(block), bytes);
    EXPECT_GE(heap_->usable_bytes(block), bytes);
    const uint32_t cookie = ++cookies_;
    EXPECT_TRUE(blocks_.emplace(static_cast<char*>(block), Shadow{bytes, cookie}).second);
    fill(block, heap_->usable_bytes(block), cookie);
    requested_ += bytes;
    prove();
    return block;
  }

  void free(size_t index) {
    prove();
    auto at = std::next(blocks_.begin(), static_cast<long>(index));
    EXPECT_TRUE(filled(at->first, heap_->usable_bytes(at->first), at->second.cookie));
    requested_ -= at->second.bytes;
    heap_->free(at->first);
    blocks_.erase(at);
    prove();
  }

  void resize(size_t index, size_t bytes) {
    prove();
    auto at = std::next(blocks_.begin(), static_cast<long>(index));
    const size_t before = heap_->usable_bytes(at->first);
    EXPECT_TRUE(filled(at->first, before, at->second.cookie));
    if (heap_->resize_in_place(at->first, bytes)) {
      EXPECT_TRUE(
          filled(at->first, std::min(before, heap_->usable_bytes(at->first)), at->second.cookie));
      requested_ += bytes - at->second.bytes;
      at->second = {bytes, ++cookies_};
      fill(at->first, heap_->usable_bytes(at->first), cookies_);
    } else {
      EXPECT_EQ(heap_->usable_bytes(at->first), before);
    }
    prove();
  }

  void free_all() {
    while (!blocks_.empty()) free(0);
    const ep::HeapStats stats = heap_->stats();
    EXPECT_EQ(stats.live_bytes, 0u);
    EXPECT_EQ(stats.largest_free_bytes, stats.free_bytes - 8);
  }

  size_t size() const { return blocks_.size(); }
  Heap* heap() { return heap_; }

  void prove() {
    const char* broken = heap_->check();
    ASSERT_EQ(broken, nullptr) << broken;
    const ep::HeapStats stats = heap_->stats();
    ASSERT_EQ(stats.live_blocks, blocks_.size());
    ASSERT_EQ(stats.requested_bytes, requested_);
    ASSERT_EQ(stats.live_bytes + stats.free_bytes + Heap::overhead_bytes(), stats.size_bytes);
    const char* end = nullptr;
    for (const auto& [block, shadow] : blocks_) {
      ASSERT_GE(block, end);
      end = block + heap_->usable_bytes(block);
    }
  }

 private:
  Arena arena_;
  Heap* heap_;
  std::map<char*, Shadow> blocks_;
  uint32_t cookies_ = 0;
  uint64_t requested_ = 0;
};

void run_to_out_of_memory(uint64_t seed, size_t bytes, int wanted_refusals) {
  std::printf("EP_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  ShadowedHeap heap(bytes);
  int refusals = 0;
  while (refusals < wanted_refusals && !testing::Test::HasFailure()) {
    const uint64_t dice = random() % 100;
    if (dice < 55 || heap.size() == 0) {
      const size_t most = size_t{1} << (random() % 13 + 1);
      const size_t alignment = size_t{16} << (random() % 9);
      if (heap.allocate(random() % most, alignment) == nullptr) refusals += 1;
    } else if (dice < 90) {
      heap.free(random() % heap.size());
    } else {
      heap.resize(random() % heap.size(), random() % 2048);
    }
  }
  heap.free_all();
  EXPECT_EQ(refusals, wanted_refusals);
}

TEST(Heap, HoldsEveryInvariantThroughAThousandRefusalsOnEverySeed) {
  for (uint64_t seed = 1; seed <= 4; ++seed) run_to_out_of_memory(seed, 65536, 1000);
  run_to_out_of_memory(ep_test::test_seed(), 65536, 1000);
}

}  // namespace

// A heap over dirty memory, and the same heap beside a model of it.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <map>
#include <vector>

#include "heap.hpp"
#include "memory_support.hpp"

namespace ep_test {

struct HeapBlock {
  size_t offset;
  size_t bytes;
  bool used;
};

inline std::vector<HeapBlock> blocks_of(const ep::Heap* heap) {
  std::vector<HeapBlock> blocks;
  heap->walk(
      [](void* context, size_t offset, size_t bytes, bool used) {
        static_cast<std::vector<HeapBlock>*>(context)->push_back({offset, bytes, used});
      },
      &blocks);
  return blocks;
}

/** Whether some free block can hold the request, told from the blocks alone. */
inline bool some_block_fits(const ep::Heap* heap, size_t bytes, size_t alignment) {
  const size_t taken = std::max<size_t>((bytes + 8 + 15) / 16 * 16, 32);
  for (const HeapBlock& block : blocks_of(heap)) {
    if (block.used) continue;
    const auto payload = reinterpret_cast<uintptr_t>(heap) + block.offset;
    size_t lead = (alignment - payload % alignment) % alignment;
    if (lead == 16) lead += alignment;  // 16 bytes in front are too few for a block
    if (lead + taken <= block.bytes) return true;
  }
  return false;
}

/** Page-aligned memory full of dirt. */
class Arena {
 public:
  explicit Arena(size_t bytes) : bytes_(bytes) {
    void* raw = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    base_ = static_cast<char*>(raw);
    std::memset(base_, 0xa5, bytes);
  }
  ~Arena() { munmap(base_, bytes_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  ep::Heap* heap(size_t bytes) const { return ep::Heap::create(base_, bytes); }
  char* base() const { return base_; }
  size_t bytes() const { return bytes_; }

 private:
  char* base_;
  size_t bytes_;
};

/** Every operation is preceded and followed by a proof of the whole heap against the model. */
class ShadowedHeap {
 public:
  explicit ShadowedHeap(size_t bytes) : arena_(bytes), heap_(arena_.heap(bytes)) { prove(); }

  bool allocate(size_t bytes, size_t alignment, ep::End side = ep::End::any) {
    prove();
    const bool fits = some_block_fits(heap_, bytes, alignment);
    void* block = heap_->allocate(bytes, alignment, side);
    EXPECT_EQ(block != nullptr, fits) << bytes << " bytes at " << alignment;
    if (block == nullptr) {
      prove();
      return false;
    }
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
    EXPECT_EQ(heap_->requested_bytes(block), bytes);
    EXPECT_GE(heap_->usable_bytes(block), bytes);
    const uint32_t cookie = ++cookies_;
    EXPECT_TRUE(blocks_.emplace(static_cast<char*>(block), Shadow{bytes, cookie}).second);
    fill(block, heap_->usable_bytes(block), cookie);
    requested_bytes_ += bytes;
    prove();
    return true;
  }

  void free(size_t index) {
    prove();
    const auto at = std::next(blocks_.begin(), static_cast<long>(index));
    EXPECT_TRUE(filled(at->first, heap_->usable_bytes(at->first), at->second.cookie));
    requested_bytes_ -= at->second.bytes;
    heap_->free(at->first);
    blocks_.erase(at);
    prove();
  }

  void resize(size_t index, size_t bytes) {
    prove();
    const auto at = std::next(blocks_.begin(), static_cast<long>(index));
    const size_t before = heap_->usable_bytes(at->first);
    EXPECT_TRUE(filled(at->first, before, at->second.cookie));
    const bool done = heap_->resize_in_place(at->first, bytes);
    EXPECT_TRUE(done || bytes > before) << "a smaller block always fits where it is";
    const size_t after = heap_->usable_bytes(at->first);
    EXPECT_TRUE(
        filled(at->first, std::min({before, after, done ? bytes : before}), at->second.cookie));
    if (done) {
      requested_bytes_ += bytes - at->second.bytes;
      at->second = {bytes, ++cookies_};
      fill(at->first, after, cookies_);
    } else {
      EXPECT_EQ(after, before);
    }
    prove();
  }

  /** Freed in an order that follows from `random`, the heap is one free block again. */
  template <class Random>
  void free_all(Random& random) {
    while (!blocks_.empty()) free(random() % blocks_.size());
    const ep::HeapStats stats = heap_->stats();
    EXPECT_EQ(blocks_of(heap_).size(), 1u);
    EXPECT_EQ(stats.live_bytes, 0u);
    EXPECT_EQ(stats.allocations, stats.frees);
    EXPECT_EQ(stats.largest_free_bytes, stats.free_bytes - 8);
  }

  size_t size() const { return blocks_.size(); }

 private:
  struct Shadow {
    size_t bytes;
    uint32_t cookie;
  };

  void prove() {
    const char* broken = heap_->check();
    EXPECT_EQ(broken, nullptr) << broken;
    const ep::HeapStats stats = heap_->stats();
    EXPECT_EQ(stats.live_blocks, blocks_.size());
    EXPECT_EQ(stats.requested_bytes, requested_bytes_);
    EXPECT_EQ(stats.live_bytes + stats.free_bytes + ep::Heap::overhead_bytes(), stats.size_bytes);
    const char* end = nullptr;
    uint64_t taken = 0;
    for (const auto& [block, shadow] : blocks_) {
      EXPECT_GE(block, end) << "two blocks overlap";
      end = block + heap_->usable_bytes(block);
      taken += heap_->usable_bytes(block) + 8;
    }
    EXPECT_EQ(stats.live_bytes, taken);
    peak_bytes_ = std::max(peak_bytes_, taken);
    EXPECT_EQ(stats.peak_live_bytes, peak_bytes_);
  }

  Arena arena_;
  ep::Heap* heap_;
  std::map<char*, Shadow> blocks_;
  uint32_t cookies_ = 0;
  uint64_t requested_bytes_ = 0;
  uint64_t peak_bytes_ = 0;
};

}  // namespace ep_test

// The ring of frame slots. A slot goes round:
//
//   free ── begin_fill (one filler) ──> filling ── publish ──> held(1) ── retain ──> held(n)
//     ^──────────── abandon ─────────────┘   └───── free <── release of the last holder ─┘
//
// One atomic word a slot, no lock: any thread may retain and release.
//
// A slot grows and shrinks in place, a window of its own each. A thread of the ring does that, for
// a thread that captures maps nothing: ahead of a larger frame where the source says that one will
// come (`expect`), and back once no frame has needed it for a while.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "edgepool.h"
#include "pool_part.hpp"

namespace ep {

/** What a slot holds, kept by whoever fills it. Read and written only while it fills or holds it.
 */
struct SlotContent {
  uint64_t owner = 0;         // the filler that wrote the pixels; 0: nobody yet
  uint64_t picture = 0;       // which of the owner's pictures or frames they are
  uint64_t bytes_copied = 0;  // by the last fill
};

}  // namespace ep

struct ep_ring {
 public:
  static constexpr uint32_t kMostSlots = 256;
  static constexpr uint32_t kNoSlot = UINT32_MAX;

  ep_ring() = default;
  ~ep_ring();
  ep_ring(const ep_ring&) = delete;
  ep_ring& operator=(const ep_ring&) = delete;

  int32_t start(ep_pool* pool, uint32_t slots, uint64_t slot_bytes, ep_error* error);

  /** From now on slots hold frames of at most so many bytes. Those that are smaller grow;
   * larger ones shrink, those that are in use some time after they are free. On failure, as
   * PoolPart::resize, the former limit holds. */
  int32_t fit(uint64_t slot_bytes, ep_error* error);

  /** Starts the thread that lets slots follow the frames. A second call does nothing. */
  int32_t follow(ep_error* error);
  /** The frames that come next have at most so many bytes. Any thread; does not wait. */
  void expect(uint64_t bytes);
  /** Makes a slot that is being filled hold so many bytes; waits where it does not yet. */
  int32_t ensure(uint32_t slot, uint64_t bytes, ep_error* error);

  /** Takes the slot that has been free the longest; kNoSlot iff none is free. Any thread. */
  uint32_t begin_fill();
  /** The filled slot is held once from here on. */
  void publish(uint32_t slot);
  /** The slot being filled is free again. */
  void abandon(uint32_t slot);

  bool retain(uint32_t slot);
  bool release(uint32_t slot);
  bool is_held(uint32_t slot) const;
  uint32_t busy() const;

  uint8_t* pixels(uint32_t slot) const;
  ep::SlotContent* content(uint32_t slot) { return &slots_[slot].content; }
  /** The most that a slot may grow to. */
  uint64_t slot_bytes() const { return slot_bytes_.load(std::memory_order_relaxed); }
  /** What a slot holds now. It does not shrink while it is held or being filled. */
  uint64_t capacity(uint32_t slot) const {
    return slot < count_ ? slots_[slot].capacity.load(std::memory_order_acquire) : 0;
  }
  ep_pool* pool() const { return pool_; }
  uint32_t count() const { return count_; }
  /** A slot's memory for devices; it does not shrink while it is held or being filled. */
  const ep::PoolPart& memory(uint32_t slot) const { return slots_[slot].pixels; }

 private:
  static constexpr int32_t kFree = 0;
  static constexpr int32_t kFilling = -1;

  struct Slot {
    std::atomic<int32_t> state{kFree};
    std::atomic<uint64_t> freed{0};  // when, on the ring's own count
    std::atomic<uint64_t> capacity{0};
    ep::PoolPart pixels;  // resized under sizes_mutex_
    ep::SlotContent content;
  };

  void stamp(Slot* slot);
  int32_t grow(uint64_t bytes, ep_error* error);
  bool shrink(uint64_t bytes);
  bool any_above(uint64_t bytes) const;
  void keep_sizes();

  ep_pool* pool_ = nullptr;
  std::unique_ptr<Slot[]> slots_;
  uint32_t count_ = 0;
  std::atomic<uint64_t> slot_bytes_{0};
  std::atomic<uint64_t> freed_{0};

  std::mutex sizes_mutex_;  // slots change size under it

  std::mutex wishes_mutex_;
  std::condition_variable wished_;
  std::condition_variable granted_;
  std::thread keeper_;
  uint64_t expected_bytes_ = 0;
  uint64_t wishes_ = 0;
  uint64_t answered_ = 0;  // the last wish that was granted or refused
  ep_error refusal_ = {};
  bool stopping_ = false;
};

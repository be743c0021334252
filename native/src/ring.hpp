// The ring of frame slots. A slot goes round:
//
//   free ── begin_fill (one filler) ──> filling ── publish ──> held(1) ── retain ──> held(n)
//     ^──────────── abandon ─────────────┘   └───── free <── release of the last holder ─┘
//
// One atomic word a slot, no lock: any thread may retain and release.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "edgepool.h"
#include "frame_memory.hpp"

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
  ep_ring(const ep_ring&) = delete;
  ep_ring& operator=(const ep_ring&) = delete;

  int32_t start(ep_pool* pool, uint32_t slots, uint64_t slot_bytes, ep_error* error);

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
  uint64_t slot_bytes() const { return slot_bytes_; }
  ep_pool* pool() const { return pool_; }

 private:
  static constexpr int32_t kFree = 0;
  static constexpr int32_t kFilling = -1;

  struct Slot {
    std::atomic<int32_t> state{kFree};
    std::atomic<uint64_t> freed{0};  // when, on the ring's own count
    ep::PoolBlock pixels;
    ep::SlotContent content;
  };

  void stamp(Slot* slot);

  ep_pool* pool_ = nullptr;
  std::unique_ptr<Slot[]> slots_;
  uint32_t count_ = 0;
  uint64_t slot_bytes_ = 0;
  std::atomic<uint64_t> freed_{0};
};

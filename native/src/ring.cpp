#include "ring.hpp"

#include <algorithm>
#include <new>

#include "error.hpp"
#include "pixels.hpp"

namespace {

constexpr uint64_t kMostSlotBytes = uint64_t{ep::kMaxFrameSide} * ep::kMaxFrameSide * 4;
/** Addresses for each slot to grow into: a frame of 4096 x 4096 in the cheapest format has 24 MiB.
 */
constexpr uint64_t kLeastWindowBytes = uint64_t{32} << 20;

}  // namespace

int32_t ep_ring::start(ep_pool* pool, uint32_t slots, uint64_t slot_bytes, ep_error* error) {
  if (pool == nullptr || slots == 0 || slots > kMostSlots || slot_bytes == 0 ||
      slot_bytes > kMostSlotBytes) {
    return ep::fail(error, EP_E_ARGUMENT,
                    "frame ring of %u slots of %llu bytes: 1 to %u slots of 1 to %llu bytes", slots,
                    static_cast<unsigned long long>(slot_bytes), kMostSlots,
                    static_cast<unsigned long long>(kMostSlotBytes));
  }
  slots_.reset(new (std::nothrow) Slot[slots]);
  if (slots_ == nullptr) return ep::fail(error, EP_E_NO_MEMORY, "frame ring: out of memory");
  pool_ = pool;
  slot_bytes_ = slot_bytes;
  const uint64_t window = std::max(slot_bytes, kLeastWindowBytes);
  for (; count_ < slots; ++count_) {
    Slot& slot = slots_[count_];
    int32_t status = slot.pixels.open(pool, window, "a frame slot", error);
    if (status == EP_OK) status = slot.pixels.resize(slot_bytes, error);
    if (status != EP_OK) return status;
    slot.capacity = slot_bytes;
  }
  return EP_OK;
}

uint32_t ep_ring::begin_fill() {
  for (;;) {
    uint32_t oldest = kNoSlot;
    uint64_t oldest_freed = UINT64_MAX;
    for (uint32_t i = 0; i < count_; ++i) {
      if (slots_[i].state.load(std::memory_order_relaxed) != kFree) continue;
      const uint64_t freed = slots_[i].freed.load(std::memory_order_relaxed);
      if (freed < oldest_freed) {
        oldest = i;
        oldest_freed = freed;
      }
    }
    if (oldest == kNoSlot) return kNoSlot;
    int32_t expected = kFree;
    // Acquire: what the last holder read is done with before the filler writes.
    if (slots_[oldest].state.compare_exchange_strong(expected, kFilling,
                                                     std::memory_order_acquire)) {
      return oldest;
    }
  }
}

void ep_ring::publish(uint32_t slot) { slots_[slot].state.store(1, std::memory_order_release); }

void ep_ring::abandon(uint32_t slot) {
  stamp(&slots_[slot]);
  slots_[slot].state.store(kFree, std::memory_order_release);
}

bool ep_ring::retain(uint32_t slot) {
  if (slot >= count_) return false;
  std::atomic<int32_t>& state = slots_[slot].state;
  int32_t holders = state.load(std::memory_order_relaxed);
  while (holders > 0) {
    if (state.compare_exchange_weak(holders, holders + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

bool ep_ring::release(uint32_t slot) {
  if (slot >= count_) return false;
  std::atomic<int32_t>& state = slots_[slot].state;
  int32_t holders = state.load(std::memory_order_relaxed);
  while (holders > 0) {
    if (holders == 1) stamp(&slots_[slot]);
    if (state.compare_exchange_weak(holders, holders - 1, std::memory_order_acq_rel)) return true;
  }
  return false;
}

bool ep_ring::is_held(uint32_t slot) const {
  return slot < count_ && slots_[slot].state.load(std::memory_order_acquire) > 0;
}

uint32_t ep_ring::busy() const {
  uint32_t busy = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    if (slots_[i].state.load(std::memory_order_acquire) != kFree) ++busy;
  }
  return busy;
}

uint8_t* ep_ring::pixels(uint32_t slot) const {
  return slot < count_ ? slots_[slot].pixels.data() : nullptr;
}

// Only an order of age hangs on it: a stamp that a concurrent retain makes stale does no harm.
void ep_ring::stamp(Slot* slot) {
  slot->freed.store(freed_.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

int32_t ep_ring_create(ep_pool* pool, uint32_t slots, uint64_t slot_bytes, ep_ring** out,
                       ep_error* error) {
  if (out == nullptr) return ep::fail(error, EP_E_ARGUMENT, "frame ring: out is null");
  std::unique_ptr<ep_ring> ring(new (std::nothrow) ep_ring);
  if (ring == nullptr) return ep::fail(error, EP_E_NO_MEMORY, "frame ring: out of memory");
  const int32_t status = ring->start(pool, slots, slot_bytes, error);
  if (status == EP_OK) *out = ring.release();
  return status;
}

int32_t ep_ring_destroy(ep_ring* ring, ep_error* error) {
  const uint32_t busy = ring == nullptr ? 0 : ring->busy();
  if (busy > 0) {
    return ep::fail(error, EP_E_BUSY, "frame ring: %u slots are in use: release them first", busy);
  }
  delete ring;
  return EP_OK;
}

int32_t ep_ring_retain(ep_ring* ring, uint32_t slot) {
  return ring->retain(slot) ? EP_OK : EP_E_STATE;
}

int32_t ep_ring_release(ep_ring* ring, uint32_t slot) {
  return ring->release(slot) ? EP_OK : EP_E_STATE;
}

void* ep_ring_slot(ep_ring* ring, uint32_t slot) { return ring->pixels(slot); }

uint32_t ep_ring_held(ep_ring* ring) { return ring->busy(); }

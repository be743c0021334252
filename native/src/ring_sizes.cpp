// How the ring's slots follow the size of the frames.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <system_error>

#include "error.hpp"
#include "ring.hpp"

namespace {

/** How long no frame may have needed a slot's size before it shrinks. */
constexpr auto kShrinkAfter = std::chrono::milliseconds(500);
/** Until the next look at slots that were in use when they were to shrink. */
constexpr auto kShrinkAgain = std::chrono::milliseconds(20);

}  // namespace

ep_ring::~ep_ring() {
  {
    const std::lock_guard lock(wishes_mutex_);
    stopping_ = true;
  }
  wished_.notify_all();
  if (keeper_.joinable()) keeper_.join();
}

// A slot in use grows too: nothing of it moves.
int32_t ep_ring::grow(uint64_t bytes, ep_error* error) {
  const std::lock_guard lock(sizes_mutex_);
  for (uint32_t i = 0; i < count_; ++i) {
    Slot& slot = slots_[i];
    if (slot.capacity.load(std::memory_order_relaxed) >= bytes) continue;
    const int32_t status = slot.pixels.resize(bytes, error);
    if (status != EP_OK) return status;
    slot.capacity.store(bytes, std::memory_order_release);
  }
  return EP_OK;
}

/** Slots that are free; false iff one that is in use is left larger. */
bool ep_ring::shrink(uint64_t bytes) {
  const std::lock_guard lock(sizes_mutex_);
  for (uint32_t i = 0; i < count_; ++i) {
    Slot& slot = slots_[i];
    if (slot.capacity.load(std::memory_order_relaxed) <= bytes) continue;
    int32_t expected = kFree;
    if (!slot.state.compare_exchange_strong(expected, kFilling, std::memory_order_acquire)) {
      continue;
    }
    if (slot.pixels.resize(bytes, nullptr) == EP_OK) {
      slot.capacity.store(bytes, std::memory_order_release);
      slot.content = {};
    }
    slot.state.store(kFree, std::memory_order_release);
  }
  return !any_above(bytes);
}

bool ep_ring::any_above(uint64_t bytes) const {
  for (uint32_t i = 0; i < count_; ++i) {
    if (capacity(i) > bytes) return true;
  }
  return false;
}

int32_t ep_ring::fit(uint64_t slot_bytes, ep_error* error) {
  const uint64_t former = slot_bytes_;
  const int32_t status = grow(slot_bytes, error);
  slot_bytes_ = status == EP_OK ? slot_bytes : former;
  if (keeper_.joinable()) expect(slot_bytes_);
  // Those in use follow once they are free.
  if (!shrink(slot_bytes_) && follow(nullptr) == EP_OK) expect(slot_bytes_);
  return status;
}

int32_t ep_ring::follow(ep_error* error) {
  if (keeper_.joinable()) return EP_OK;
  // Signals are the app's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int32_t status = EP_OK;
  try {
    // Not counted among the threads that run the stream: it is the one that maps for them.
    keeper_ = std::thread([this] { keep_sizes(); });
  } catch (const std::system_error& failure) {
    status = ep::fail(error, EP_E_SYSTEM, "frame ring: no thread: %s", failure.what());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

void ep_ring::expect(uint64_t bytes) {
  {
    const std::lock_guard lock(wishes_mutex_);
    if (bytes == expected_bytes_) return;
    expected_bytes_ = bytes;
    ++wishes_;
  }
  wished_.notify_all();
}

int32_t ep_ring::ensure(uint32_t slot, uint64_t bytes, ep_error* error) {
  if (capacity(slot) >= bytes) return EP_OK;
  if (bytes > slot_bytes() || !keeper_.joinable()) {
    return ep::fail(error, EP_E_ARGUMENT, "a frame of %llu bytes: the ring's slots may have %llu",
                    static_cast<unsigned long long>(bytes),
                    static_cast<unsigned long long>(slot_bytes()));
  }
  std::unique_lock lock(wishes_mutex_);
  expected_bytes_ = std::max(expected_bytes_, bytes);
  const uint64_t wish = ++wishes_;
  wished_.notify_all();
  granted_.wait(lock, [&] { return answered_ >= wish || stopping_; });
  if (capacity(slot) >= bytes) return EP_OK;
  if (error != nullptr) *error = refusal_;
  return refusal_.status == EP_OK ? EP_E_BUSY : refusal_.status;
}

void ep_ring::keep_sizes() {
  std::unique_lock lock(wishes_mutex_);
  while (!stopping_) {
    const uint64_t wish = wishes_;
    const uint64_t bytes = expected_bytes_;
    const auto changed = [&] { return stopping_ || wishes_ != wish; };
    if (bytes == 0) {
      wished_.wait(lock, changed);
      continue;
    }
    lock.unlock();
    ep_error refusal = {};
    const int32_t grown = grow(bytes, &refusal);
    lock.lock();
    refusal_ = grown == EP_OK ? ep_error{} : refusal;
    answered_ = wish;
    granted_.notify_all();
    if (!any_above(bytes)) {
      wished_.wait(lock, changed);
      continue;
    }
    bool changed_since = wished_.wait_for(lock, kShrinkAfter, changed);
    while (!changed_since) {
      lock.unlock();
      const bool done = shrink(bytes);
      lock.lock();
      if (done) break;
      changed_since = wished_.wait_for(lock, kShrinkAgain, changed);
    }
    if (!changed_since) wished_.wait(lock, changed);
  }
  granted_.notify_all();
}

int32_t ep_ring_fit(ep_ring* ring, uint64_t slot_bytes, ep_error* error) {
  if (ring == nullptr || slot_bytes == 0) {
    return ep::fail(error, EP_E_ARGUMENT, "frame ring: is null, or slots of 0 bytes");
  }
  return ring->fit(slot_bytes, error);
}

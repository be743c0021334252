#include <algorithm>
#include <cstring>

#include "pool_state.hpp"

// ── Growing ──

uint32_t ep_pool::phase_granules() const {
  return static_cast<uint32_t>(static_cast<uint64_t>(base_ - window_) / region_->granule_bytes());
}

uint64_t ep_pool::round_up(uint64_t bytes) const {
  return (bytes + chunk_bytes_ - 1) / chunk_bytes_ * chunk_bytes_;
}

// Maps `bytes` more (a multiple of the chunk), a run at a time, all or nothing, and gives them to
// the heap.
ep_status ep_pool::map_more(uint64_t bytes) {
  if (parking_.residence != EP_RESIDENT) return EP_E_POOL_FULL;
  if (!region_->make_room(bytes)) return EP_E_REGION_FULL;
  const uint64_t before = mapped_bytes();
  ep_status status = EP_OK;
  while (status == EP_OK && mapped_bytes() < before + bytes) {
    const uint64_t rest = before + bytes - mapped_bytes();
    ep::Piece piece;
    status = region_->assign(&holding_, static_cast<uint32_t>(rest / region_->granule_bytes()),
                             phase_granules(), &piece);
    if (status != EP_OK) break;
    if (piece.window_granule == 0) {
      // The first run decides where in its 2 MiB the window starts, so that a huge page of the
      // file is a huge page of the window.
      base_ = window_ + piece.run.first * region_->granule_bytes() % ep::kSlotBytes;
    }
    char* address = base_ + piece.window_granule * region_->granule_bytes();
    if (!region_->map(address, piece)) status = EP_E_MAPPINGS;
  }
  if (status != EP_OK) {
    const uint64_t excess = mapped_bytes() - before;
    if (excess != 0) ep::Windows::cut(base_, before, before + excess);
    region_->release_last(&holding_, static_cast<uint32_t>(excess / region_->granule_bytes()));
    return status;
  }
  if (heap_ == nullptr) {
    heap_ = ep::Heap::create(base_, bytes);
  } else {
    heap_->grow(bytes);
  }
  most_mapped_bytes_ = std::max(most_mapped_bytes_, mapped_bytes());
  return EP_OK;
}

uint64_t ep_pool::room_bytes(uint64_t limit_bytes) const {
  return limit_bytes - std::min(limit_bytes, mapped_bytes() + parts_bytes_);
}

ep_status ep_pool::grow_for(size_t bytes, size_t alignment, uint64_t limit_bytes) {
  const size_t needed = heap_ == nullptr ? ep::Heap::needed_bytes(bytes, alignment)
                                         : heap_->growth_needed(bytes, alignment);
  const uint64_t room = room_bytes(limit_bytes);
  if (needed > room) return EP_E_POOL_FULL;
  const uint64_t rounded = round_up(needed);
  return rounded > room ? EP_E_POOL_FULL : map_more(rounded);
}

// ── Allocating ──

bool ep_pool::due_to_fail() { return fail_countdown_ != 0 && --fail_countdown_ == 0; }

ep::End ep_pool::next_end() {
  if (ends_used_ == ends_count_) return ep::End::any;
  const uint32_t n = ends_used_++;
  return (ends_[n / 8] >> n % 8 & 1) != 0 ? ep::End::high : ep::End::low;
}

// What there is in sum and in one piece: the heap's free bytes, and what could still be mapped
// behind its last block.
ep::Figures ep_pool::figures(uint64_t requested_bytes) const {
  const uint64_t room = room_bytes(quota_bytes_);
  const uint64_t more =
      region_->obtainable_bytes(holding_, room, phase_granules()) / chunk_bytes_ * chunk_bytes_;
  if (heap_ == nullptr) {
    const uint64_t overhead = ep::Heap::needed_bytes(0, ep::kAlignment);
    const uint64_t usable = more > overhead ? more - ep::Heap::overhead_bytes() : 0;
    return {requested_bytes, usable, usable > 8 ? usable - 8 : 0};
  }
  const ep::HeapStats stats = heap_->stats();
  const uint64_t at_end = more == 0 ? 0 : heap_->tail_bytes() + more - 8;
  return {requested_bytes, stats.free_bytes + more, std::max(stats.largest_free_bytes, at_end)};
}

void* ep_pool::refuse(ep_status status, size_t bytes) {
  const ep::Figures f = figures(bytes);
  failures_ += 1;
  refusal_ = {status, f.requested_bytes, f.available_bytes, f.largest_free_bytes};
  return nullptr;
}

void* ep_pool::allocate(size_t bytes, size_t alignment, bool emergency) {
  const std::lock_guard lock(mutex_);
  if ((alignment & (alignment - 1)) != 0) return refuse(EP_E_ARGUMENT, bytes);
  alignment = std::max(alignment, ep::kAlignment);
  if (!emergency && due_to_fail()) return refuse(EP_E_POOL_FULL, bytes);
  const ep::End side = next_end();
  void* block = heap_ == nullptr ? nullptr : heap_->allocate(bytes, alignment, side);
  if (block == nullptr) {
    const uint64_t limit = quota_bytes_ + (emergency ? emergency_bytes_ : 0);
    const ep_status status = grow_for(bytes, alignment, limit);
    if (status != EP_OK) return refuse(status, bytes);
    block = heap_->allocate(bytes, alignment, side);
  }
  note(EP_OP_ALLOC, block, nullptr, bytes, alignment);
  return block;
}

void ep_pool::free(void* block) {
  if (block == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (heap_ == nullptr) ep::broken_invariant("no block of this pool", block);
  note(EP_OP_FREE, block, nullptr, 0, 0);
  heap_->free(block);
}

void* ep_pool::resize(void* block, size_t bytes) {
  if (block == nullptr) return allocate(bytes, ep::kAlignment, false);
  const std::lock_guard lock(mutex_);
  if (heap_ == nullptr) ep::broken_invariant("no block of this pool", block);
  const size_t kept = std::min(heap_->requested_bytes(block), bytes);
  // Counted whether it moves or not, which may be otherwise from one load to the next.
  const ep::End side = next_end();
  if (due_to_fail()) return refuse(EP_E_POOL_FULL, bytes);
  if (heap_->resize_in_place(block, bytes)) {
    note(EP_OP_RESIZE, block, block, bytes, ep::kAlignment);
    return block;
  }
  void* moved = heap_->allocate(bytes, ep::kAlignment, side);
  if (moved == nullptr) {
    const ep_status status = grow_for(bytes, ep::kAlignment, quota_bytes_);
    if (status != EP_OK) return refuse(status, bytes);
    // What was mapped may lie directly behind the block.
    if (heap_->resize_in_place(block, bytes)) {
      note(EP_OP_RESIZE, block, block, bytes, ep::kAlignment);
      return block;
    }
    moved = heap_->allocate(bytes, ep::kAlignment, side);
  }
  std::memcpy(moved, block, kept);
  note(EP_OP_RESIZE, moved, block, bytes, ep::kAlignment);
  heap_->free(block);
  return moved;
}

size_t ep_pool::usable_bytes(const void* block) {
  if (block == nullptr) return 0;
  const std::lock_guard lock(mutex_);
  if (heap_ == nullptr) ep::broken_invariant("no block of this pool", block);
  return heap_->usable_bytes(block);
}

uint64_t ep_pool::offset_of(const void* block) const {
  return block == nullptr ? 0 : static_cast<uint64_t>(static_cast<const char*>(block) - base_);
}

void ep_pool::note(ep_operation operation, const void* block, const void* old_block, size_t bytes,
                   size_t alignment) {
  if (!recording_.on()) return;
  ep_record record{};
  record.offset_bytes = offset_of(block);
  record.old_offset_bytes = offset_of(old_block);
  record.bytes = bytes;
  record.alignment = static_cast<uint32_t>(alignment);
  record.operation = static_cast<uint8_t>(operation);
  record.phase = static_cast<uint8_t>(phase_.load(std::memory_order_relaxed));
  recording_.add(record);
}

// ── Threads and holders ──

bool ep_pool::busy() const {
  if (holds_.load(std::memory_order_acquire) != 0) return true;
  const std::lock_guard lock(threads_mutex_);
  return threads_ != 0;
}

void ep_pool::thread_started() {
  const std::lock_guard lock(threads_mutex_);
  threads_ += 1;
}

void ep_pool::thread_ended() {
  const std::lock_guard lock(threads_mutex_);
  threads_ -= 1;
  if (threads_ == 0) threads_gone_.notify_all();
}

void ep_pool::wait_threads() {
  std::unique_lock lock(threads_mutex_);
  threads_gone_.wait(lock, [this] { return threads_ == 0; });
}

// ── What the other parts call ──

namespace ep {

void* pool_allocate(ep_pool* pool, size_t bytes, size_t alignment) {
  return pool->allocate(bytes, alignment, false);
}
void* pool_allocate_emergency(ep_pool* pool, size_t bytes, size_t alignment) {
  return pool->allocate(bytes, alignment, true);
}
void pool_free(ep_pool* pool, void* block) { pool->free(block); }
void* pool_resize(ep_pool* pool, void* block, size_t bytes) { return pool->resize(block, bytes); }
size_t pool_usable_bytes(ep_pool* pool, const void* block) { return pool->usable_bytes(block); }

Refusal pool_refusal(const ep_pool* pool) { return pool->refusal(); }
void pool_clear_refusal(ep_pool* pool) { pool->clear_refusal(); }

void pool_hold(ep_pool* pool) { pool->hold(); }
void pool_release(ep_pool* pool) { pool->release(); }
void pool_thread_started(ep_pool* pool) { pool->thread_started(); }
void pool_thread_ended(ep_pool* pool) { pool->thread_ended(); }
void pool_wait_threads(ep_pool* pool) { pool->wait_threads(); }
void pool_set_phase(ep_pool* pool, ep_phase phase) { pool->set_phase(phase); }

const char* pool_name(const ep_pool* pool) { return pool->name(); }
uint32_t pool_id(const ep_pool* pool) { return pool->id(); }

}  // namespace ep

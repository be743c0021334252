// The pool's own state, for pool.cpp and pool_abi.cpp.
//
// Lock order: a pool's lock, then the region's. Nothing of a pool's state lies in its window but
// the heap, so the window's contents can be dropped or moved out as a whole.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "edgepool.h"
#include "error.hpp"
#include "heap.hpp"
#include "lock.hpp"
#include "parking.hpp"
#include "pool.hpp"
#include "pool_part.hpp"
#include "record.hpp"
#include "region.hpp"

struct ep_pool {
 public:
  int32_t start(ep_region* region, const ep_pool_options& options, ep_error* error);
  void stop();

  void* allocate(size_t bytes, size_t alignment, bool emergency);
  void free(void* block);
  void* resize(void* block, size_t bytes);
  size_t usable_bytes(const void* block);

  int32_t reset(ep_error* error);
  int32_t set_quota(uint64_t quota_bytes, ep_error* error);
  int32_t grow(uint64_t mapped_bytes, ep_error* error);
  void trim(uint64_t mapped_bytes);
  int32_t check(ep_error* error);
  void get_stats(ep_pool_stats* out);
  uint32_t blocks(ep_block* blocks, uint32_t capacity);
  void fail_nth(uint64_t n);
  int32_t place(const uint8_t* ends, uint32_t count, ep_error* error);
  int32_t record(uint32_t capacity, ep_error* error);
  uint32_t records(ep_record* records, uint32_t capacity);

  /** `pages`: where threads of the pool sleep. The caller sees to it that nobody touches the window
   *  from now until `restore` has returned. */
  int32_t park(std::vector<uintptr_t> pages, ep_error* error);
  /** Packs what is parked whole, and compresses it where that was set when it was parked; returns
   *  how many bytes that gave back to the region. For who has parked it. */
  uint64_t pack();
  /** The same for ParkedPools, in whose list it is meanwhile. */
  uint64_t give_way();
  /** What that would give back; where it compresses, at most. */
  uint64_t spare_bytes() const;
  /** Gives everything back. What was packed must have been read. */
  int32_t send_away(ep_error* error);
  int32_t read_packed(uint64_t offset, void* out, uint64_t bytes, ep_error* error);
  int32_t write_packed(uint64_t offset, const void* from, uint64_t bytes, ep_error* error);
  /** A block of what is packed or away; false iff it has none of that number. */
  bool find_block(uint32_t number, ep::Block* out) const;
  /** Where packed bytes lie, until it is restored or sent away. */
  int32_t look_packed(uint64_t offset, uint64_t bytes, std::vector<ep::MemorySpan>* out,
                      ep_error* error);
  /** Where the next bytes of a pool that is away go, and that they are there. */
  int32_t open_packed(uint64_t offset, uint64_t bytes, std::vector<ep::MemorySpan>* out,
                      ep_error* error);
  void have_packed(uint64_t bytes);
  /** What was away will not come back: the pool is empty. None of its threads is left. */
  void drop_away();
  int32_t restore(uint64_t* moved_bytes, ep_error* error);
  void get_parking(ep_parking* out) const;

  int32_t open_part(ep::PoolPart* part, uint64_t window_bytes, ep_error* error);
  int32_t resize_part(ep::PoolPart* part, uint64_t bytes, ep_error* error);
  void close_part(ep::PoolPart* part);

  ep::Refusal refusal() const;
  void clear_refusal();

  void hold() { holds_.fetch_add(1, std::memory_order_relaxed); }
  void release() { holds_.fetch_sub(1, std::memory_order_release); }
  void thread_started();
  void thread_ended();
  void wait_threads();
  void set_phase(ep_phase phase) { phase_.store(phase, std::memory_order_relaxed); }
  bool busy() const;

  const char* name() const { return name_; }
  uint32_t id() const { return holding_.id; }

 private:
  friend class ep::PoolPart;

  // By the heap; the parts come on top.
  uint64_t mapped_bytes() const { return holding_.granules * region_->granule_bytes(); }
  uint32_t phase_granules() const;
  uint64_t round_up(uint64_t bytes) const;
  ep_status map_more(uint64_t bytes);
  ep_status grow_for(size_t bytes, size_t alignment, uint64_t limit_bytes);
  ep_status map_part(ep::PoolPart* part, uint64_t wanted);
  uint64_t room_bytes(uint64_t limit_bytes) const;
  bool due_to_fail();
  ep::End next_end();
  void* refuse(ep_status status, size_t bytes);
  ep::Figures figures(uint64_t requested_bytes) const;
  void note(ep_operation operation, const void* block, const void* old_block, size_t bytes,
            size_t alignment);
  uint64_t offset_of(const void* block) const;
  void trim_locked(uint64_t mapped_bytes);
  bool can_pack() const;
  // `lock` is of the mutex, and is left while bytes are moved: figures can be had all the time.
  uint64_t pack_whole(std::unique_lock<ep::Lock>* lock);
  void move_together(std::unique_lock<ep::Lock>* lock);
  uint64_t move_apart(const ep::Strip& strip, std::unique_lock<ep::Lock>* lock);
  int32_t unpack(std::unique_lock<ep::Lock>* lock, uint64_t* moved_bytes, ep_error* error);
  ep_status hold_bytes(uint64_t bytes);
  void close_window(uint64_t from, uint64_t to);
  bool open_window(const ep::Strip& strip);
  int32_t check_resident(ep_error* error) const;
  int32_t fail_mapping(ep_error* error, ep_status status, uint64_t mapped_bytes) const;

  mutable ep::Lock mutex_;
  ep_region* region_ = nullptr;
  char name_[64] = {};
  char* window_ = nullptr;  // from the region
  char* base_ = nullptr;    // where the heap starts: the window, shifted to the file's phase
  uint64_t window_bytes_ = 0;
  uint64_t reserved_bytes_ = 0;
  uint64_t quota_bytes_ = 0;
  uint64_t chunk_bytes_ = 0;
  uint64_t emergency_bytes_ = 0;
  ep::Holding holding_;
  ep::Heap* heap_ = nullptr;        // null until something is mapped
  uint64_t most_mapped_bytes_ = 0;  // by the heap, since the pool was made or reset
  uint64_t parts_bytes_ = 0;
  uint64_t parts_mapped_bytes_ = 0;
  uint64_t parts_peak_bytes_ = 0;
  uint32_t parts_ = 0;
  uint32_t parts_runs_ = 0;
  uint64_t failures_ = 0;
  uint64_t fail_countdown_ = 0;
  ep::Refusal refusal_{};
  ep::Parking parking_;
  ep::Recording recording_;
  std::vector<uint8_t> ends_;  // by ep_pool_place: a bit for each allocation
  uint32_t ends_count_ = 0;
  uint32_t ends_used_ = 0;
  std::atomic<ep_phase> phase_{EP_PHASE_NONE};
  std::atomic<uint32_t> holds_{0};

  mutable std::mutex threads_mutex_;
  std::condition_variable threads_gone_;
  uint32_t threads_ = 0;
};

// A pool: a window of reserved addresses, the runs of chunks mapped into it, a heap over them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

struct ep_pool;

namespace ep {

/** Why an allocation was refused, kept for the message of the load that it ends. */
struct Refusal {
  ep_status status;  // EP_E_POOL_FULL, EP_E_REGION_FULL, EP_E_MAPPINGS
  uint64_t requested_bytes;
  uint64_t available_bytes;
  uint64_t largest_free_bytes;
};

/** The pool that an address of any region belongs to; null for every other address.
 *  Lock-free: one range check and one table look-up. Any thread. */
ep_pool* pool_of(const void* address);

/** True iff `address` lies in some region's reservation, mapped or not. */
bool in_reservation(const void* address);

/** malloc's family inside a pool. All thread-safe, all null when refused. `allocate` grows the
 *  pool inside its quota. */
void* pool_allocate(ep_pool* pool, size_t bytes, size_t alignment);
void pool_free(ep_pool* pool, void* block);
void* pool_resize(ep_pool* pool, void* block, size_t bytes);
size_t pool_usable_bytes(ep_pool* pool, const void* block);

/** Last refusal since `pool_clear_refusal`, status EP_OK if none. */
Refusal pool_refusal(const ep_pool* pool);
void pool_clear_refusal(ep_pool* pool);

/** What a worker thread draws on when the pool refuses (a worker must never throw): as `allocate`,
 *  but allowed to map 64 KiB (at least one chunk) beyond the quota, for which the window has room.
 *  Nothing is set aside for it: null when that is used up too, or the region has no chunk left.
 *  What was mapped beyond the quota goes back at the pool's reset. Not subject to fail_nth. */
void* pool_allocate_emergency(ep_pool* pool, size_t bytes, size_t alignment);

/** Holds keep a pool from being reset or destroyed: models, rings, threads in its scope. */
void pool_hold(ep_pool* pool);
void pool_release(ep_pool* pool);
void pool_thread_started(ep_pool* pool);
void pool_thread_ended(ep_pool* pool);
/** Waits until no thread started in the pool's scope is left. */
void pool_wait_threads(ep_pool* pool);

/** The phase that recorded operations are marked with. */
void pool_set_phase(ep_pool* pool, ep_phase phase);

const char* pool_name(const ep_pool* pool);
uint32_t pool_id(const ep_pool* pool);

}  // namespace ep

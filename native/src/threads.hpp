// The threads that capture, convert or run a model: which they are, and how many page faults each
// has taken. An independent witness: it reads the kernel's figures, not our own hooks.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "edgepool.h"

namespace ep {

struct Scope;

/** Stack of a thread that is started in a pool's scope without a size of its own. Small enough to
 *  be touched in full when it starts; TFLite's workers use a tenth of it. */
inline constexpr size_t kThreadStackBytes = size_t{512} * 1024;

/** Counts the calling thread in ep_threads_get_stats until it ends; its faults are kept after
 *  that. `name` as the kernel shows it, at most 15 bytes; null leaves the name alone. A second
 *  call changes the name only. Fails (false) iff 1,024 threads are counted already. */
bool register_current_thread(const char* name);

/** Writes to every page between the stack pointer and the end of the calling thread's stack, at
 *  most 512 KiB of it, so that no later call on this thread faults there. Once a thread; later
 *  calls cost one thread-local load. */
void touch_stack();

/** Writes to the first pages that malloc gives to the calling thread, and frees them, which leaves
 *  them with it: what libraries allocate on it for their work faults nowhere, up to some 120 KiB.
 */
void touch_heap();

/** pthread_create for the re-pointed entries: the new thread inherits the caller's scope, never
 *  throws, touches its stack, is counted, and holds its pool until its last destructor has run.
 *  `scope` is the caller's. Returns pthread_create's value, EAGAIN iff the table is full. */
int start_in_scope(const Scope& scope, unsigned long* thread, const void* attributes,
                   void* (*start)(void*), void* argument);

/** The kernel's ids of the threads started in the scope of `pool` that are there; 0 for one that
 * has not begun to run. */
std::vector<pid_t> threads_of(const ep_pool* pool);

/** Ends the threads started in the scope of `pool`, all of which sleep in it and must not touch it
 *  again: each where it sleeps, by a signal, running nothing more of its own. Its stack is not
 * given back. */
void end_sleeping_threads(ep_pool* pool);

}  // namespace ep

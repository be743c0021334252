// Whether threads sleep until somebody outside of them wakes one: as the kernel tells it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace ep {

struct Sleeper {
  pid_t thread;
  uintptr_t futex;  // where it waits
};

/** Who is not asleep, and what it does instead; null: all are. */
struct Awake {
  pid_t thread = 0;
  const char* why = nullptr;
};

/**
 * Fills `sleepers` iff all of `threads` of this process sleep in a futex without a limit of time,
 * and none of them ran between two looks at all of them: then there was a moment at which all slept
 * at once, and none can wake by itself or wake another. From /proc/self/task/TID/syscall and the
 * counts of context switches in its `status` (proc_pid_syscall(5), proc_pid_status(5)).
 */
Awake look_at_threads(const std::vector<pid_t>& threads, std::vector<Sleeper>* sleepers);

}  // namespace ep

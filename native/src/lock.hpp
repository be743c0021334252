// A lock that costs one atomic exchange to take and one to leave where nobody waits; who must wait
// sleeps in the kernel (Drepper 2011, "Futexes Are Tricky", the second mutex). In a header, so that
// it becomes part of who takes it: a call into the C library costs as much as the work it guards.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace ep {

class Lock {
 public:
  void lock() {
    uint32_t expected = kFree;
    if (state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire,
                                       std::memory_order_relaxed)) {
      return;
    }
    while (state_.exchange(kWaitedFor, std::memory_order_acquire) != kFree) {
      syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, kWaitedFor, nullptr, nullptr, 0);
    }
  }

  void unlock() {
    if (state_.exchange(kFree, std::memory_order_release) == kWaitedFor) {
      syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

 private:
  static constexpr uint32_t kFree = 0;
  static constexpr uint32_t kHeld = 1;
  static constexpr uint32_t kWaitedFor = 2;

  std::atomic<uint32_t> state_{kFree};
};

}  // namespace ep

// A thread of the library: a stack small enough to be touched in full, a heap whose beginning is
// touched, no signals, a name, counted by the witness of page faults.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "edgepool.h"

namespace ep {

class NativeThread {
 public:
  NativeThread() = default;
  ~NativeThread() { join(); }
  NativeThread(const NativeThread&) = delete;
  NativeThread& operator=(const NativeThread&) = delete;

  /** Runs `body(context)` on a new thread. `name` as the kernel shows it, at most 15 bytes.
   *  EP_E_SYSTEM iff the thread cannot be started. */
  int32_t start(const char* name, void (*body)(void*), void* context, ep_error* error);
  /** Waits for its end; safe twice and on one that never started. */
  void join();
  /** The kernel's id; 0 iff it does not run. Waits until it has begun. */
  int32_t id() const;

 private:
  static void* run(void* self);

  pthread_t thread_ = {};
  std::atomic<int32_t> id_{0};
  bool running_ = false;
  char name_[16] = {};
  void (*body_)(void*) = nullptr;
  void* context_ = nullptr;
};

}  // namespace ep

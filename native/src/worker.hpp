// The worker: one thread that converts a frame, runs a model on it and reports.
//
//   app     submit: idle ─> busy, job written, semaphore up        never waits
//   worker  semaphore down, convert, invoke, release slot, busy ─> idle, push result
#pragma once

#include <semaphore.h>

#include <atomic>
#include <cstdint>

#include "edgepool.h"
#include "events.hpp"
#include "frame_memory.hpp"
#include "native_thread.hpp"
#include "ring.hpp"

struct ep_worker {
 public:
  explicit ep_worker(ep_events* events) : events_(events) { sem_init(&wake_, 0, 0); }
  ~ep_worker();
  ep_worker(const ep_worker&) = delete;
  ep_worker& operator=(const ep_worker&) = delete;

  int32_t start(const char* name, ep_error* error);
  int32_t thread() const { return thread_.id(); }

  struct Job {
    ep_model* model;
    ep_ring* ring;
    ep_frame frame;
    ep_convert_options options;
    uint64_t tag;
    uint64_t submitted_ns;
  };
  int32_t submit(const Job& job, ep_error* error);

 private:
  int32_t accept(const Job& job, ep_error* error);
  void run();
  void answer(const Job& job);
  int32_t work(const Job& job, ep_event* event, ep_error* error);

  ep_events* const events_;
  ep::NativeThread thread_;
  sem_t wake_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  Job job_ = {};
  ep::PoolBlock scratch_;  // grown by submit, so that the thread itself never allocates
};

// The capture thread: fills free slots at the frame rate and tells the app of each.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "edgepool.h"
#include "events.hpp"
#include "native_thread.hpp"
#include "ring.hpp"
#include "source.hpp"

struct ep_source {
 public:
  ep_source(ep_ring* ring, ep_events* events, const ep_source_options& options)
      : ring_(ring), events_(events), tag_(options.tag), period_ns_(1e9 / options.fps) {}
  ~ep_source() { stop(); }
  ep_source(const ep_source&) = delete;
  ep_source& operator=(const ep_source&) = delete;

  int32_t start(const ep_source_options& options, ep_error* error);
  void stop();
  int32_t thread() const { return thread_.id(); }
  std::string way() { return frames_ == nullptr ? std::string() : frames_->way(); }

 private:
  void run();
  void run_by_rate();
  void run_by_arrival();
  bool stopping();
  bool wait_until(uint64_t time_ns);
  bool capture(uint64_t number, uint64_t captured_ns);
  ep::FrameSource::Outcome fill(uint64_t number, uint32_t slot, ep_event* event);
  void end();
  void push(ep_event_kind kind, int32_t status, const char* message, uint64_t number);

  ep_ring* const ring_;
  ep_events* const events_;
  const uint64_t tag_;
  double period_ns_;
  std::unique_ptr<ep::FrameSource> frames_;
  ep::NativeThread thread_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  bool end_reserved_ = false;
};

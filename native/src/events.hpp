// The bounded queue from native threads to the app's event loop.
//
//   worker  ── reserve ─> (submit accepted) ── push_reserved ─┐
//   capture ── try_push ────────────────────────────────────┴─> ring of events ─> drain ─> app
//                                                        pipe: one byte while there is something
//
// An answer is never lost because its place is reserved before the work begins. Whatever else does
// not fit is refused at once: no native thread ever waits for the app.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "edgepool.h"

struct ep_events {
 public:
  ep_events() = default;
  ~ep_events();
  ep_events(const ep_events&) = delete;
  ep_events& operator=(const ep_events&) = delete;

  int32_t start(uint32_t capacity, int32_t* read_fd, ep_error* error);

  /** Keeps one place for a later push_reserved. False iff none is left. Any thread. */
  bool reserve();
  /** Gives a reserved place back unused. */
  void cancel();
  void push_reserved(const ep_event& event);
  /** False iff every place is taken or reserved. Any thread, never blocks for the reader. */
  bool try_push(const ep_event& event);
  uint32_t drain(ep_event* out, uint32_t capacity);

 private:
  void append(const ep_event& event);
  void wake();

  std::mutex mutex_;
  std::unique_ptr<ep_event[]> events_;
  uint32_t capacity_ = 0;
  uint32_t first_ = 0;
  uint32_t count_ = 0;
  uint32_t reserved_ = 0;
  int32_t write_fd_ = -1;
  int32_t own_read_fd_ = -1;  // so that writing never raises SIGPIPE, whatever the app has closed
};

#include "events.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <new>

#include "error.hpp"

namespace {

constexpr uint32_t kMostEvents = 65536;

}  // namespace

ep_events::~ep_events() {
  if (write_fd_ >= 0) close(write_fd_);
  if (own_read_fd_ >= 0) close(own_read_fd_);
}

int32_t ep_events::start(uint32_t capacity, int32_t* read_fd, ep_error* error) {
  if (capacity == 0 || capacity > kMostEvents || read_fd == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "event queue of %u: capacity must be 1 to %u", capacity,
                    kMostEvents);
  }
  // Value-initialised: every page is touched here and not by a native thread's first event.
  events_.reset(new (std::nothrow) ep_event[capacity]());
  if (events_ == nullptr) {
    return ep::fail(error, EP_E_NO_MEMORY, "event queue of %u: out of memory", capacity);
  }
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
    return ep::fail_errno(error, "pipe2", "event queue");
  }
  own_read_fd_ = ends[0];
  write_fd_ = ends[1];
  const int given = fcntl(own_read_fd_, F_DUPFD_CLOEXEC, 0);
  if (given < 0) return ep::fail_errno(error, "fcntl", "event queue");
  *read_fd = given;
  capacity_ = capacity;
  return EP_OK;
}

bool ep_events::reserve() {
  const std::lock_guard lock(mutex_);
  if (count_ + reserved_ == capacity_) return false;
  ++reserved_;
  return true;
}

void ep_events::cancel() {
  const std::lock_guard lock(mutex_);
  --reserved_;
}

void ep_events::push_reserved(const ep_event& event) {
  const std::lock_guard lock(mutex_);
  --reserved_;
  append(event);
}

bool ep_events::try_push(const ep_event& event) {
  const std::lock_guard lock(mutex_);
  if (count_ + reserved_ == capacity_) return false;
  append(event);
  return true;
}

void ep_events::append(const ep_event& event) {
  events_[(first_ + count_) % capacity_] = event;
  if (++count_ == 1) wake();
}

uint32_t ep_events::drain(ep_event* out, uint32_t capacity) {
  const std::lock_guard lock(mutex_);
  const uint32_t moved = std::min(capacity, count_);
  for (uint32_t i = 0; i < moved; ++i) {
    out[i] = events_[first_];
    first_ = (first_ + 1) % capacity_;
  }
  count_ -= moved;
  // The reader may have taken the byte already; what it left must wake it again.
  if (count_ > 0) wake();
  return moved;
}

// A full pipe is no error: the reader is behind, and what is in it will wake it.
void ep_events::wake() {
  const char byte = 1;
  const ssize_t written = write(write_fd_, &byte, 1);
  static_cast<void>(written);
}

int32_t ep_events_create(uint32_t capacity, ep_events** out, int32_t* read_fd, ep_error* error) {
  if (out == nullptr) return ep::fail(error, EP_E_ARGUMENT, "event queue: out is null");
  std::unique_ptr<ep_events> events(new (std::nothrow) ep_events);
  if (events == nullptr) return ep::fail(error, EP_E_NO_MEMORY, "event queue: out of memory");
  const int32_t status = events->start(capacity, read_fd, error);
  if (status == EP_OK) *out = events.release();
  return status;
}

void ep_events_destroy(ep_events* events) { delete events; }

uint32_t ep_events_drain(ep_events* events, ep_event* out, uint32_t capacity) {
  return events->drain(out, capacity);
}

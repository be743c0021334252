#include "capture.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>

#include "clock.hpp"
#include "error.hpp"

namespace {

/** A source that is stopped ends within this time. */
constexpr int kLongestWaitMs = 100;

}  // namespace

int32_t ep_source::start(const ep_source_options& options, ep_error* error) {
  int32_t status = ep::make_source(options, &frames_, error);
  if (status != EP_OK) return status;
  ep_frame largest;
  status = frames_->probe(&largest, error);
  if (status != EP_OK) return status;
  if (largest.bytes > ring_->slot_bytes()) {
    return ep::fail(error, EP_E_ARGUMENT,
                    "source: a frame of %u x %u has %llu bytes, the ring's slots have %llu",
                    largest.width, largest.height, static_cast<unsigned long long>(largest.bytes),
                    static_cast<unsigned long long>(ring_->slot_bytes()));
  }
  if (frames_->own_fps() > 0) period_ns_ = 1e9 / frames_->own_fps();
  status = frames_->prepare(ring_, error);
  if (status != EP_OK) return status;
  end_reserved_ = events_->reserve();
  if (!end_reserved_) {
    return ep::fail(error, EP_E_BUSY,
                    "source: the event queue is full: drain it, or make it larger");
  }
  return thread_.start(
      "ep-capture", [](void* self) { static_cast<ep_source*>(self)->run(); }, this, error);
}

void ep_source::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
  if (end_reserved_) events_->cancel();
  end_reserved_ = false;
}

void ep_source::run() {
  if (frames_->has_clock()) {
    run_by_arrival();
  } else {
    run_by_rate();
  }
}

void ep_source::run_by_rate() {
  const uint64_t began_ns = ep::now_ns();
  uint64_t number = 0;  // of the last period; its frame is due at its end
  for (;;) {
    ++number;
    const double due_ns = static_cast<double>(number - 1) * period_ns_;
    if (!wait_until(began_ns + static_cast<uint64_t>(due_ns))) return;
    // More than a period late: those frames are lost, and the gap in the numbers says so.
    const double late_ns = static_cast<double>(ep::now_ns() - began_ns) - due_ns;
    if (late_ns > period_ns_) number += static_cast<uint64_t>(late_ns / period_ns_);
    if (!capture(number, ep::now_ns())) return;
  }
}

void ep_source::run_by_arrival() {
  using Awaited = ep::FrameSource::Awaited;
  while (!stopping()) {
    ep_error error = {};
    ep::FrameSource::Arrival arrival = {};
    const Awaited awaited = frames_->await(kLongestWaitMs, &arrival, &error);
    if (awaited == Awaited::kTrouble) push(EP_EVENT_SOURCE_ERROR, error.status, error.message, 0);
    if (awaited == Awaited::kEnded) return end();
    if (awaited == Awaited::kFrame && !capture(arrival.number, arrival.captured_ns)) return;
  }
}

bool ep_source::stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

bool ep_source::wait_until(uint64_t time_ns) {
  const std::chrono::steady_clock::time_point time{std::chrono::nanoseconds(time_ns)};
  std::unique_lock lock(mutex_);
  return !stopped_.wait_until(lock, time, [this] { return stopping_; });
}

/** False iff the source has ended. */
bool ep_source::capture(uint64_t number, uint64_t captured_ns) {
  const uint32_t slot = ring_->begin_fill();
  if (slot == ep_ring::kNoSlot) {
    frames_->skip();
    push(EP_EVENT_SOURCE_DROP, EP_OK, "", number);
    return true;
  }
  ep_event event = {};
  event.kind = EP_EVENT_FRAME;
  event.tag = tag_;
  ep::FrameSource::Outcome outcome = fill(number, slot, &event);
  // A camera's broken frame is lost, as the gap in the numbers says; a file's successor takes its
  // place.
  while (outcome == ep::FrameSource::Outcome::kFailed && !frames_->has_clock()) {
    outcome = fill(number, slot, &event);
  }
  if (outcome == ep::FrameSource::Outcome::kEnded) {
    ring_->abandon(slot);
    end();
    return false;
  }
  if (outcome == ep::FrameSource::Outcome::kFailed) {
    ring_->abandon(slot);
    return true;
  }
  const uint32_t full = frames_->filled(slot);
  event.frame.slot = full;
  event.frame.number = number;
  event.frame.captured_ns = captured_ns;
  event.bytes_copied = ring_->content(full)->bytes_copied;
  ring_->publish(full);
  // Nobody would ever release it: the app will see the gap in the numbers.
  if (!events_->try_push(event)) ring_->release(full);
  return true;
}

ep::FrameSource::Outcome ep_source::fill(uint64_t number, uint32_t slot, ep_event* event) {
  ep_error error = {};
  const ep::FrameSource::Outcome outcome =
      frames_->fill(number, slot, &event->frame, event->message, &error);
  if (outcome == ep::FrameSource::Outcome::kFailed) {
    push(EP_EVENT_SOURCE_ERROR, error.status, error.message, number);
  }
  return outcome;
}

void ep_source::end() {
  ep_event event = {};
  event.kind = EP_EVENT_SOURCE_END;
  event.tag = tag_;
  end_reserved_ = false;
  events_->push_reserved(event);
}

// What does not fit is not waited for; a lost frame still shows as a gap in the numbers.
void ep_source::push(ep_event_kind kind, int32_t status, const char* message, uint64_t number) {
  ep_event event = {};
  event.kind = kind;
  event.status = status;
  event.tag = tag_;
  event.frame.number = number;
  event.frame.captured_ns = ep::now_ns();
  std::snprintf(event.message, sizeof event.message, "%s", message);
  events_->try_push(event);
}

int32_t ep_source_start(ep_ring* ring, ep_events* events, const ep_source_options* options,
                        ep_source** out, ep_error* error) {
  if (ring == nullptr || events == nullptr || options == nullptr || out == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "source: ring, events, options or out is null");
  }
  try {
    auto source = std::make_unique<ep_source>(ring, events, *options);
    const int32_t status = source->start(*options, error);
    if (status == EP_OK) *out = source.release();
    return status;
  } catch (const std::exception& failure) {
    return ep::fail(error, EP_E_NO_MEMORY, "source: cannot be started: %s", failure.what());
  }
}

int32_t ep_source_stop(ep_source* source, ep_error*) {
  delete source;
  return EP_OK;
}

int32_t ep_source_probe(const ep_source_options* options, ep_frame* largest, ep_error* error) {
  if (options == nullptr || largest == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "source: options or largest is null");
  }
  try {
    std::unique_ptr<ep::FrameSource> source;
    const int32_t status = ep::make_source(*options, &source, error);
    return status == EP_OK ? source->probe(largest, error) : status;
  } catch (const std::exception& failure) {
    return ep::fail(error, EP_E_NO_MEMORY, "source: cannot be probed: %s", failure.what());
  }
}

int32_t ep_source_rate(const ep_source_options* options, double* fps, ep_error* error) {
  if (options == nullptr || fps == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "source: options or fps is null");
  }
  try {
    std::unique_ptr<ep::FrameSource> source;
    ep_frame largest;
    int32_t status = ep::make_source(*options, &source, error);
    if (status == EP_OK) status = source->probe(&largest, error);
    if (status == EP_OK) *fps = source->own_fps() > 0 ? source->own_fps() : options->fps;
    return status;
  } catch (const std::exception& failure) {
    return ep::fail(error, EP_E_NO_MEMORY, "source: cannot be probed: %s", failure.what());
  }
}

void ep_source_way(ep_source* source, char* text, uint32_t capacity) {
  if (text == nullptr || capacity == 0) return;
  const std::string way = source == nullptr ? std::string() : source->way();
  std::snprintf(text, capacity, "%s", way.c_str());
}

int32_t ep_source_thread(ep_source* source) { return source == nullptr ? 0 : source->thread(); }

#include "gst_source.hpp"

#include <dlfcn.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "clock.hpp"
#include "error.hpp"
#include "pixels.hpp"
#include "ring.hpp"

namespace ep {
namespace {

constexpr uint64_t kMillisecond = 1000000;
/** A camera behind a network has to be connected to, and its frames wait to be put in order. */
constexpr uint64_t kPatience = 10000 * kMillisecond;
constexpr int kStepMs = 100;

using ull = unsigned long long;

/** Beside the library that this code is in. */
std::string module_path() {
  Dl_info self = {};
  dladdr(kPipelineModule, &self);
  const std::string file = self.dli_fname == nullptr ? "" : self.dli_fname;
  return file.substr(0, file.rfind('/') + 1) + kPipelineModule;
}

/** Null iff there is none; it stays loaded for good, as GLib has to. */
OpenPipeline* open_module(ep_error* error) {
  const std::string path = module_path();
  if (access(path.c_str(), F_OK) != 0) {
    fail(error, EP_E_UNSUPPORTED,
         "source gst: this build has no GStreamer: install libgstreamer1.0-dev and "
         "libgstreamer-plugins-base1.0-dev, and build it again (make setup)");
    return nullptr;
  }
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  void* const symbol = module == nullptr ? nullptr : dlsym(module, kOpenPipeline);
  if (symbol == nullptr) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps dlerror's text for each thread
    const char* const reason = dlerror();
    fail(error, EP_E_LIBRARY,
         "source gst: %s: install gstreamer1.0-plugins-base and gstreamer1.0-plugins-good",
         reason == nullptr ? "the module cannot be opened" : reason);
  }
  return reinterpret_cast<OpenPipeline*>(symbol);
}

void sleep_until(uint64_t time_ns) {
  const timespec time = {static_cast<time_t>(time_ns / 1000000000u),
                         static_cast<long>(time_ns % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

}  // namespace

GstSource::GstSource(std::string text, double fps) : text_(std::move(text)), fps_(fps) {}

uint64_t GstSource::period_ns() const {
  const double own = own_fps();
  return static_cast<uint64_t>(1e9 / (own > 0 ? own : fps_));
}

bool GstSource::open(ep_error* error) {
  OpenPipeline* const start = open_module(error);
  if (start == nullptr) return false;
  pipeline_.reset(start(text_.c_str(), error));
  if (pipeline_ == nullptr) return false;
  live_ = pipeline_->is_live();
  last_frame_ns_ = now_ns();
  return true;
}

/** The pipeline goes on to run: its first frame tells the size, and is the first that is given. */
int32_t GstSource::probe(ep_frame* largest, ep_error* error) {
  ep_error reason = {};
  if (!open(&reason)) {
    if (error != nullptr) *error = reason;
    return reason.status;
  }
  const uint64_t until_ns = now_ns() + kPatience;
  FramePipeline::Got got = FramePipeline::Got::kNothing;
  while (got == FramePipeline::Got::kNothing && now_ns() < until_ns) {
    got = pipeline_->pull(kStepMs, &current_, &reason);
  }
  if (got == FramePipeline::Got::kEnded) {
    fail(&reason, EP_E_FILE, "source gst: the pipeline ends without a frame");
  }
  if (got == FramePipeline::Got::kNothing) {
    fail(&reason, EP_E_SYSTEM,
         "source gst: the pipeline gives no frame within %llu s: see that its end is video",
         ull{kPatience / (1000 * kMillisecond)});
  }
  if (got != FramePipeline::Got::kFrame) {
    if (error != nullptr) *error = reason;
    return reason.status;
  }
  waiting_ = true;
  *largest = current_.frame;
  return EP_OK;
}

int32_t GstSource::prepare(ep_ring* ring, ep_error*) {
  ring_ = ring;
  return EP_OK;
}

FrameSource::Awaited GstSource::retry(int timeout_ms) {
  const uint64_t now = now_ns();
  if (now < retry_at_ns_) {
    sleep_until(std::min(retry_at_ns_, now + static_cast<uint64_t>(timeout_ms) * kMillisecond));
    return Awaited::kNothing;
  }
  ep_error known;
  if (!open(&known)) retry_at_ns_ = now_ns() + back_off_.next_ns();
  return Awaited::kNothing;
}

/** Reported only the first time, until a frame comes again. */
FrameSource::Awaited GstSource::lose(const ep_error& reason, ep_error* error) {
  ended_ = !live_;
  pipeline_.reset();
  retry_at_ns_ = now_ns() + back_off_.next_ns();
  if (troubled_) return Awaited::kNothing;
  troubled_ = true;
  *error = reason;
  return Awaited::kTrouble;
}

FrameSource::Awaited GstSource::pull(int timeout_ms, ep_error* error) {
  ep_error reason = {};
  switch (pipeline_->pull(timeout_ms, &current_, &reason)) {
    case FramePipeline::Got::kFrame:
      waiting_ = true;
      placed_ = false;
      last_frame_ns_ = now_ns();
      return Awaited::kFrame;
    case FramePipeline::Got::kEnded:
      ended_ = true;
      return Awaited::kEnded;
    case FramePipeline::Got::kFailed:
      return lose(reason, error);
    case FramePipeline::Got::kNothing:
      break;
  }
  const uint64_t silent_ns = now_ns() - last_frame_ns_;
  if (!live_ || silent_ns < kPatience) return Awaited::kNothing;
  fail(&reason, EP_E_SYSTEM,
       "source gst: the pipeline has given no frame for %llu ms: starting it again",
       ull{silent_ns / kMillisecond});
  return lose(reason, error);
}

/** Waits for the turn of a clip's frame. One that comes late moves the rest: no frame is skipped to
 *  catch up. */
bool GstSource::has_turn(int timeout_ms) {
  const uint64_t now = now_ns();
  if (!placed_) {
    const uint64_t after = begun_ ? turn_ns_ + period_ns() : now;
    const bool timed = current_.time_ns != FramePipeline::kNoTime;
    if (!begun_ && timed) origin_ns_ = now - current_.time_ns;
    turn_ns_ = timed ? origin_ns_ + current_.time_ns : after;
    begun_ = true;
    placed_ = true;
  }
  const uint64_t waits_until = now + static_cast<uint64_t>(timeout_ms) * kMillisecond;
  if (turn_ns_ > now) sleep_until(std::min(turn_ns_, waits_until));
  if (turn_ns_ > waits_until) return false;
  if (now > turn_ns_ + period_ns()) {
    origin_ns_ += now - turn_ns_;
    turn_ns_ = now;
  }
  return true;
}

FrameSource::Awaited GstSource::await(int timeout_ms, Arrival* arrival, ep_error* error) {
  if (ended_) return Awaited::kEnded;
  if (pipeline_ == nullptr) return retry(timeout_ms);
  if (!waiting_) {
    const Awaited pulled = pull(timeout_ms, error);
    if (pulled != Awaited::kFrame) return pulled;
  }
  if (troubled_) {
    troubled_ = false;
    fail(error, EP_OK, "source gst: gives frames again");
    return Awaited::kTrouble;
  }
  back_off_.reset();
  if (!live_ && !has_turn(timeout_ms)) return Awaited::kNothing;
  const bool timed = live_ && current_.time_ns != FramePipeline::kNoTime;
  *arrival = {++number_, timed ? current_.time_ns : live_ ? last_frame_ns_ : turn_ns_};
  return Awaited::kFrame;
}

void GstSource::let_go() {
  if (waiting_) pipeline_->release();
  waiting_ = false;
}

void GstSource::skip() {
  if (live_) {
    let_go();
  } else {
    origin_ns_ += period_ns();
    turn_ns_ += period_ns();
  }
}

FrameSource::Outcome GstSource::fill(uint64_t, uint32_t slot, ep_frame* frame, char*,
                                     ep_error* error) {
  *frame = current_.frame;
  if (frame->bytes > ring_->slot_bytes()) {
    fail(error, EP_E_ARGUMENT,
         "source gst: gave a frame of %ux%u, larger than its first: scale it (videoscale ! "
         "video/x-raw,width=W,height=H)",
         frame->width, frame->height);
    let_go();
    return Outcome::kFailed;
  }
  const Layout layout = frame_layout(ring_->pixels(slot), *frame);
  uint8_t* to = ring_->pixels(slot);
  for (uint32_t i = 0; i < layout.rows_count; ++i) {
    const Rows& rows = layout.rows[i];
    const PicturePlane& plane = current_.planes[i];
    for (uint32_t row = 0; row < rows.count; ++row) {
      std::memcpy(to, plane.data + row * plane.stride_bytes, rows.bytes);
      to += rows.bytes;
    }
  }
  *ring_->content(slot) = {0, 0, frame->bytes};
  let_go();
  return Outcome::kFilled;
}

}  // namespace ep

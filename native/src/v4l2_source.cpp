#include "v4l2_source.hpp"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "clock.hpp"
#include "error.hpp"
#include "pixels.hpp"
#include "ring.hpp"
#include "v4l2_offers.hpp"

namespace ep {
namespace {

constexpr uint64_t kMillisecond = 1000000;
/** A camera that slows down for the night still gives several frames in that time. */
constexpr uint64_t kLeastPatience = 3000 * kMillisecond;
constexpr double kPatiencePeriods = 10;

using ull = unsigned long long;

uint64_t patience(double fps) {
  return std::max(kLeastPatience, static_cast<uint64_t>(kPatiencePeriods * 1e9 / fps));
}

/** The largest frame: of MJPEG it is known only by each picture's header. */
ep_frame largest_frame(const CameraFormat& format) {
  ep_frame frame = {};
  frame.width = format.width;
  frame.height = format.height;
  frame.pixels = camera_pixels(format.fourcc);
  if (is_mjpeg(format.fourcc)) frame.pixels = EP_PIXELS_RGB24;
  frame.bytes = frame_bytes(frame.pixels, frame.width, frame.height);
  return frame;
}

/** A device that is not there, not yet for us, or in use may be there later; one of another kind or
 *  without the size stays what it is. */
bool is_away(int32_t status) { return status == EP_E_SYSTEM || status == EP_E_BUSY; }

}  // namespace

V4l2Source::V4l2Source(std::string path, const CameraWish& wish, const char* maker)
    : path_(std::move(path)), wish_(wish), patience_ns_(patience(wish.fps)), maker_(maker) {}

int32_t V4l2Source::probe(ep_frame* largest, ep_error* error) {
  int32_t status = device_.open(path_, error);
  if (status == EP_OK) status = device_.negotiate(wish_, &format_, error);
  device_.close();
  if (wish_.awaited && is_away(status)) {
    format_ = {V4L2_PIX_FMT_MJPEG, wish_.width, wish_.height};
  } else if (status != EP_OK) {
    return status;
  }
  *largest = largest_frame(format_);
  if (largest->bytes > 0) return EP_OK;
  return fail(error, EP_E_UNSUPPORTED, "source v4l2 %s: frames of %ux%u are too large: set width",
              path_.c_str(), format_.width, format_.height);
}

int32_t V4l2Source::prepare(ep_ring* ring, ep_error* error) {
  ring_ = ring;
  if (!jpeg_.start()) {
    return fail(error, EP_E_NO_MEMORY, "source v4l2 %s: libjpeg-turbo cannot start", path_.c_str());
  }
  const int32_t status = connect(error);
  return wish_.awaited && is_away(status) ? int32_t{EP_OK} : status;
}

int32_t V4l2Source::connect(ep_error* error) {
  int32_t status = device_.open(path_, error);
  if (status == EP_OK) status = device_.negotiate(wish_, &format_, error);
  if (status == EP_OK && largest_frame(format_).bytes > ring_->slot_bytes()) {
    status = fail(error, EP_E_ARGUMENT,
                  "source v4l2 %s: came back with frames of %ux%u, larger than at the start: set "
                  "width and height",
                  path_.c_str(), format_.width, format_.height);
  }
  if (status == EP_OK) status = stream(error);
  if (status != EP_OK) {
    disconnect();
    return status;
  }
  connected_ = true;
  last_frame_ns_ = now_ns();
  numbers_.restart();
  return EP_OK;
}

int32_t V4l2Source::stream(ep_error* error) {
  ep_error why = {};
  if (slots_.start(ring_, &device_, format_, largest_frame(format_), maker_, &why)) {
    set_way("dmabuf");
    return EP_OK;
  }
  std::string reason = why.message;
  const std::string subject = "source v4l2 " + path_ + ": ";
  if (reason.compare(0, subject.size(), subject) == 0) reason.erase(0, subject.size());
  set_way("mmap: " + reason);
  return device_.start(error);
}

/** Whatever the camera had is free again. */
void V4l2Source::disconnect() {
  device_.close();
  slots_.drop();
  connected_ = false;
  waiting_ = false;
}

void V4l2Source::set_way(const std::string& way) {
  const std::lock_guard lock(way_mutex_);
  way_ = way;
}

std::string V4l2Source::way() {
  const std::lock_guard lock(way_mutex_);
  return way_;
}

FrameSource::Awaited V4l2Source::retry(int timeout_ms, ep_error* error) {
  const uint64_t now = now_ns();
  if (now < retry_at_ns_) {
    const uint64_t left_ms = (retry_at_ns_ - now) / kMillisecond + 1;
    poll(nullptr, 0, static_cast<int>(std::min<uint64_t>(left_ms, timeout_ms)));
    return Awaited::kNothing;
  }
  ep_error reason = {};
  const int32_t status = connect(&reason);
  if (status == EP_OK) return Awaited::kNothing;
  retry_at_ns_ = now + back_off_.next_ns();
  const bool known = told_ != EP_OK && (is_away(status) || status == told_);
  return known ? Awaited::kNothing : tell(reason, error);
}

FrameSource::Awaited V4l2Source::tell(const ep_error& reason, ep_error* error) {
  told_ = reason.status;
  *error = reason;
  return Awaited::kTrouble;
}

/** Reported only the first time, until a frame comes again. */
FrameSource::Awaited V4l2Source::lose(const ep_error& reason, ep_error* error) {
  disconnect();
  retry_at_ns_ = now_ns() + back_off_.next_ns();
  return told_ == EP_OK ? tell(reason, error) : Awaited::kNothing;
}

FrameSource::Awaited V4l2Source::arrive(Arrival* arrival, ep_error* error) {
  if (told_ != EP_OK) {
    told_ = EP_OK;
    back_off_.reset();
    fail(error, EP_OK, "source v4l2 %s: gives frames again", path_.c_str());
    return Awaited::kTrouble;
  }
  back_off_.reset();
  last_frame_ns_ = now_ns();
  *arrival = {numbers_.next(current_.sequence), current_.captured_ns};
  return Awaited::kFrame;
}

FrameSource::Awaited V4l2Source::await(int timeout_ms, Arrival* arrival, ep_error* error) {
  if (!connected_) return retry(timeout_ms, error);
  if (waiting_) return arrive(arrival, error);
  ep_error reason = {};
  switch (device_.dequeue(timeout_ms, &current_, &reason)) {
    case V4l2Device::Got::kFrame:
      waiting_ = true;
      return arrive(arrival, error);
    case V4l2Device::Got::kGone:
      return lose(reason, error);
    case V4l2Device::Got::kNothing:
      break;
  }
  const uint64_t silent_ns = now_ns() - last_frame_ns_;
  if (silent_ns < patience_ns_) return Awaited::kNothing;
  fail(&reason, EP_E_SYSTEM, "source v4l2 %s: has given no frame for %llu ms: opening it again",
       path_.c_str(), ull{silent_ns / kMillisecond});
  return lose(reason, error);
}

void V4l2Source::skip() {
  if (waiting_) device_.requeue(current_);
  waiting_ = false;
}

FrameSource::Outcome V4l2Source::fill(uint64_t, uint32_t slot, ep_frame* frame, char*,
                                      ep_error* error) {
  int32_t status = EP_OK;
  if (current_.damaged) {
    status = fail(error, EP_E_IMAGE, "source v4l2 %s: gave a damaged frame", path_.c_str());
  } else if (slots_.on()) {
    if (hand_over(slot, frame, error) == EP_OK) return Outcome::kFilled;
    status = EP_E_IMAGE;
  } else {
    status = is_mjpeg(format_.fourcc) ? decode(slot, frame, error) : copy(slot, frame, error);
  }
  skip();
  return status == EP_OK ? Outcome::kFilled : Outcome::kFailed;
}

/** The frame's slot for a free one. */
int32_t V4l2Source::hand_over(uint32_t slot, ep_frame* frame, ep_error* error) {
  *frame = largest_frame(format_);
  if (current_.bytes < frame->bytes) {
    return fail(error, EP_E_IMAGE, "source v4l2 %s: gave a frame that is cut short", path_.c_str());
  }
  filled_ = current_.buffer;
  slots_.take(filled_);
  slots_.give(slot, &device_);
  *ring_->content(filled_) = {0, 0, 0};
  waiting_ = false;
  return EP_OK;
}

int32_t V4l2Source::copy(uint32_t slot, ep_frame* frame, ep_error* error) {
  *frame = largest_frame(format_);
  const Layout layout = frame_layout(ring_->pixels(slot), *frame);
  uint8_t* to = ring_->pixels(slot);
  const uint8_t* from = current_.data;
  size_t left = current_.bytes;
  for (uint32_t i = 0; i < layout.rows_count; ++i) {
    const Rows& rows = layout.rows[i];
    const bool half = frame->pixels == EP_PIXELS_I420 && i > 0;
    const size_t padded = half ? format_.stride_bytes / 2 : format_.stride_bytes;
    const size_t stride = std::max(padded, rows.bytes);
    if (left < stride * (rows.count - 1) + rows.bytes) {
      return fail(error, EP_E_IMAGE, "source v4l2 %s: gave a frame that is cut short",
                  path_.c_str());
    }
    for (uint32_t row = 0; row < rows.count; ++row) {
      std::memcpy(to, from + row * stride, rows.bytes);
      to += rows.bytes;
    }
    from += std::min(left, stride * rows.count);
    left -= std::min(left, stride * rows.count);
  }
  *ring_->content(slot) = {0, 0, frame->bytes};
  return EP_OK;
}

int32_t V4l2Source::decode(uint32_t slot, ep_frame* frame, ep_error* error) {
  const char* wrong =
      jpeg_.open(current_.data, current_.bytes, JpegDecoder::Want::kCheapest, frame);
  if (wrong == nullptr && frame->bytes > ring_->slot_bytes()) wrong = "larger than agreed";
  if (wrong == nullptr) wrong = jpeg_.decode(ring_->pixels(slot));
  if (wrong != nullptr) {
    return fail(error, EP_E_IMAGE, "source v4l2 %s: skipped a broken JPEG: %s", path_.c_str(),
                wrong);
  }
  *ring_->content(slot) = {0, 0, 0};
  return EP_OK;
}

}  // namespace ep

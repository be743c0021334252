#include "v4l2_device.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "clock.hpp"
#include "error.hpp"
#include "v4l2_offers.hpp"

namespace ep {
namespace {

/** What the kernel's answer means for whoever set the source up. */
const char* advice(int number) {
  switch (number) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      return "there is no such device: plug the camera in, or name another (ls /dev/video*)";
    case EACCES:
    case EPERM:
      return "permission denied: add the user to the group video";
    case EBUSY:
      return "is in use by another program: end that one first";
    default:
      return nullptr;
  }
}

uint64_t nanoseconds(const timeval& time) {
  return static_cast<uint64_t>(time.tv_sec) * 1000000000u +
         static_cast<uint64_t>(time.tv_usec) * 1000u;
}

/** The driver's own time of the frame, where it is of our clock. */
uint64_t captured_at(const v4l2_buffer& buffer) {
  const uint32_t clock = buffer.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK;
  return clock == V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC ? nanoseconds(buffer.timestamp) : now_ns();
}

}  // namespace

bool V4l2Device::control(unsigned long request, void* argument) const {
  int result = 0;
  do {
    result = ioctl(descriptor_, request, argument);
  } while (result < 0 && errno == EINTR);
  return result == 0;
}

int32_t V4l2Device::refuse(const char* call, ep_error* error) const {
  const int number = errno;
  const char* const advised = advice(number);
  const ep_status status = number == EBUSY ? EP_E_BUSY : EP_E_SYSTEM;
  if (advised != nullptr) {
    fail(error, status, "source v4l2 %s: %s", path_.c_str(), advised);
  } else {
    fail(error, status, "source v4l2 %s: %s: %s", path_.c_str(), call, strerrordesc_np(number));
  }
  if (error != nullptr) error->system_errno = number;
  return status;
}

int32_t V4l2Device::open(const std::string& path, ep_error* error) {
  close();
  path_ = path;
  descriptor_ = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (descriptor_ < 0) return refuse("open", error);
  v4l2_capability about = {};
  const bool is_v4l2 = control(VIDIOC_QUERYCAP, &about);
  const uint32_t can =
      (about.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? about.device_caps : about.capabilities;
  multi_planar_ = (can & V4L2_CAP_VIDEO_CAPTURE) == 0;
  const bool captures = (can & (V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_CAPTURE_MPLANE)) != 0;
  if (is_v4l2 && captures && (can & V4L2_CAP_STREAMING) != 0) return EP_OK;
  close();
  return fail(error, EP_E_ARGUMENT,
              "source v4l2 %s: is not a camera%s: name another device (ls /dev/video*)",
              path.c_str(), is_v4l2 ? " that streams" : "");
}

int32_t V4l2Device::choose(const CameraWish& wish, CameraFormat* out, ep_error* error) {
  const uint32_t type =
      multi_planar_ ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
  v4l2_format current = {};
  current.type = type;
  if (!control(VIDIOC_G_FMT, &current)) return refuse("VIDIOC_G_FMT", error);
  // Both structs begin with width, height, pixel format.
  const uint32_t width = wish.width == 0 ? current.fmt.pix.width : wish.width;
  const uint32_t height = wish.height == 0 ? current.fmt.pix.height : wish.height;
  std::vector<CameraOffer> offers = camera_offers(descriptor_, type, width, height);
  std::erase_if(offers, [&wish](const CameraOffer& offer) {
    return wish.fourcc != 0 && offer.fourcc != wish.fourcc;
  });
  if (offers.empty()) {
    return fail(error, EP_E_UNSUPPORTED, "source v4l2 %s: has none of the formats %s: use another",
                path_.c_str(), kCameraFormats);
  }
  const CameraOffer* const best = best_offer(offers, wish.fps);
  if (best == nullptr) {
    return fail(error, EP_E_ARGUMENT,
                "source v4l2 %s: does not offer %ux%u: set width and height to one of %s",
                path_.c_str(), width, height, nearest_sizes(offers, width, height).c_str());
  }
  *out = {};
  out->fourcc = best->fourcc;
  out->width = width;
  out->height = height;
  return EP_OK;
}

int32_t V4l2Device::set_format(CameraFormat* format, ep_error* error) {
  v4l2_format wanted = {};
  uint32_t planes = 1;
  if (multi_planar_) {
    wanted.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
    v4l2_pix_format_mplane& pix = wanted.fmt.pix_mp;
    pix.width = format->width;
    pix.height = format->height;
    pix.pixelformat = format->fourcc;
    pix.field = V4L2_FIELD_NONE;
    pix.num_planes = 1;
    if (!control(VIDIOC_S_FMT, &wanted)) return refuse("VIDIOC_S_FMT", error);
    format->stride_bytes = pix.plane_fmt[0].bytesperline;
    format->image_bytes = pix.plane_fmt[0].sizeimage;
    planes = pix.num_planes;
  } else {
    wanted.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    v4l2_pix_format& pix = wanted.fmt.pix;
    pix.width = format->width;
    pix.height = format->height;
    pix.pixelformat = format->fourcc;
    pix.field = V4L2_FIELD_NONE;
    if (!control(VIDIOC_S_FMT, &wanted)) return refuse("VIDIOC_S_FMT", error);
    format->stride_bytes = pix.bytesperline;
    format->image_bytes = pix.sizeimage;
  }
  const bool same = wanted.fmt.pix.width == format->width &&
                    wanted.fmt.pix.height == format->height &&
                    wanted.fmt.pix.pixelformat == format->fourcc && planes == 1;
  if (same) return EP_OK;
  return fail(error, EP_E_UNSUPPORTED,
              "source v4l2 %s: gives %ux%u instead of the %ux%u that it offers: set width and "
              "height to those",
              path_.c_str(), wanted.fmt.pix.width, wanted.fmt.pix.height, format->width,
              format->height);
}

/** The rate that the device has taken; 0 iff it does not say. */
double V4l2Device::set_rate(double fps) {
  v4l2_streamparm rate = {};
  rate.type = multi_planar_ ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
  v4l2_fract& interval = rate.parm.capture.timeperframe;
  interval.numerator = 1000;
  interval.denominator = static_cast<uint32_t>(std::lround(fps * 1000));
  if (!control(VIDIOC_S_PARM, &rate) || interval.numerator == 0) return 0;
  return static_cast<double>(interval.denominator) / interval.numerator;
}

int32_t V4l2Device::negotiate(const CameraWish& wish, CameraFormat* out, ep_error* error) {
  int32_t status = choose(wish, out, error);
  if (status == EP_OK) status = set_format(out, error);
  if (status == EP_OK) out->fps = set_rate(wish.fps);
  return status;
}

uint32_t V4l2Device::type() const {
  return multi_planar_ ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

/** What every call about a buffer takes. */
v4l2_buffer V4l2Device::about(uint32_t index, v4l2_plane* plane) const {
  v4l2_buffer buffer = {};
  buffer.index = index;
  buffer.memory = imported_.empty() ? V4L2_MEMORY_MMAP : V4L2_MEMORY_DMABUF;
  buffer.type = type();
  if (multi_planar_) {
    buffer.m.planes = plane;
    buffer.length = 1;
  }
  return buffer;
}

int32_t V4l2Device::map(uint32_t index, ep_error* error) {
  v4l2_plane plane = {};
  v4l2_buffer buffer = about(index, &plane);
  if (!control(VIDIOC_QUERYBUF, &buffer)) return refuse("VIDIOC_QUERYBUF", error);
  const size_t bytes = multi_planar_ ? plane.length : buffer.length;
  const off_t offset = static_cast<off_t>(multi_planar_ ? plane.m.mem_offset : buffer.m.offset);
  void* const data =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor_, offset);
  if (data == MAP_FAILED) return refuse("mmap", error);
  buffers_[index] = {data, bytes};
  buffer_count_ = index + 1;
  return queue(index, error);
}

int32_t V4l2Device::start(ep_error* error) {
  v4l2_requestbuffers request = {};
  request.count = kBuffers;
  request.type = type();
  request.memory = V4L2_MEMORY_MMAP;
  if (!control(VIDIOC_REQBUFS, &request)) return refuse("VIDIOC_REQBUFS", error);
  if (request.count < 2) {
    return fail(error, EP_E_NO_MEMORY, "source v4l2 %s: gives %u buffers, 2 are needed",
                path_.c_str(), request.count);
  }
  const uint32_t count = request.count < kBuffers ? request.count : kBuffers;
  for (uint32_t index = 0; index < count; ++index) {
    const int32_t status = map(index, error);
    if (status != EP_OK) return status;
  }
  return stream(error);
}

int32_t V4l2Device::import(std::vector<int> memory, size_t bytes, ep_error* error) {
  if (memory.empty() || memory.size() > kMostBuffers) {
    return fail(error, EP_E_ARGUMENT, "%zu slots, a device takes 1 to %u", memory.size(),
                kMostBuffers);
  }
  v4l2_requestbuffers request = {};
  request.count = static_cast<uint32_t>(memory.size());
  request.type = type();
  request.memory = V4L2_MEMORY_DMABUF;
  if (!control(VIDIOC_REQBUFS, &request)) return refuse("VIDIOC_REQBUFS", error);
  imported_ = std::move(memory);
  imported_bytes_ = bytes;
  if (request.count == imported_.size()) return EP_OK;
  const size_t wanted = imported_.size();
  forget();
  return fail(error, EP_E_NO_MEMORY, "the device takes %u buffers, there are %zu", request.count,
              wanted);
}

int32_t V4l2Device::queue(uint32_t index, ep_error* error) {
  v4l2_plane plane = {};
  v4l2_buffer buffer = about(index, &plane);
  if (!imported_.empty() && multi_planar_) {
    plane.m.fd = imported_[index];
    plane.length = static_cast<uint32_t>(imported_bytes_);
  } else if (!imported_.empty()) {
    buffer.m.fd = imported_[index];
    buffer.length = static_cast<uint32_t>(imported_bytes_);
  }
  return control(VIDIOC_QBUF, &buffer) ? EP_OK : refuse("VIDIOC_QBUF", error);
}

int32_t V4l2Device::stream(ep_error* error) {
  uint32_t kind = type();
  if (!control(VIDIOC_STREAMON, &kind)) return refuse("VIDIOC_STREAMON", error);
  streaming_ = true;
  return EP_OK;
}

void V4l2Device::forget() {
  uint32_t kind = type();
  if (streaming_) static_cast<void>(control(VIDIOC_STREAMOFF, &kind));
  streaming_ = false;
  v4l2_requestbuffers request = {};
  request.type = kind;
  request.memory = V4L2_MEMORY_DMABUF;
  // Buffers that were queued come back without it, too, when the device is closed.
  static_cast<void>(control(VIDIOC_REQBUFS, &request));
  imported_.clear();
}

V4l2Device::Got V4l2Device::dequeue(int timeout_ms, CameraFrame* out, ep_error* error) {
  pollfd waited = {descriptor_, POLLIN, 0};
  const int ready = poll(&waited, 1, timeout_ms);
  if (ready == 0 || (ready < 0 && errno == EINTR)) return Got::kNothing;
  v4l2_plane plane = {};
  v4l2_buffer buffer = about(0, &plane);
  if (!control(VIDIOC_DQBUF, &buffer)) {
    const bool failed = (waited.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    if (errno == EAGAIN && !failed) return Got::kNothing;
    if (errno == EAGAIN) errno = EIO;
    refuse("VIDIOC_DQBUF", error);
    return Got::kGone;
  }
  const bool imports = !imported_.empty();
  if (buffer.index >= (imports ? imported_.size() : buffer_count_)) {
    fail(error, EP_E_SYSTEM, "source v4l2 %s: names a buffer that it does not have", path_.c_str());
    return Got::kGone;
  }
  const size_t room = imports ? imported_bytes_ : buffers_[buffer.index].bytes;
  const size_t from = multi_planar_ ? plane.data_offset : 0;
  const size_t used = multi_planar_ ? plane.bytesused : buffer.bytesused;
  out->buffer = buffer.index;
  out->sequence = buffer.sequence;
  out->captured_ns = captured_at(buffer);
  out->damaged = (buffer.flags & V4L2_BUF_FLAG_ERROR) != 0 || used > room || from > used ||
                 (imports && from != 0);
  out->data = imports ? nullptr : static_cast<const uint8_t*>(buffers_[buffer.index].data);
  if (!imports && !out->damaged) out->data += from;
  out->bytes = out->damaged ? 0 : used - from;
  return Got::kFrame;
}

void V4l2Device::requeue(const CameraFrame& frame) {
  // A device that is gone shows it at the next dequeue.
  static_cast<void>(queue(frame.buffer, nullptr));
}

void V4l2Device::close() {
  if (descriptor_ < 0) return;
  uint32_t kind = type();
  if (streaming_) static_cast<void>(control(VIDIOC_STREAMOFF, &kind));
  for (uint32_t index = 0; index < buffer_count_; ++index) {
    munmap(buffers_[index].data, buffers_[index].bytes);
  }
  buffer_count_ = 0;
  imported_.clear();
  streaming_ = false;
  ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace ep

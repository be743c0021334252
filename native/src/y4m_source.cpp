#include "y4m_source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "error.hpp"
#include "pixels.hpp"
#include "ring.hpp"
#include "y4m_planes.hpp"

namespace ep {
namespace {

/** How many bytes could be read, fewer than asked for at the file's end; -1 with errno set. */
ssize_t read_at(int descriptor, void* to, size_t bytes, int64_t offset) {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t got = pread(descriptor, static_cast<uint8_t*>(to) + done, bytes - done,
                              offset + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return static_cast<ssize_t>(done);
}

}  // namespace

Y4mSource::~Y4mSource() {
  if (descriptor_ >= 0) close(descriptor_);
}

int32_t Y4mSource::cannot_read(ep_error* error) const {
  const int number = errno;
  fail(error, EP_E_FILE, "%s: cannot be read: %s", path_.c_str(), strerrordesc_np(number));
  if (error != nullptr) error->system_errno = number;
  return EP_E_FILE;
}

/** The line at the offset, which moves behind it. False iff none ends within kMostY4mLine bytes. */
bool Y4mSource::read_line(std::string* line) {
  char bytes[kMostY4mLine];
  const ssize_t got = read_at(descriptor_, bytes, sizeof bytes, offset_);
  const void* const end = got > 0 ? std::memchr(bytes, '\n', static_cast<size_t>(got)) : nullptr;
  if (end == nullptr) return false;
  const size_t length = static_cast<size_t>(static_cast<const char*>(end) - bytes);
  line->assign(bytes, length);
  offset_ += static_cast<int64_t>(length) + 1;
  return true;
}

int32_t Y4mSource::probe(ep_frame* largest, ep_error* error) {
  if (descriptor_ >= 0) close(descriptor_);
  offset_ = 0;
  line_.reserve(kMostY4mLine);
  descriptor_ = open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) return cannot_read(error);
  char first = 0;
  if (read_at(descriptor_, &first, 1, 0) < 0) return cannot_read(error);
  const char* const wrong =
      read_line(&line_) ? read_y4m_header(line_, &header_) : "is not a YUV4MPEG2 file";
  if (wrong != nullptr) return fail(error, EP_E_IMAGE, "%s: %s", path_.c_str(), wrong);
  *largest = whole_frame();
  return EP_OK;
}

int32_t Y4mSource::prepare(ep_ring* ring, ep_error* error) {
  ring_ = ring;
  if (is_planar(header_.pixels)) return EP_OK;
  return planes_.take(ring->pool(), whole_frame().bytes, "a clip's frame", error);
}

ep_frame Y4mSource::whole_frame() const {
  ep_frame frame = {};
  frame.width = header_.width;
  frame.height = header_.height;
  frame.pixels = header_.pixels;
  frame.bytes = frame_bytes(header_.pixels, header_.width, header_.height);
  return frame;
}

FrameSource::Outcome Y4mSource::fill(uint64_t, uint32_t slot, ep_frame* frame, char*,
                                     ep_error* error) {
  char next = 0;
  if (ended_ || read_at(descriptor_, &next, 1, offset_) == 0) return Outcome::kEnded;
  *frame = whole_frame();
  ended_ = true;  // unless this frame is whole
  const auto count = static_cast<unsigned long long>(frames_);
  if (!read_line(&line_) || !is_y4m_frame(line_)) {
    fail(error, EP_E_IMAGE, "%s: no frame begins after the first %llu: the rest is left out",
         path_.c_str(), count);
    return Outcome::kFailed;
  }
  uint8_t* const pixels = ring_->pixels(slot);
  const bool planar = is_planar(frame->pixels);
  const ssize_t got = read_at(descriptor_, planar ? pixels : planes_.data(), frame->bytes, offset_);
  if (got < 0) {
    cannot_read(error);
    return Outcome::kFailed;
  }
  if (static_cast<uint64_t>(got) < frame->bytes) {
    fail(error, EP_E_IMAGE, "%s: is cut short in frame %llu: only the %llu before it are whole",
         path_.c_str(), count + 1, count);
    return Outcome::kFailed;
  }
  ended_ = false;
  offset_ += static_cast<int64_t>(frame->bytes);
  ++frames_;
  if (!planar) from_planes(planes_.data(), *frame, pixels);
  *ring_->content(slot) = {0, 0, planar ? 0 : frame->bytes};
  return Outcome::kFilled;
}

}  // namespace ep

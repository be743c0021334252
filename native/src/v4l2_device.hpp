// A V4L2 capture device: what it offers, and its frames in buffers of its own (mmap) or of ours
// (dma-buf).
#pragma once

#include <linux/videodev2.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "edgepool.h"

namespace ep {

/** What is asked of the device. */
struct CameraWish {
  uint32_t width = 0;   // 0: the device's own
  uint32_t height = 0;  // 0: the device's own
  double fps = 30;
  uint32_t fourcc = 0;   // 0: the best that it offers
  bool awaited = false;  // at the start it may be away
};

/** What the device was brought to give. */
struct CameraFormat {
  uint32_t fourcc = 0;
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t stride_bytes = 0;  // of the first plane; 0: compressed
  uint64_t image_bytes = 0;   // what the device may write at most
  double fps = 0;             // 0: the device does not say
};

/** A frame in one of the device's buffers, until `requeue`. */
struct CameraFrame {
  const uint8_t* data = nullptr;  // null: in the memory that was given
  size_t bytes = 0;
  uint64_t captured_ns = 0;  // the kernel's, of CLOCK_MONOTONIC
  uint32_t sequence = 0;     // the driver's; a gap is a frame that it lost
  uint32_t buffer = 0;
  bool damaged = false;
};

/** Single- and multi-planar devices, frames of one memory plane. Not thread-safe. */
class V4l2Device {
 public:
  V4l2Device() = default;
  ~V4l2Device() { close(); }
  V4l2Device(const V4l2Device&) = delete;
  V4l2Device& operator=(const V4l2Device&) = delete;

  /** Fails iff there is no such device, it may not be opened, or it is no camera that streams. */
  int32_t open(const std::string& path, ep_error* error);

  /** Sets the size (0: the device's own) and as much of the rate as the device has, in the
   *  format of kCameraFormats that reaches the rate, uncompressed before MJPEG, the device's own
   *  order deciding between equals. Fails iff none has that size (the message lists the nearest),
   *  or another program holds the device (EP_E_BUSY). */
  int32_t negotiate(const CameraWish& wish, CameraFormat* out, ep_error* error);

  /** Once, after `negotiate`: maps buffers and starts to stream. */
  int32_t start(ep_error* error);

  /** Instead of `start`: buffer n is the dma-buf `memory[n]`, of `bytes`. The device has none yet:
   *  give it some with `queue`, then `stream`. Where it fails the device can be started otherwise.
   */
  int32_t import(std::vector<int> memory, size_t bytes, ep_error* error);
  int32_t queue(uint32_t buffer, ep_error* error);
  int32_t stream(ep_error* error);
  /** Takes imported buffers back; `start` may follow. */
  void forget();

  enum class Got { kFrame, kNothing, kGone };
  /** Waits at most so long for a frame. kGone: `error` says why, the device is of no use any more.
   */
  Got dequeue(int timeout_ms, CameraFrame* out, ep_error* error);

  /** Gives the frame's buffer back to the device. */
  void requeue(const CameraFrame& frame);

  void close();

 private:
  static constexpr uint32_t kBuffers = 4;
  static constexpr uint32_t kMostBuffers = VIDEO_MAX_FRAME;

  struct Buffer {
    void* data = nullptr;
    size_t bytes = 0;
  };

  int32_t choose(const CameraWish& wish, CameraFormat* out, ep_error* error);
  int32_t set_format(CameraFormat* format, ep_error* error);
  double set_rate(double fps);
  uint32_t type() const;
  v4l2_buffer about(uint32_t index, v4l2_plane* plane) const;
  int32_t map(uint32_t index, ep_error* error);
  int32_t refuse(const char* call, ep_error* error) const;
  bool control(unsigned long request, void* argument) const;

  std::string path_;
  int descriptor_ = -1;
  bool multi_planar_ = false;
  bool streaming_ = false;
  Buffer buffers_[kBuffers];  // mapped
  uint32_t buffer_count_ = 0;
  std::vector<int> imported_;
  size_t imported_bytes_ = 0;
};

}  // namespace ep

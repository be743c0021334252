// Frames of a V4L2 camera, which keeps its own time and may go away.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "back_off.hpp"
#include "camera_slots.hpp"
#include "edgepool.h"
#include "frame_number.hpp"
#include "jpeg.hpp"
#include "source.hpp"
#include "v4l2_device.hpp"

namespace ep {

/**
 * The camera writes frames into slots by itself (dma-buf). Where it, the kernel or the format do
 * not allow that, a frame is copied once, from the device's buffer into a slot, or decoded there
 * where the camera sends MJPEG; `way` says why. A camera that is unplugged, fails or gives no frame
 * for a while is reported once and opened again with a back-off until a frame comes, which is
 * reported too. One that is awaited may be away at the start, with the same report.
 */
class V4l2Source final : public FrameSource {
 public:
  /** `maker`: the device that makes dma-bufs of the region's pages. */
  V4l2Source(std::string path, const CameraWish& wish, const char* maker = kUdmabuf);
  ~V4l2Source() override { disconnect(); }

  int32_t probe(ep_frame* largest, ep_error* error) override;
  int32_t prepare(ep_ring* ring, ep_error* error) override;
  double own_fps() const override { return format_.fps; }
  bool has_clock() const override { return true; }
  Awaited await(int timeout_ms, Arrival* arrival, ep_error* error) override;
  void skip() override;
  Outcome fill(uint64_t number, uint32_t slot, ep_frame* frame, char* note,
               ep_error* error) override;
  uint32_t filled(uint32_t slot) const override { return slots_.on() ? filled_ : slot; }
  std::string way() override;

 private:
  int32_t connect(ep_error* error);
  int32_t stream(ep_error* error);
  void disconnect();
  void set_way(const std::string& way);
  int32_t hand_over(uint32_t slot, ep_frame* frame, ep_error* error);
  Awaited retry(int timeout_ms, ep_error* error);
  Awaited lose(const ep_error& reason, ep_error* error);
  Awaited tell(const ep_error& reason, ep_error* error);
  Awaited arrive(Arrival* arrival, ep_error* error);
  int32_t copy(uint32_t slot, ep_frame* frame, ep_error* error);
  int32_t decode(uint32_t slot, ep_frame* frame, ep_error* error);

  const std::string path_;
  const CameraWish wish_;
  const uint64_t patience_ns_;
  const char* const maker_;
  ep_ring* ring_ = nullptr;
  V4l2Device device_;
  CameraSlots slots_;
  uint32_t filled_ = 0;  // by the camera: the last frame's slot
  CameraFormat format_;
  JpegDecoder jpeg_;
  FrameNumber numbers_;
  BackOff back_off_;
  bool connected_ = false;
  int32_t told_ = EP_OK;  // the trouble that was reported last; EP_OK: frames have come since
  bool waiting_ = false;  // a frame is taken from the device and not yet filled or skipped
  CameraFrame current_;
  uint64_t last_frame_ns_ = 0;  // or the start of streaming
  uint64_t retry_at_ns_ = 0;

  std::mutex way_mutex_;
  std::string way_;
};

}  // namespace ep

// The ring's slots as the buffers of a camera, which writes frames into them by itself.
//
//   camera (a few slots, being filled) ── take ──> the frame's slot ──> held by the app
//     ^────────── give: the free slot that the ring has for the next frame ──┘
#pragma once

#include <cstdint>
#include <vector>

#include "dma_buffer.hpp"
#include "edgepool.h"
#include "ring.hpp"
#include "v4l2_device.hpp"

namespace ep {

class CameraSlots {
 public:
  CameraSlots() = default;
  ~CameraSlots() { drop(); }
  CameraSlots(const CameraSlots&) = delete;
  CameraSlots& operator=(const CameraSlots&) = delete;

  /** Starts a device that was negotiated, buffer n being slot n. Where device, kernel or format do
   *  not allow it `why` says so in a few words, and the device can be started otherwise.
   *  `maker`: what makes dma-bufs of the region's pages. */
  bool start(ep_ring* ring, V4l2Device* device, const CameraFormat& format, const ep_frame& frame,
             const char* maker, ep_error* why);
  bool on() const { return !buffers_.empty(); }

  /** The camera has written into it: may be read from now on. It is no longer the camera's. */
  void take(uint32_t slot);
  /** A slot that is being filled is the camera's from now on, or free where the camera is gone. */
  void give(uint32_t slot, V4l2Device* device);

  /** After the device was closed or stopped: frees the slots that it had. */
  void drop();

 private:
  int32_t make_buffers(const ep_frame& frame, const char* maker, ep_error* why);
  int32_t give_first(V4l2Device* device, ep_error* why);

  ep_ring* ring_ = nullptr;
  std::vector<DmaBuffer> buffers_;  // by slot
  std::vector<bool> given_;         // by slot
};

}  // namespace ep

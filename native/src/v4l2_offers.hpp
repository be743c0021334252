// What a V4L2 device offers for a wanted size and rate.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ep {

struct CameraSize {
  uint32_t width;
  uint32_t height;
};

/** One pixel format that both sides know. */
struct CameraOffer {
  uint32_t fourcc = 0;
  bool has_size = false;
  double most_fps = 0;            // at that size; 0: the device does not say
  std::vector<CameraSize> sizes;  // the discrete ones, or the corners of a range
};

/** Formats that a slot can take, for messages. */
inline constexpr char kCameraFormats[] = "YUYV, NV12, YU12, RGB3, MJPG";

/** ep_pixels of a fourcc; 0 for MJPEG, which says it in each frame, and for an unknown one. */
uint32_t camera_pixels(uint32_t fourcc);
bool is_mjpeg(uint32_t fourcc);

/** In the device's order. `descriptor` is open, `buffer_type` its kind of capture. */
std::vector<CameraOffer> camera_offers(int descriptor, uint32_t buffer_type, uint32_t width,
                                       uint32_t height);

/** The offer to take, null iff none has the size: one that reaches the rate before one that does
 *  not, uncompressed before MJPEG, the first before a later one. */
const CameraOffer* best_offer(const std::vector<CameraOffer>& offers, double fps);

/** `640x480, 1280x720`: the sizes nearest to the wanted one, at most four. */
std::string nearest_sizes(const std::vector<CameraOffer>& offers, uint32_t width, uint32_t height);

}  // namespace ep

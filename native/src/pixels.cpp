#include "pixels.hpp"

namespace ep {
namespace {

constexpr uint32_t half(uint32_t side) { return (side + 1) / 2; }

}  // namespace

uint64_t frame_bytes(uint32_t pixels, uint32_t width, uint32_t height) {
  if (width == 0 || height == 0 || width > kMaxFrameSide || height > kMaxFrameSide) return 0;
  const uint64_t area = uint64_t{width} * height;
  switch (pixels) {
    case EP_PIXELS_RGB24:
      return area * 3;
    case EP_PIXELS_I420:
    case EP_PIXELS_J420:
    case EP_PIXELS_NV12:
      return area + uint64_t{half(width)} * half(height) * 2;
    case EP_PIXELS_YUYV:
      return uint64_t{half(width)} * 4 * height;
    default:
      return 0;
  }
}

Layout frame_layout(const void* pixels, const ep_frame& frame) {
  const uint8_t* const bytes = static_cast<const uint8_t*>(pixels);
  const uint32_t width = frame.width;
  const uint32_t height = frame.height;
  const uint32_t half_width = half(width);
  const uint32_t half_height = half(height);
  const size_t area = size_t{width} * height;
  const size_t half_area = size_t{half_width} * half_height;

  Layout layout = {};
  layout.is_yuv = frame.pixels != EP_PIXELS_RGB24;
  layout.full_range = frame.pixels == EP_PIXELS_J420;
  switch (frame.pixels) {
    case EP_PIXELS_RGB24:
      layout.rows_count = 1;
      layout.rows[0] = {bytes, height, size_t{width} * 3};
      for (uint32_t c = 0; c < 3; ++c) layout.components[c] = {0, c, 3, width, 1, 1};
      break;
    case EP_PIXELS_NV12:
      layout.rows_count = 2;
      layout.rows[0] = {bytes, height, width};
      layout.rows[1] = {bytes + area, half_height, size_t{half_width} * 2};
      layout.components[0] = {0, 0, 1, width, 1, 1};
      layout.components[1] = {1, 0, 2, half_width, 0.5, 0.5};
      layout.components[2] = {1, 1, 2, half_width, 0.5, 0.5};
      break;
    case EP_PIXELS_YUYV:
      layout.rows_count = 1;
      layout.rows[0] = {bytes, height, size_t{half_width} * 4};
      layout.components[0] = {0, 0, 2, width, 1, 1};
      layout.components[1] = {0, 1, 4, half_width, 0.5, 1};
      layout.components[2] = {0, 3, 4, half_width, 0.5, 1};
      break;
    default:
      layout.rows_count = 3;
      layout.rows[0] = {bytes, height, width};
      layout.rows[1] = {bytes + area, half_height, half_width};
      layout.rows[2] = {bytes + area + half_area, half_height, half_width};
      layout.components[0] = {0, 0, 1, width, 1, 1};
      layout.components[1] = {1, 0, 1, half_width, 0.5, 0.5};
      layout.components[2] = {2, 0, 1, half_width, 0.5, 0.5};
      break;
  }
  return layout;
}

}  // namespace ep

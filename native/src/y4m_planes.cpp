#include "y4m_planes.hpp"

#include "pixels.hpp"

namespace ep {
namespace {

/** Calls `visit(index of the sample in the slot)` for each sample, plane by plane. */
template <typename Visit>
void each_sample(const uint8_t* pixels, const ep_frame& frame, Visit visit) {
  const Layout layout = frame_layout(pixels, frame);
  for (const Component& component : layout.components) {
    const Rows& rows = layout.rows[component.rows];
    const size_t first = static_cast<size_t>(rows.first - pixels) + component.offset;
    for (uint32_t y = 0; y < rows.count; ++y) {
      size_t at = first + y * rows.bytes;
      for (uint32_t x = 0; x < component.columns; ++x, at += component.step) visit(at);
    }
  }
}

}  // namespace

bool is_planar(uint32_t pixels) { return pixels == EP_PIXELS_I420 || pixels == EP_PIXELS_J420; }

void to_planes(const uint8_t* pixels, const ep_frame& frame, uint8_t* planes) {
  each_sample(pixels, frame, [&](size_t at) { *planes++ = pixels[at]; });
}

void from_planes(const uint8_t* planes, const ep_frame& frame, uint8_t* pixels) {
  each_sample(pixels, frame, [&](size_t at) { pixels[at] = *planes++; });
}

}  // namespace ep

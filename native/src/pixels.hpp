// How the pixels of a frame lie in memory. The one place that knows the layouts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

/** No frame and no picture is wider or higher: keeps every product far inside 64 bits. */
inline constexpr uint32_t kMaxFrameSide = 8192;

/** Bytes of a frame without padding between rows; 0 iff the format is unknown or a side is out of
 *  range. Chroma of an odd side is rounded up. */
uint64_t frame_bytes(uint32_t pixels, uint32_t width, uint32_t height);

/** A plane, interleaved or not: `count` rows of `bytes` each, without gaps. */
struct Rows {
  const uint8_t* first;
  uint32_t count;
  size_t bytes;
};

/** One colour component inside Rows: sample x stands at byte `offset + x * step`. */
struct Component {
  uint32_t rows;  // index into Layout::rows
  uint32_t offset;
  uint32_t step;
  uint32_t columns;
  double columns_per_pixel;  // 0.5 where the component has half of them
  double rows_per_pixel;
};

/** Components in the order R, G, B or Y, U, V. */
struct Layout {
  Rows rows[3];
  uint32_t rows_count;
  Component components[3];
  bool is_yuv;
  bool full_range;
};

/** The layout of a frame whose `frame_bytes` is not 0. */
Layout frame_layout(const void* pixels, const ep_frame& frame);

}  // namespace ep

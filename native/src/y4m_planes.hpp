// From the layout of a slot to the planes of a YUV4MPEG2 file, and back: the same bytes.
#pragma once

#include <cstdint>

#include "edgepool.h"

namespace ep {

/** Whether a slot's bytes stand in a file just as they are. */
bool is_planar(uint32_t pixels);

/** Both need `frame.bytes` bytes on either side; YUYV an even width. */
void to_planes(const uint8_t* pixels, const ep_frame& frame, uint8_t* planes);
void from_planes(const uint8_t* planes, const ep_frame& frame, uint8_t* pixels);

}  // namespace ep

// The lines of a YUV4MPEG2 file: its header and that of each frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "edgepool.h"

namespace ep {

struct Y4mHeader {
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t pixels = 0;  // what a slot holds: ep_pixels
  double fps = 0;
};

/** The longest line that is read, its end included. */
inline constexpr size_t kMostY4mLine = 256;

/** Reads the file's first line, without its end. Null, or what is wrong. */
const char* read_y4m_header(const std::string& line, Y4mHeader* out);

/** The first line of a file of such frames, with its end, that reads back as the same. The order of
 *  samples in memory, where the file's planes do not tell it, stands in a tag of our own. */
std::string write_y4m_header(const Y4mHeader& header);
/** Whether a file can hold such frames bit for bit: of YUYV, those of even width. */
bool fits_y4m(const ep_frame& frame);

/** Whether a line, without its end, begins a frame. */
bool is_y4m_frame(const std::string& line);

}  // namespace ep

// The lines of a YUV4MPEG2 file: its header and that of each frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ep {

struct Y4mHeader {
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t pixels = 0;  // EP_PIXELS_I420 or EP_PIXELS_J420
  double fps = 0;
};

/** The longest line that is read, its end included. */
inline constexpr size_t kMostY4mLine = 256;

/** Reads the file's first line, without its end. Null, or what is wrong. */
const char* read_y4m_header(const std::string& line, Y4mHeader* out);

/** Whether a line, without its end, begins a frame. */
bool is_y4m_frame(const std::string& line);

}  // namespace ep

#include "y4m.hpp"

#include <charconv>
#include <sstream>

#include "edgepool.h"
#include "pixels.hpp"

namespace ep {
namespace {

constexpr char kMagic[] = "YUV4MPEG2";
constexpr double kLeastFps = 0.1;
constexpr double kMostFps = 240;

bool number(const std::string& text, uint32_t* out) {
  const char* const end = text.data() + text.size();
  const std::from_chars_result read = std::from_chars(text.data(), end, *out);
  return read.ec == std::errc() && read.ptr == end;
}

/** `30000:1001`; 0 iff it is no rate. */
double ratio(const std::string& text) {
  const size_t colon = text.find(':');
  uint32_t over = 0;
  uint32_t under = 0;
  if (colon == std::string::npos || !number(text.substr(0, colon), &over) ||
      !number(text.substr(colon + 1), &under) || under == 0) {
    return 0;
  }
  return static_cast<double>(over) / under;
}

/** 8 bits, 4:2:0: how the chroma is sited makes no difference to where the bytes stand. */
bool is_420(const std::string& colours) {
  return colours == "420" || colours == "420jpeg" || colours == "420mpeg2" || colours == "420paldv";
}

}  // namespace

const char* read_y4m_header(const std::string& line, Y4mHeader* out) {
  std::istringstream words(line);
  std::string word;
  if (!(words >> word) || word != kMagic) return "is not a YUV4MPEG2 file";
  *out = {};
  out->pixels = EP_PIXELS_I420;
  while (words >> word) {
    const std::string value = word.substr(1);
    if (word[0] == 'W' && !number(value, &out->width)) return "has a width that is no number";
    if (word[0] == 'H' && !number(value, &out->height)) return "has a height that is no number";
    if (word[0] == 'F') out->fps = ratio(value);
    if (word[0] == 'C' && !is_420(value)) return "is not of 8-bit 4:2:0: convert it (yuv420p)";
    if (word == "XCOLORRANGE=FULL") out->pixels = EP_PIXELS_J420;
  }
  if (frame_bytes(out->pixels, out->width, out->height) == 0) {
    return "has no width and height of 1 to 8192";
  }
  if (!(out->fps >= kLeastFps && out->fps <= kMostFps)) return "has no rate of 0.1 to 240 frames";
  return nullptr;
}

bool is_y4m_frame(const std::string& line) {
  constexpr char kFrame[] = "FRAME";
  constexpr size_t kLength = sizeof kFrame - 1;
  return line.compare(0, kLength, kFrame) == 0 && (line.size() == kLength || line[kLength] == ' ');
}

}  // namespace ep

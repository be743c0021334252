#include "y4m.hpp"

#include <charconv>
#include <cmath>
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

// A player that does not know the tag shows what the planes are: NV12 rightly, RGB in wrong
// colours.
constexpr char kNv12[] = "XEDGEPOOL=NV12";
constexpr char kRgb24[] = "XEDGEPOOL=RGB24";
constexpr char kFullRange[] = "XCOLORRANGE=FULL";

/** What a slot holds of a file with such a header; 0 iff none can. */
uint32_t pixels_of(const std::string& colours, bool full_range, const std::string& tag) {
  if (colours == "444") return tag == kRgb24 ? EP_PIXELS_RGB24 : 0;
  if (colours == "422") return full_range || !tag.empty() ? 0 : EP_PIXELS_YUYV;
  if (!is_420(colours)) return 0;
  if (tag == kNv12) return full_range ? 0 : EP_PIXELS_NV12;
  if (!tag.empty()) return 0;
  return full_range ? EP_PIXELS_J420 : EP_PIXELS_I420;
}

/** `30:1`, `30000:1001`, `12345:1000`. */
std::string ratio_text(double fps) {
  constexpr double kBroadcast = 1.001;
  const double whole = std::round(fps);
  const double broadcast = std::round(fps * kBroadcast);
  if (std::abs(fps - whole) < 1e-6) return std::to_string(std::lround(whole)) + ":1";
  if (std::abs(fps - broadcast / kBroadcast) < 1e-3) {
    return std::to_string(std::lround(broadcast * 1000)) + ":1001";
  }
  return std::to_string(std::lround(fps * 1000)) + ":1000";
}

const char* colours_of(uint32_t pixels) {
  switch (pixels) {
    case EP_PIXELS_RGB24:
      return "C444 XEDGEPOOL=RGB24";
    case EP_PIXELS_NV12:
      return "C420mpeg2 XEDGEPOOL=NV12";
    case EP_PIXELS_YUYV:
      return "C422";
    case EP_PIXELS_J420:
      return "C420jpeg XCOLORRANGE=FULL";
    default:
      return "C420mpeg2";
  }
}

}  // namespace

const char* read_y4m_header(const std::string& line, Y4mHeader* out) {
  std::istringstream words(line);
  std::string word;
  if (!(words >> word) || word != kMagic) return "is not a YUV4MPEG2 file";
  *out = {};
  std::string colours = "420";
  std::string tag;
  bool full_range = false;
  while (words >> word) {
    const std::string value = word.substr(1);
    if (word[0] == 'W' && !number(value, &out->width)) return "has a width that is no number";
    if (word[0] == 'H' && !number(value, &out->height)) return "has a height that is no number";
    if (word[0] == 'F') out->fps = ratio(value);
    if (word[0] == 'C') colours = value;
    if (word == kFullRange) full_range = true;
    if (word.rfind("XEDGEPOOL=", 0) == 0) tag = word;
  }
  out->pixels = pixels_of(colours, full_range, tag);
  if (out->pixels == 0) {
    return "is not of 8-bit 4:2:0, nor of 4:2:2 in video range: convert it (yuv420p)";
  }
  if (out->pixels == EP_PIXELS_YUYV && out->width % 2 != 0) {
    return "is of 4:2:2 with an odd width: convert it (yuv420p)";
  }
  if (frame_bytes(out->pixels, out->width, out->height) == 0) {
    return "has no width and height of 1 to 8192";
  }
  if (!(out->fps >= kLeastFps && out->fps <= kMostFps)) return "has no rate of 0.1 to 240 frames";
  return nullptr;
}

std::string write_y4m_header(const Y4mHeader& header) {
  return std::string(kMagic) + " W" + std::to_string(header.width) + " H" +
         std::to_string(header.height) + " F" + ratio_text(header.fps) + " Ip " +
         colours_of(header.pixels) + "\n";
}

bool fits_y4m(const ep_frame& frame) {
  return frame_bytes(frame.pixels, frame.width, frame.height) == frame.bytes && frame.bytes > 0 &&
         (frame.pixels != EP_PIXELS_YUYV || frame.width % 2 == 0);
}

bool is_y4m_frame(const std::string& line) {
  constexpr char kFrame[] = "FRAME";
  constexpr size_t kLength = sizeof kFrame - 1;
  return line.compare(0, kLength, kFrame) == 0 && (line.size() == kLength || line[kLength] == ' ');
}

}  // namespace ep

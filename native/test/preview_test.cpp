#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "edgepool.h"
#include "jpeg.hpp"
#include "pixels.hpp"

namespace {

constexpr uint32_t kWide = 640;
constexpr uint32_t kHigh = 362;  // twice an odd number

/** One colour, in RGB, in BT.601 of video range and in that of JPEG. */
struct Colour {
  uint8_t rgb[3];
  uint8_t video[3];
  uint8_t jpeg[3];
};
// The corners of the colour cube: ITU-R BT.601-7, tables of 75 and 100 % bars; JFIF 1.02.
constexpr Colour kRed = {{255, 0, 0}, {81, 90, 240}, {76, 85, 255}};
constexpr Colour kBlue = {{0, 0, 255}, {41, 240, 110}, {29, 255, 107}};

/** Red on the left half, blue on the right one. */
std::vector<uint8_t> frame_of(uint32_t pixels) {
  const ep_frame frame = {kWide, kHigh, pixels, 0, 1, 0, 0};
  std::vector<uint8_t> bytes(ep::frame_bytes(pixels, kWide, kHigh));
  const ep::Layout layout = ep::frame_layout(bytes.data(), frame);
  for (int c = 0; c < 3; ++c) {
    const ep::Component& component = layout.components[c];
    const ep::Rows& rows = layout.rows[component.rows];
    for (uint32_t y = 0; y < rows.count; ++y) {
      for (uint32_t x = 0; x < component.columns; ++x) {
        const Colour& colour = x < component.columns / 2 ? kRed : kBlue;
        const uint8_t* const values = !layout.is_yuv      ? colour.rgb
                                      : layout.full_range ? colour.jpeg
                                                          : colour.video;
        const size_t at = static_cast<size_t>(rows.first - bytes.data()) + y * rows.bytes +
                          component.offset + x * component.step;
        bytes[at] = values[c];
      }
    }
  }
  return bytes;
}

void expect_near(const uint8_t* pixel, const Colour& wanted, const std::string& where) {
  for (int c = 0; c < 3; ++c) EXPECT_LT(std::abs(pixel[c] - wanted.rgb[c]), 12) << where << c;
}

void expect_small_picture(uint32_t pixels, uint32_t width) {
  const std::string where = "format " + std::to_string(pixels) + ", component ";
  const std::vector<uint8_t> bytes = frame_of(pixels);
  const ep_frame frame = {kWide, kHigh, pixels, 0, 1, 0, bytes.size()};
  std::vector<uint8_t> jpeg(size_t{3} * width * kHigh + 4096);
  uint64_t length = 0;
  ep_error error = {};
  ASSERT_EQ(ep_preview(bytes.data(), &frame, width, jpeg.data(), jpeg.size(), &length, &error),
            EP_OK)
      << error.message;
  ep::JpegDecoder decoder;
  ep_frame small = {};
  ASSERT_EQ(decoder.open(jpeg.data(), length, ep::JpegDecoder::Want::kRgb, &small), nullptr);
  const uint32_t wide = width < kWide ? width : kWide;
  ASSERT_EQ(small.width, wide);
  ASSERT_EQ(small.height, kHigh * wide / kWide);
  std::vector<uint8_t> rgb(small.bytes);
  ASSERT_EQ(decoder.decode(rgb.data()), nullptr);
  for (const uint32_t y : {uint32_t{2}, small.height - 3}) {
    expect_near(&rgb[3 * (size_t{y} * wide + wide / 4)], kRed, where);
    expect_near(&rgb[3 * (size_t{y} * wide + 3 * wide / 4)], kBlue, where);
  }
}

TEST(Preview, OfEveryFormatIsASmallPictureInItsColours) {
  for (const uint32_t pixels :
       {EP_PIXELS_RGB24, EP_PIXELS_I420, EP_PIXELS_NV12, EP_PIXELS_YUYV, EP_PIXELS_J420}) {
    expect_small_picture(pixels, 320);
    expect_small_picture(pixels, 4096);
  }
}

TEST(Preview, RefusesWhatItCannotDo) {
  const std::vector<uint8_t> bytes = frame_of(EP_PIXELS_I420);
  ep_frame frame = {kWide, kHigh, EP_PIXELS_I420, 0, 1, 0, bytes.size()};
  std::vector<uint8_t> jpeg(1000);
  uint64_t length = 0;
  ep_error error = {};
  EXPECT_EQ(ep_preview(bytes.data(), &frame, 320, jpeg.data(), jpeg.size(), &length, &error),
            EP_E_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("too few"), std::string::npos);
  EXPECT_EQ(ep_preview(bytes.data(), &frame, 0, jpeg.data(), jpeg.size(), &length, &error),
            EP_E_ARGUMENT);
  frame.pixels = 99;
  EXPECT_EQ(ep_preview(bytes.data(), &frame, 320, jpeg.data(), jpeg.size(), &length, &error),
            EP_E_ARGUMENT);
}

}  // namespace

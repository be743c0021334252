#include "jpeg.hpp"

#include <random>
#include <vector>

#include "picture_samples.hpp"
#include "pixels.hpp"

namespace {

using ep::JpegDecoder;
using ep_test::gradient_rgb;
using ep_test::make_cut_jpeg;
using ep_test::make_jpeg;

constexpr uint32_t kWidth = 64;
constexpr uint32_t kHeight = 48;

TEST(Jpeg, GivesThePlanesThatItHasInside) {
  JpegDecoder decoder;
  const std::vector<uint8_t> file = make_jpeg(gradient_rgb(kWidth, kHeight), kWidth, kHeight);
  ep_frame frame = {};
  ASSERT_EQ(decoder.open(file.data(), file.size(), JpegDecoder::Want::kCheapest, &frame), nullptr);
  EXPECT_EQ(frame.pixels, static_cast<uint32_t>(EP_PIXELS_J420));
  ASSERT_EQ(frame.bytes, kWidth * kHeight * 3 / 2);
  std::vector<uint8_t> pixels(frame.bytes);
  ASSERT_EQ(decoder.decode(pixels.data()), nullptr);
  // Luma of JPEG, computed from the picture's own red, green and blue.
  for (uint32_t y = 0; y < kHeight; ++y) {
    for (uint32_t x = 0; x < kWidth; ++x) {
      const double luma =
          0.299 * (20 + 200 * x / kWidth) + 0.587 * (20 + 200 * y / kHeight) + 0.114 * 60;
      ASSERT_NEAR(pixels[y * kWidth + x], luma, 4) << x << ", " << y;
    }
  }
}

TEST(Jpeg, OfACameraIn422ComesAsRgb) {
  JpegDecoder decoder;
  const std::vector<uint8_t> file =
      make_jpeg(gradient_rgb(kWidth, kHeight), kWidth, kHeight, TJSAMP_422);
  ep_frame frame = {};
  ASSERT_EQ(decoder.open(file.data(), file.size(), JpegDecoder::Want::kCheapest, &frame), nullptr);
  EXPECT_EQ(frame.pixels, static_cast<uint32_t>(EP_PIXELS_RGB24));
  std::vector<uint8_t> pixels(frame.bytes);
  EXPECT_EQ(decoder.decode(pixels.data()), nullptr);
}

TEST(Jpeg, ThatIsCutShortIsBrokenAndTheNextOneIsWhole) {
  JpegDecoder decoder;
  const std::vector<uint8_t> cut = make_cut_jpeg();
  const std::vector<uint8_t> whole = make_jpeg(gradient_rgb(320, 240), 320, 240);
  ep_frame frame = {};
  std::vector<uint8_t> pixels(ep::frame_bytes(EP_PIXELS_RGB24, 320, 240));
  ASSERT_EQ(decoder.open(cut.data(), cut.size(), JpegDecoder::Want::kCheapest, &frame), nullptr);
  EXPECT_NE(decoder.decode(pixels.data()), nullptr);
  ASSERT_EQ(decoder.open(whole.data(), whole.size(), JpegDecoder::Want::kCheapest, &frame),
            nullptr);
  EXPECT_EQ(decoder.decode(pixels.data()), nullptr);
}

TEST(Jpeg, AnyBytesAreRefusedOrDecodedWithoutHarm) {
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  RecordProperty("seed", static_cast<int>(seed));
  const std::vector<uint8_t> whole = make_jpeg(gradient_rgb(kWidth, kHeight), kWidth, kHeight);
  JpegDecoder decoder;
  std::vector<uint8_t> pixels(kWidth * kHeight * 3);
  for (int round = 0; round < 3000; ++round) {
    std::vector<uint8_t> file = whole;
    for (uint32_t hits = random() % 6 + 1; hits > 0; --hits) {
      file[random() % file.size()] = static_cast<uint8_t>(random());
    }
    file.resize(random() % 3 == 0 ? random() % file.size() : file.size());
    ep_frame frame = {};
    if (decoder.open(file.data(), file.size(), JpegDecoder::Want::kCheapest, &frame) != nullptr) {
      continue;
    }
    ASSERT_GT(frame.bytes, 0u) << "seed " << seed << " round " << round;
    if (frame.bytes <= pixels.size()) decoder.decode(pixels.data());
  }
}

}  // namespace

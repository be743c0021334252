#include "convert.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <random>
#include <tuple>
#include <vector>

#include "convert_reference.hpp"

namespace {

using ep_test::is_yuv;
using ep_test::make_sample;
using ep_test::Rectangle;
using ep_test::reference;
using ep_test::Sample;
using ep_test::Scene;
using ep_test::smooth;

ep_tensor_info input_of(int32_t type, uint32_t width, uint32_t height, uint32_t channels = 3) {
  ep_tensor_info input = {};
  std::snprintf(input.name, sizeof input.name, "picture");
  input.type = type;
  input.rank = 4;
  input.shape[0] = 1;
  input.shape[1] = static_cast<int32_t>(height);
  input.shape[2] = static_cast<int32_t>(width);
  input.shape[3] = static_cast<int32_t>(channels);
  input.bytes = uint64_t{width} * height * channels * (type == EP_TYPE_FLOAT32 ? 4 : 1);
  return input;
}

constexpr ep_convert_options kAutomatic = {EP_FIT_STRETCH, 1, {}, {}};

std::vector<uint8_t> run(const Sample& sample, const ep_tensor_info& input,
                         const ep_convert_options& options) {
  // Guards behind tensor and scratch: neither may be written past its end.
  constexpr uint8_t kGuard = 0xA5;
  const size_t scratch_bytes = ep::convert_scratch_bytes(sample.frame, input);
  EXPECT_GT(scratch_bytes, 0u);
  std::vector<uint8_t> scratch(scratch_bytes + 64 + 16, kGuard);
  uint8_t* const aligned =
      scratch.data() + (64 - reinterpret_cast<uintptr_t>(scratch.data()) % 64) % 64;
  std::vector<uint8_t> tensor(input.bytes + 16, kGuard);
  ep_error error = {};
  EXPECT_EQ(ep::convert(sample.bytes.data(), sample.frame, options, input, tensor.data(), aligned,
                        scratch_bytes, &error),
            EP_OK)
      << error.message;
  for (size_t i = 0; i < 16; ++i) {
    EXPECT_EQ(tensor[input.bytes + i], kGuard);
    EXPECT_EQ(aligned[scratch_bytes + i], kGuard);
  }
  tensor.resize(input.bytes);
  return tensor;
}

struct Difference {
  double largest = 0;
  double mean = 0;
};

Difference compare(const Sample& sample, const Rectangle& from, uint32_t width, uint32_t height,
                   const std::vector<uint8_t>& got) {
  Difference difference;
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const std::array<double, 3> expected = reference(sample, from, width, height, x, y);
      for (uint32_t c = 0; c < 3; ++c) {
        const double off = std::abs(got[(size_t{y} * width + x) * 3 + c] - expected[c]);
        difference.largest = std::max(difference.largest, off);
        difference.mean += off / (3.0 * width * height);
      }
    }
  }
  return difference;
}

const char* name_of(uint32_t pixels) {
  constexpr const char* kNames[] = {"", "RGB24", "I420", "NV12", "YUYV", "J420"};
  return kNames[pixels];
}

// Rounding of each resized component, and libyuv's six-bit colour coefficients for YUV.
double tolerance(uint32_t pixels) { return is_yuv(pixels) ? 4.0 : 1.0; }

TEST(Convert, AgreesWithDoublePrecisionForEveryFormatAndSize) {
  for (uint32_t pixels = EP_PIXELS_RGB24; pixels <= EP_PIXELS_J420; ++pixels) {
    for (const auto& [width, height, to_width, to_height] : {std::tuple{1280u, 720u, 224u, 224u},
                                                             {640u, 480u, 96u, 96u},
                                                             {333u, 251u, 128u, 100u},
                                                             {97u, 61u, 96u, 60u},
                                                             {40u, 30u, 96u, 96u},
                                                             {640u, 33u, 100u, 200u},
                                                             {5u, 5u, 3u, 7u},
                                                             {1u, 1u, 4u, 4u},
                                                             {64u, 64u, 1u, 1u}}) {
      const Sample sample = make_sample(pixels, width, height, smooth);
      const std::vector<uint8_t> got =
          run(sample, input_of(EP_TYPE_UINT8, to_width, to_height), kAutomatic);
      const Difference difference =
          compare(sample, {0, 0, double(width), double(height)}, to_width, to_height, got);
      EXPECT_LE(difference.largest, tolerance(pixels))
          << name_of(pixels) << " " << width << "x" << height << " to " << to_width << "x"
          << to_height;
      EXPECT_LE(difference.mean, is_yuv(pixels) ? 1.2 : 0.4) << name_of(pixels);
    }
  }
}

TEST(Convert, AgreesOnNoiseToo) {
  const unsigned seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  for (const uint32_t pixels : {EP_PIXELS_RGB24, EP_PIXELS_NV12}) {
    std::mt19937 random(seed);
    const Sample sample =
        make_sample(pixels, 300, 200, [&random](double, double, int) { return random() % 256; });
    const std::vector<uint8_t> got = run(sample, input_of(EP_TYPE_UINT8, 91, 77), kAutomatic);
    const Difference difference = compare(sample, {0, 0, 300, 200}, 91, 77, got);
    EXPECT_LE(difference.largest, tolerance(pixels) + 1) << name_of(pixels);
  }
}

TEST(Convert, AtTheInputsOwnSizeIsExact) {
  const Sample sample = make_sample(EP_PIXELS_RGB24, 33, 21, smooth);
  EXPECT_EQ(run(sample, input_of(EP_TYPE_UINT8, 33, 21), kAutomatic), sample.bytes);

  const std::vector<uint8_t> quantised = run(sample, input_of(EP_TYPE_INT8, 33, 21), kAutomatic);
  const std::vector<uint8_t> bytes = run(sample, input_of(EP_TYPE_FLOAT32, 33, 21), kAutomatic);
  std::vector<float> real(sample.bytes.size());
  std::memcpy(real.data(), bytes.data(), bytes.size());
  for (size_t i = 0; i < sample.bytes.size(); ++i) {
    ASSERT_EQ(static_cast<int8_t>(quantised[i]), sample.bytes[i] - 128);
    ASSERT_EQ(real[i], (static_cast<float>(sample.bytes[i]) - 127.5F) / 127.5F);
  }
}

TEST(Convert, AppliesMeanAndStdOfEachChannelAndTheTensorsQuantisation) {
  const Sample sample = make_sample(EP_PIXELS_RGB24, 16, 16, smooth);
  const ep_convert_options options = {EP_FIT_STRETCH, 0, {100, 120, 140}, {50, 60, -70}};
  for (const int32_t type : {EP_TYPE_INT8, EP_TYPE_UINT8}) {
    ep_tensor_info input = input_of(type, 16, 16);
    input.scale = 0.0173F;
    input.zero_point = type == EP_TYPE_INT8 ? -7 : 121;
    const std::vector<uint8_t> got = run(sample, input, options);
    const double least = type == EP_TYPE_INT8 ? -128 : 0;
    for (size_t i = 0; i < got.size(); ++i) {
      const double real = (sample.bytes[i] - options.mean[i % 3]) / options.std[i % 3];
      const double exact = std::clamp(real / input.scale + input.zero_point, least, least + 255);
      const double value = type == EP_TYPE_INT8 ? static_cast<int8_t>(got[i]) : got[i];
      ASSERT_LE(std::abs(value - exact), 0.501) << i;
    }
  }
  ep_tensor_info input = input_of(EP_TYPE_FLOAT32, 16, 16);
  const std::vector<uint8_t> bytes = run(sample, input, options);
  for (size_t i = 0; i < sample.bytes.size(); ++i) {
    float real;
    std::memcpy(&real, &bytes[i * 4], 4);
    ASSERT_FLOAT_EQ(real, (sample.bytes[i] - options.mean[i % 3]) / options.std[i % 3]);
  }
}

TEST(Convert, KeepsTheOrderOfColours) {
  const Scene red = [](double, double, int channel) { return channel == 0 ? 250.0 : 5.0; };
  for (uint32_t pixels = EP_PIXELS_RGB24; pixels <= EP_PIXELS_J420; ++pixels) {
    const Sample sample = make_sample(pixels, 32, 32, red);
    const std::vector<uint8_t> got = run(sample, input_of(EP_TYPE_UINT8, 8, 8), kAutomatic);
    for (size_t i = 0; i < got.size(); i += 3) {
      ASSERT_NEAR(got[i], 250, 4) << name_of(pixels);
      ASSERT_NEAR(got[i + 1], 5, 4) << name_of(pixels);
      ASSERT_NEAR(got[i + 2], 5, 4) << name_of(pixels);
    }
  }
}

TEST(Convert, FillsAnInputOfOneChannelWithLuma) {
  const Sample sample = make_sample(EP_PIXELS_RGB24, 24, 24, smooth);
  const std::vector<uint8_t> got = run(sample, input_of(EP_TYPE_UINT8, 24, 24, 1), kAutomatic);
  for (size_t i = 0; i < got.size(); ++i) {
    const uint8_t* const pixel = &sample.bytes[i * 3];
    ASSERT_NEAR(got[i], 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2], 0.51);
  }
}

TEST(Convert, CropsTheMiddleOfTheLongerSide) {
  for (const uint32_t pixels : {EP_PIXELS_RGB24, EP_PIXELS_NV12, EP_PIXELS_YUYV}) {
    for (const auto& [width, height] : {std::pair{321u, 180u}, {180u, 321u}}) {
      const Sample sample = make_sample(pixels, width, height, smooth);
      ep_convert_options options = kAutomatic;
      options.fit = EP_FIT_CROP;
      const std::vector<uint8_t> got = run(sample, input_of(EP_TYPE_UINT8, 64, 64), options);
      const Rectangle middle =
          width > height ? Rectangle{70.5, 0, 180, 180} : Rectangle{0, 70.5, 180, 180};
      EXPECT_LE(compare(sample, middle, 64, 64, got).largest, tolerance(pixels)) << name_of(pixels);
    }
  }
}

TEST(Convert, LetterboxesWithBlackBarsAndTheWholePictureBetween) {
  for (const auto& [width, height] : {std::pair{320u, 180u}, {180u, 320u}}) {
    const Sample sample = make_sample(EP_PIXELS_RGB24, width, height, smooth);
    ep_convert_options options = kAutomatic;
    options.fit = EP_FIT_LETTERBOX;
    const std::vector<uint8_t> got = run(sample, input_of(EP_TYPE_INT8, 64, 64), options);
    const bool wide = width > height;
    std::vector<uint8_t> inside;
    for (uint32_t y = 0; y < 64; ++y) {
      for (uint32_t x = 0; x < 64; ++x) {
        const uint32_t across = wide ? y : x;
        const uint8_t* const pixel = &got[(y * 64 + x) * 3];
        for (int c = 0; c < 3; ++c) {
          if (across < 14 || across >= 50) {
            ASSERT_EQ(static_cast<int8_t>(pixel[c]), -128) << "black at " << x << ", " << y;
          } else {
            inside.push_back(static_cast<uint8_t>(static_cast<int8_t>(pixel[c]) + 128));
          }
        }
      }
    }
    const Rectangle whole = {0, 0, double(width), double(height)};
    EXPECT_LE(compare(sample, whole, wide ? 64 : 36, wide ? 36 : 64, inside).largest, 1.0);
  }
}

TEST(Convert, RefusesInputsAndOptionsItCannotServe) {
  const Sample sample = make_sample(EP_PIXELS_RGB24, 8, 8, smooth);
  std::vector<uint8_t> scratch(1 << 16);
  std::vector<uint8_t> tensor(8 * 8 * 3 * 4);
  const auto status = [&](const ep_frame& frame, const ep_tensor_info& input,
                          const ep_convert_options& options) {
    ep_error error = {};
    const int32_t result = ep::convert(sample.bytes.data(), frame, options, input, tensor.data(),
                                       scratch.data(), scratch.size(), &error);
    EXPECT_EQ(result == EP_OK, error.message[0] == '\0');
    return result;
  };
  const ep_tensor_info good = input_of(EP_TYPE_UINT8, 8, 8);
  EXPECT_EQ(status(sample.frame, good, kAutomatic), EP_OK);

  for (const auto& [rank, channels, type] :
       {std::tuple{3, 3, EP_TYPE_UINT8}, {4, 2, EP_TYPE_UINT8}, {4, 3, EP_TYPE_INT32}}) {
    ep_tensor_info input = input_of(type, 8, 8, static_cast<uint32_t>(channels));
    input.rank = rank;
    EXPECT_EQ(status(sample.frame, input, kAutomatic), EP_E_ARGUMENT);
    EXPECT_EQ(ep::convert_scratch_bytes(sample.frame, input), 0u);
  }
  ep_tensor_info batch = good;
  batch.shape[0] = 2;
  EXPECT_EQ(status(sample.frame, batch, kAutomatic), EP_E_ARGUMENT);
  ep_tensor_info lying = good;
  lying.bytes -= 1;
  EXPECT_EQ(status(sample.frame, lying, kAutomatic), EP_E_ARGUMENT);

  ep_frame frame = sample.frame;
  frame.width = 0;
  EXPECT_EQ(status(frame, good, kAutomatic), EP_E_ARGUMENT);
  frame.width = 8193;
  EXPECT_EQ(status(frame, good, kAutomatic), EP_E_ARGUMENT);
  frame = sample.frame;
  frame.pixels = 9;
  EXPECT_EQ(status(frame, good, kAutomatic), EP_E_ARGUMENT);

  EXPECT_EQ(status(sample.frame, good, {7, 1, {}, {}}), EP_E_ARGUMENT);
  EXPECT_EQ(status(sample.frame, good, {0, 0, {0, 0, 0}, {1, 1, 1}}), EP_E_ARGUMENT)
      << "not quantised, so mean and std have no scale";
  const ep_tensor_info real = input_of(EP_TYPE_FLOAT32, 8, 8);
  EXPECT_EQ(status(sample.frame, real, {0, 0, {0, 0, 0}, {1, 0, 1}}), EP_E_ARGUMENT);
  EXPECT_EQ(status(sample.frame, real, {0, 0, {0, NAN, 0}, {1, 1, 1}}), EP_E_ARGUMENT);
}

TEST(Convert, RefusesScratchThatIsTooSmallForEverySizeBelowEnough) {
  const Sample sample = make_sample(EP_PIXELS_NV12, 64, 48, smooth);
  const ep_tensor_info input = input_of(EP_TYPE_UINT8, 24, 24);
  std::vector<uint8_t> tensor(input.bytes);
  const size_t enough = ep::convert_scratch_bytes(sample.frame, input);
  for (size_t bytes = 0; bytes < enough; bytes += 64) {
    // Sized to the byte, so that a sanitizer sees a write past the end.
    std::vector<uint8_t> scratch(bytes + 1);
    const int32_t status = ep::convert(sample.bytes.data(), sample.frame, kAutomatic, input,
                                       tensor.data(), scratch.data(), bytes, nullptr);
    ASSERT_TRUE(status == EP_OK || status == EP_E_ARGUMENT);
    if (bytes < enough / 2) {
      ASSERT_EQ(status, EP_E_ARGUMENT);
    }
  }
}

}  // namespace

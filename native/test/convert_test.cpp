#include "convert.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <tuple>

#include "frames_fixture.hpp"
#include "pixels.hpp"

namespace {

/** What a frame shows, as a function of the place: R, G, B in 0 to 255. */
using Scene = std::function<double(double x, double y, int channel)>;

double smooth(double x, double y, int channel) {
  return 128 + 100 * std::sin(x / 37 + channel) * std::cos(y / 29 - channel);
}

/** Planes of doubles in the frame's own sampling, before and after rounding to the frame. */
struct Plane {
  uint32_t width, height;
  std::vector<double> samples;
  double at(int64_t x, int64_t y) const {
    x = std::clamp<int64_t>(x, 0, width - 1);
    y = std::clamp<int64_t>(y, 0, height - 1);
    return samples[static_cast<size_t>(y) * width + static_cast<size_t>(x)];
  }
};

struct Sample {
  ep_frame frame;
  std::vector<uint8_t> bytes;
  Plane planes[3];  // R, G, B or Y, U, V as they stand in the bytes
};

bool is_yuv(uint32_t pixels) { return pixels != EP_PIXELS_RGB24; }

double to_component(uint32_t pixels, const Scene& scene, double x, double y, int component) {
  if (!is_yuv(pixels)) return scene(x, y, component);
  const double r = scene(x, y, 0);
  const double g = scene(x, y, 1);
  const double b = scene(x, y, 2);
  const double luma = 0.299 * r + 0.587 * g + 0.114 * b;
  const bool full = pixels == EP_PIXELS_J420;
  if (component == 0) return full ? luma : 16 + luma * 219 / 255;
  const double chroma = component == 1 ? (b - luma) / 1.772 : (r - luma) / 1.402;
  return 128 + (full ? chroma : chroma * 224 / 255);
}

Sample make_sample(uint32_t pixels, uint32_t width, uint32_t height, const Scene& scene) {
  Sample sample = {};
  sample.frame.width = width;
  sample.frame.height = height;
  sample.frame.pixels = pixels;
  sample.bytes.resize(ep::frame_bytes(pixels, width, height));
  const uint32_t half_width = (width + 1) / 2;
  const uint32_t half_height = (height + 1) / 2;
  const size_t area = size_t{width} * height;
  for (int c = 0; c < 3; ++c) {
    const bool halved = is_yuv(pixels) && c > 0;
    const bool rows_halved = halved && pixels != EP_PIXELS_YUYV;
    Plane& plane = sample.planes[c];
    plane.width = halved ? half_width : width;
    plane.height = rows_halved ? half_height : height;
    for (uint32_t y = 0; y < plane.height; ++y) {
      for (uint32_t x = 0; x < plane.width; ++x) {
        const double value =
            to_component(pixels, scene, halved ? x * 2 + 0.5 : x, rows_halved ? y * 2 + 0.5 : y, c);
        const uint8_t byte = static_cast<uint8_t>(std::clamp(std::round(value), 0.0, 255.0));
        plane.samples.push_back(byte);
        size_t at = 0;
        switch (pixels) {
          case EP_PIXELS_RGB24:
            at = (size_t{y} * width + x) * 3 + c;
            break;
          case EP_PIXELS_NV12:
            at = c == 0 ? size_t{y} * width + x : area + (size_t{y} * half_width + x) * 2 + c - 1;
            break;
          case EP_PIXELS_YUYV:
            at = size_t{y} * half_width * 4 + (c == 0 ? x * 2 : x * 4 + (c == 1 ? 1 : 3));
            break;
          default:
            at = c == 0 ? size_t{y} * width + x
                        : area + (c - 1) * size_t{half_width} * half_height +
                              size_t{y} * half_width + x;
        }
        sample.bytes[at] = byte;
      }
    }
  }
  return sample;
}

/** One axis in doubles: calls visit(sample, weight) for what an output is made of. */
void axis(double begin, double step, uint32_t output,
          const std::function<void(int64_t, double)>& visit) {
  if (step > 1) {
    const double left = begin + output * step;
    const double right = left + step;
    for (int64_t s = static_cast<int64_t>(std::floor(left)); s < right; ++s) {
      const double covered = std::min<double>(right, s + 1) - std::max<double>(left, s);
      visit(s, covered / step);
    }
    return;
  }
  const double centre = begin + (output + 0.5) * step - 0.5;
  const double low = std::floor(centre);
  visit(static_cast<int64_t>(low), 1 - (centre - low));
  visit(static_cast<int64_t>(low) + 1, centre - low);
}

struct Rectangle {
  double x, y, width, height;
};

/** The pixel of the resized picture, R, G and B in doubles. */
std::array<double, 3> reference(const Sample& sample, const Rectangle& from, uint32_t width,
                                uint32_t height, uint32_t x, uint32_t y) {
  double component[3] = {};
  for (int c = 0; c < 3; ++c) {
    const Plane& plane = sample.planes[c];
    const double scale_x = plane.width < sample.frame.width ? 0.5 : 1;
    const double scale_y = plane.height < sample.frame.height ? 0.5 : 1;
    axis(from.y * scale_y, from.height * scale_y / height, y, [&](int64_t row, double weight_y) {
      axis(from.x * scale_x, from.width * scale_x / width, x, [&](int64_t column, double weight) {
        component[c] += plane.at(column, row) * weight * weight_y;
      });
    });
  }
  if (!is_yuv(sample.frame.pixels)) return {component[0], component[1], component[2]};
  const bool full = sample.frame.pixels == EP_PIXELS_J420;
  const double luma = full ? component[0] : (component[0] - 16) * 255 / 219;
  const double u = (component[1] - 128) * (full ? 1 : 255.0 / 224);
  const double v = (component[2] - 128) * (full ? 1 : 255.0 / 224);
  std::array<double, 3> rgb = {luma + 1.402 * v, luma - 0.344136 * u - 0.714136 * v,
                               luma + 1.772 * u};
  for (double& value : rgb) value = std::clamp(value, 0.0, 255.0);
  return rgb;
}

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

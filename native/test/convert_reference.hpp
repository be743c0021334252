// Frames of a known scene, and what conversion must make of them: in double precision, by the
// definitions, sharing no code with the library.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "edgepool.h"
#include "pixels.hpp"

namespace ep_test {

/** What a frame shows, as a function of the place: R, G, B in 0 to 255. */
using Scene = std::function<double(double x, double y, int channel)>;

inline double smooth(double x, double y, int channel) {
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

inline bool is_yuv(uint32_t pixels) { return pixels != EP_PIXELS_RGB24; }

inline double to_component(uint32_t pixels, const Scene& scene, double x, double y, int component) {
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

inline Sample make_sample(uint32_t pixels, uint32_t width, uint32_t height, const Scene& scene) {
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
inline void axis(double begin, double step, uint32_t output,
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
inline std::array<double, 3> reference(const Sample& sample, const Rectangle& from, uint32_t width,
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

}  // namespace ep_test

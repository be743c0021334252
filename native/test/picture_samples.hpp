// Picture files made in memory for tests.
#pragma once

#include <gtest/gtest.h>
#include <turbojpeg.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace ep_test {

/** R, G, B of a picture whose every pixel tells its place, smooth enough for JPEG. */
inline std::vector<uint8_t> gradient_rgb(uint32_t width, uint32_t height, uint32_t shade = 0) {
  std::vector<uint8_t> rgb;
  rgb.reserve(size_t{width} * height * 3);
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      rgb.push_back(static_cast<uint8_t>(20 + 200 * x / width));
      rgb.push_back(static_cast<uint8_t>(20 + 200 * y / height));
      rgb.push_back(static_cast<uint8_t>(60 + shade));
    }
  }
  return rgb;
}

inline void put(std::vector<uint8_t>* bytes, size_t at, uint32_t value, int count) {
  for (int i = 0; i < count; ++i) (*bytes)[at + i] = static_cast<uint8_t>(value >> (8 * i));
}

struct BmpForm {
  uint32_t bits = 24;
  bool top_down = false;
  bool has_masks = false;  // 32 bits with R, G, B from the lowest byte up
};

inline std::vector<uint8_t> make_bmp(const std::vector<uint8_t>& rgb, uint32_t width,
                                     uint32_t height, const BmpForm& form = {}) {
  const size_t first_row = form.has_masks ? 66 : 54;
  const size_t pixel_bytes = form.bits / 8;
  const size_t row_bytes = (width * pixel_bytes + 3) / 4 * 4;
  std::vector<uint8_t> file(first_row + row_bytes * height);
  file[0] = 'B';
  file[1] = 'M';
  put(&file, 2, static_cast<uint32_t>(file.size()), 4);
  put(&file, 10, static_cast<uint32_t>(first_row), 4);
  put(&file, 14, 40, 4);
  put(&file, 18, width, 4);
  put(&file, 22, form.top_down ? 0u - height : height, 4);
  put(&file, 26, 1, 2);
  put(&file, 28, form.bits, 2);
  put(&file, 30, form.has_masks ? 3 : 0, 4);
  if (form.has_masks) {
    put(&file, 54, 0x000000FF, 4);
    put(&file, 58, 0x0000FF00, 4);
    put(&file, 62, 0x00FF0000, 4);
  }
  for (uint32_t y = 0; y < height; ++y) {
    const uint32_t row = form.top_down ? y : height - 1 - y;
    for (uint32_t x = 0; x < width; ++x) {
      uint8_t* const pixel = &file[first_row + row * row_bytes + x * pixel_bytes];
      for (uint32_t c = 0; c < 3; ++c) {
        pixel[form.has_masks ? c : 2 - c] = rgb[(size_t{y} * width + x) * 3 + c];
      }
    }
  }
  return file;
}

inline std::vector<uint8_t> make_jpeg(const std::vector<uint8_t>& rgb, uint32_t width,
                                      uint32_t height, int subsampling = TJSAMP_420,
                                      int flags = 0) {
  tjhandle const compressor = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long bytes = 0;
  EXPECT_EQ(tjCompress2(compressor, rgb.data(), static_cast<int>(width), 0,
                        static_cast<int>(height), TJPF_RGB, &out, &bytes, subsampling, 95, flags),
            0)
      << tjGetErrorStr2(compressor);
  std::vector<uint8_t> file(out, out + bytes);
  tjFree(out);
  tjDestroy(compressor);
  return file;
}

/** A JPEG whose header is whole, so that only decoding finds that its end is missing. */
inline std::vector<uint8_t> make_cut_jpeg() {
  const std::vector<uint8_t> whole = make_jpeg(gradient_rgb(320, 240), 320, 240);
  return {whole.begin(), whole.end() - 100};
}

}  // namespace ep_test

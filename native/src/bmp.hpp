// The BMP format: BITMAPFILEHEADER and BITMAPINFOHEADER or a later form of it, 24 or 32 bits a
// pixel, uncompressed, rows from the bottom up or from the top down.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ep {

struct BmpInfo {
  uint32_t width;
  uint32_t height;
  bool top_down;
  size_t first_row;  // offset of the first row in the file
  size_t row_bytes;
  uint32_t pixel_bytes;
  uint32_t red, green, blue;  // which byte of a pixel
};

bool is_bmp(const uint8_t* file, size_t bytes);

/** Null iff `info` is filled and all rows lie inside the file, else what is wrong. */
const char* read_bmp_header(const uint8_t* file, size_t bytes, BmpInfo* info);

/** `rgb` has room for width x height x 3. */
void decode_bmp(const uint8_t* file, const BmpInfo& info, uint8_t* rgb);

}  // namespace ep

#include "bmp.hpp"

#include <cstdlib>
#include <cstring>

#include "pixels.hpp"

namespace ep {
namespace {

constexpr size_t kFileHeaderBytes = 14;
constexpr size_t kInfoHeaderBytes = 40;
constexpr size_t kMasksOffset = kFileHeaderBytes + kInfoHeaderBytes;
constexpr size_t kMasksBytes = 12;
constexpr uint32_t kUncompressed = 0;
constexpr uint32_t kBitFields = 3;

uint16_t u16(const uint8_t* at) { return static_cast<uint16_t>(at[0] | at[1] << 8); }

uint32_t u32(const uint8_t* at) { return u16(at) | static_cast<uint32_t>(u16(at + 2)) << 16; }

/** Which byte a mask selects; 4 iff it is not one whole byte. */
uint32_t byte_of_mask(uint32_t mask) {
  for (uint32_t byte = 0; byte < 4; ++byte) {
    if (mask == 0xFFu << (byte * 8)) return byte;
  }
  return 4;
}

}  // namespace

bool is_bmp(const uint8_t* file, size_t bytes) {
  return bytes >= 2 && file[0] == 'B' && file[1] == 'M';
}

const char* read_bmp_header(const uint8_t* file, size_t bytes, BmpInfo* info) {
  if (bytes < kFileHeaderBytes + kInfoHeaderBytes) return "the header is cut off";
  const uint8_t* const header = file + kFileHeaderBytes;
  if (u32(header) < kInfoHeaderBytes) return "a BMP header of a kind that is not supported";
  const int64_t width = static_cast<int32_t>(u32(header + 4));
  const int64_t height = static_cast<int32_t>(u32(header + 8));
  const uint32_t bits = u16(header + 14);
  const uint32_t compression = u32(header + 16);
  if (width < 1 || height == 0) return "a side is 0 or negative";
  if (width > kMaxFrameSide || std::llabs(height) > kMaxFrameSide) {
    return "a side is longer than 8192 pixels";
  }
  if (bits != 24 && bits != 32) return "only 24 and 32 bits a pixel are supported";
  if (compression != kUncompressed && !(compression == kBitFields && bits == 32)) {
    return "compressed BMP is not supported";
  }

  info->width = static_cast<uint32_t>(width);
  info->height = static_cast<uint32_t>(std::llabs(height));
  info->top_down = height < 0;
  info->pixel_bytes = bits / 8;
  info->blue = 0;
  info->green = 1;
  info->red = 2;
  if (compression == kBitFields) {
    if (bytes < kMasksOffset + kMasksBytes) return "the header is cut off";
    info->red = byte_of_mask(u32(file + kMasksOffset));
    info->green = byte_of_mask(u32(file + kMasksOffset + 4));
    info->blue = byte_of_mask(u32(file + kMasksOffset + 8));
    if (info->red > 3 || info->green > 3 || info->blue > 3) {
      return "colour masks other than whole bytes are not supported";
    }
  }
  info->row_bytes = (size_t{info->width} * info->pixel_bytes + 3) / 4 * 4;
  info->first_row = u32(file + 10);
  // At most 2^32 + 8192 x 32768: no overflow in 64 bits.
  if (info->first_row + info->row_bytes * info->height > bytes) return "the pixels are cut off";
  return nullptr;
}

void decode_bmp(const uint8_t* file, const BmpInfo& info, uint8_t* rgb) {
  for (uint32_t y = 0; y < info.height; ++y) {
    const uint32_t stored = info.top_down ? y : info.height - 1 - y;
    const uint8_t* pixel = file + info.first_row + stored * info.row_bytes;
    for (uint32_t x = 0; x < info.width; ++x, pixel += info.pixel_bytes, rgb += 3) {
      rgb[0] = pixel[info.red];
      rgb[1] = pixel[info.green];
      rgb[2] = pixel[info.blue];
    }
  }
}

}  // namespace ep

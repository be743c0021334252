// Decoding of picture files: JPEG by libjpeg-turbo, BMP of 24 and 32 bits by hand.
//
// A file is input from outside: every size in it is checked against the bytes that there are and
// against kMaxFrameSide before it is used.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"
#include "jpeg.hpp"

namespace ep {

inline constexpr uint64_t kMaxPictureFileBytes = uint64_t{64} << 20;

/** One file at a time, its memory kept from one to the next. */
class PictureDecoder {
 public:
  using Want = JpegDecoder::Want;

  PictureDecoder() = default;
  ~PictureDecoder();
  PictureDecoder(const PictureDecoder&) = delete;
  PictureDecoder& operator=(const PictureDecoder&) = delete;

  /**
   * Reads the file and its header; `frame` tells what `decode` will give: RGB24, or with kCheapest
   * J420 where the JPEG has exactly that inside. Fails with EP_E_FILE iff the file cannot be read,
   * is empty or too large, with EP_E_IMAGE iff it is no JPEG or BMP that can be decoded.
   */
  int32_t open(const char* path, Want want, ep_frame* frame, ep_error* error);

  /** Decodes the file last opened. EP_E_ARGUMENT iff `capacity` is below the frame's bytes,
   *  EP_E_IMAGE iff the contents are broken; `pixels` may be written in part then. */
  int32_t decode(uint8_t* pixels, uint64_t capacity, ep_error* error);

 private:
  int32_t read_file(const char* path, ep_error* error);

  char path_[256] = {};  // for messages
  uint8_t* file_ = nullptr;
  size_t file_bytes_ = 0;
  size_t file_capacity_ = 0;
  JpegDecoder jpeg_;
  bool is_jpeg_ = false;
  ep_frame frame_ = {};
};

}  // namespace ep

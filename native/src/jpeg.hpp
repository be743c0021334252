// JPEG in memory to pixels, by libjpeg-turbo: of picture files and of cameras that send MJPEG.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

/** One picture at a time; what libjpeg-turbo needs is made once. The picture's bytes are from
 *  outside: its sides are checked against kMaxFrameSide before they are used. */
class JpegDecoder {
 public:
  enum class Want { kRgb, kCheapest };

  JpegDecoder() = default;
  ~JpegDecoder();
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  /** False iff libjpeg-turbo cannot start. Once is enough. */
  bool start();

  /** Reads the header of `bytes` at `data`. `frame` gets the sides, the bytes and the pixels that
   *  `decode` will give: RGB24, or with kCheapest J420 where the JPEG has exactly that inside.
   *  Null, or what is wrong. */
  const char* open(const uint8_t* data, size_t bytes, Want want, ep_frame* frame);

  /** Decodes what was opened last, whose bytes still stand, into the frame's bytes. Null, or what
   *  is wrong; `pixels` may be written in part then. */
  const char* decode(uint8_t* pixels);

 private:
  void* jpeg_ = nullptr;
  const uint8_t* data_ = nullptr;
  size_t bytes_ = 0;
  ep_frame frame_ = {};
};

}  // namespace ep

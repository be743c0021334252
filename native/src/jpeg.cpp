#include "jpeg.hpp"

#include <turbojpeg.h>

#include "pixels.hpp"

namespace ep {
namespace {

// A warning of libjpeg is a picture that is grey from somewhere on: not shown as if it were whole.
constexpr int kJpegFlags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS;

}  // namespace

JpegDecoder::~JpegDecoder() {
  if (jpeg_ != nullptr) tjDestroy(jpeg_);
}

bool JpegDecoder::start() {
  if (jpeg_ == nullptr) jpeg_ = tjInitDecompress();
  return jpeg_ != nullptr;
}

const char* JpegDecoder::open(const uint8_t* data, size_t bytes, Want want, ep_frame* frame) {
  if (!start()) return "libjpeg-turbo cannot start";
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  if (tjDecompressHeader3(jpeg_, data, bytes, &width, &height, &subsampling, &colours) != 0) {
    return tjGetErrorStr2(jpeg_);
  }
  const int longest = static_cast<int>(kMaxFrameSide);
  if (width < 1 || height < 1 || width > longest || height > longest) {
    return "a side is 0 or longer than 8192 pixels";
  }
  if (colours == TJCS_CMYK || colours == TJCS_YCCK) {
    return "a JPEG of four colours is not supported";
  }
  data_ = data;
  bytes_ = bytes;
  frame_ = {};
  frame_.width = static_cast<uint32_t>(width);
  frame_.height = static_cast<uint32_t>(height);
  // libjpeg-turbo pads the planes of odd sides.
  const bool has_j420 =
      subsampling == TJSAMP_420 && colours == TJCS_YCbCr && width % 2 == 0 && height % 2 == 0;
  frame_.pixels = want == Want::kCheapest && has_j420 ? EP_PIXELS_J420 : EP_PIXELS_RGB24;
  frame_.bytes = frame_bytes(frame_.pixels, frame_.width, frame_.height);
  *frame = frame_;
  return nullptr;
}

const char* JpegDecoder::decode(uint8_t* pixels) {
  const int width = static_cast<int>(frame_.width);
  const int height = static_cast<int>(frame_.height);
  int result = 0;
  if (frame_.pixels == EP_PIXELS_J420) {
    const size_t area = size_t{frame_.width} * frame_.height;
    uint8_t* planes[3] = {pixels, pixels + area, pixels + area + area / 4};
    int strides[3] = {width, width / 2, width / 2};
    result =
        tjDecompressToYUVPlanes(jpeg_, data_, bytes_, planes, width, strides, height, kJpegFlags);
  } else {
    result =
        tjDecompress2(jpeg_, data_, bytes_, pixels, width, width * 3, height, TJPF_RGB, kJpegFlags);
  }
  return result == 0 ? nullptr : tjGetErrorStr2(jpeg_);
}

}  // namespace ep

// A small JPEG of a frame, for people to look at.
#include <libyuv/convert.h>
#include <libyuv/convert_argb.h>
#include <libyuv/scale.h>
#include <libyuv/scale_argb.h>
#include <turbojpeg.h>

#include <algorithm>
#include <vector>

#include "error.hpp"
#include "pixels.hpp"

namespace {

using Bytes = std::vector<uint8_t>;

constexpr int kQuality = 70;
constexpr int kArgbBytes = 4;

struct Size {
  int width;
  int height;
};

int half(int side) { return (side + 1) / 2; }

/** Three planes of I420, of a frame or of our own. */
struct Planes {
  const uint8_t* y;
  const uint8_t* u;
  const uint8_t* v;
};

Planes planes_of(const uint8_t* first, Size size) {
  const size_t area = static_cast<size_t>(size.width) * static_cast<size_t>(size.height);
  const size_t quarter =
      static_cast<size_t>(half(size.width)) * static_cast<size_t>(half(size.height));
  return {first, first + area, first + area + quarter};
}

size_t i420_bytes(Size size) {
  return ep::frame_bytes(EP_PIXELS_I420, static_cast<uint32_t>(size.width),
                         static_cast<uint32_t>(size.height));
}

/** The frame's planes where it has them, else made in `room`. */
Planes to_i420(const uint8_t* pixels, const ep_frame& frame, Size size, Bytes* room) {
  if (frame.pixels == EP_PIXELS_I420 || frame.pixels == EP_PIXELS_J420) {
    return planes_of(pixels, size);
  }
  room->resize(i420_bytes(size));
  const Planes out = planes_of(room->data(), size);
  auto* const y = const_cast<uint8_t*>(out.y);
  auto* const u = const_cast<uint8_t*>(out.u);
  auto* const v = const_cast<uint8_t*>(out.v);
  const int chroma = half(size.width);
  if (frame.pixels == EP_PIXELS_NV12) {
    const size_t area = static_cast<size_t>(size.width) * static_cast<size_t>(size.height);
    libyuv::NV12ToI420(pixels, size.width, pixels + area, 2 * chroma, y, size.width, u, chroma, v,
                       chroma, size.width, size.height);
  } else {
    libyuv::YUY2ToI420(pixels, 4 * chroma, y, size.width, u, chroma, v, chroma, size.width,
                       size.height);
  }
  return out;
}

Bytes small_from_yuv(const uint8_t* pixels, const ep_frame& frame, Size from, Size to) {
  Bytes converted;
  const Planes whole = to_i420(pixels, frame, from, &converted);
  Bytes scaled(i420_bytes(to));
  const Planes small = planes_of(scaled.data(), to);
  libyuv::I420Scale(whole.y, from.width, whole.u, half(from.width), whole.v, half(from.width),
                    from.width, from.height, const_cast<uint8_t*>(small.y), to.width,
                    const_cast<uint8_t*>(small.u), half(to.width), const_cast<uint8_t*>(small.v),
                    half(to.width), to.width, to.height, libyuv::kFilterBox);
  Bytes argb(static_cast<size_t>(to.width) * static_cast<size_t>(to.height) * kArgbBytes);
  const auto convert = frame.pixels == EP_PIXELS_J420 ? libyuv::J420ToARGB : libyuv::I420ToARGB;
  convert(small.y, to.width, small.u, half(to.width), small.v, half(to.width), argb.data(),
          to.width * kArgbBytes, to.width, to.height);
  return argb;
}

Bytes small_from_rgb(const uint8_t* pixels, Size from, Size to) {
  Bytes whole(static_cast<size_t>(from.width) * static_cast<size_t>(from.height) * kArgbBytes);
  libyuv::RAWToARGB(pixels, from.width * 3, whole.data(), from.width * kArgbBytes, from.width,
                    from.height);
  Bytes argb(static_cast<size_t>(to.width) * static_cast<size_t>(to.height) * kArgbBytes);
  libyuv::ARGBScale(whole.data(), from.width * kArgbBytes, from.width, from.height, argb.data(),
                    to.width * kArgbBytes, to.width, to.height, libyuv::kFilterBox);
  return argb;
}

}  // namespace

int32_t ep_preview(const void* pixels, const ep_frame* frame, uint32_t width, void* jpeg,
                   uint64_t capacity, uint64_t* bytes, ep_error* error) {
  if (pixels == nullptr || frame == nullptr || jpeg == nullptr || bytes == nullptr || width == 0 ||
      ep::frame_bytes(frame->pixels, frame->width, frame->height) == 0) {
    return ep::fail(error, EP_E_ARGUMENT, "preview: no frame, no width or no room for it");
  }
  const Size from = {static_cast<int>(frame->width), static_cast<int>(frame->height)};
  const int wide = std::min(static_cast<int>(width), from.width);
  const Size to = {wide, std::max(1, static_cast<int>(int64_t{from.height} * wide / from.width))};
  const auto* const first = static_cast<const uint8_t*>(pixels);
  const Bytes argb = frame->pixels == EP_PIXELS_RGB24 ? small_from_rgb(first, from, to)
                                                      : small_from_yuv(first, *frame, from, to);
  const tjhandle compressor = tjInitCompress();
  if (compressor == nullptr) return ep::fail(error, EP_E_NO_MEMORY, "preview: libjpeg-turbo");
  int32_t status = EP_OK;
  auto* out = static_cast<unsigned char*>(jpeg);
  unsigned long size = capacity;
  if (capacity < tjBufSize(to.width, to.height, TJSAMP_420)) {
    status = ep::fail(error, EP_E_ARGUMENT, "preview: %llu bytes are too few for %d x %d pixels",
                      static_cast<unsigned long long>(capacity), to.width, to.height);
  } else if (tjCompress2(compressor, argb.data(), to.width, to.width * kArgbBytes, to.height,
                         TJPF_BGRA, &out, &size, TJSAMP_420, kQuality, TJFLAG_NOREALLOC) != 0) {
    status = ep::fail(error, EP_E_ARGUMENT, "preview: %s", tjGetErrorStr2(compressor));
  }
  *bytes = size;
  tjDestroy(compressor);
  return status;
}

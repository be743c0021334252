#include "v4l2_offers.hpp"

#include <linux/videodev2.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "edgepool.h"

namespace ep {
namespace {

/** A rate counts as reached from here on: 29.97 is 30 for people. */
constexpr double kRateSlack = 0.98;
constexpr size_t kMostSizesSaid = 4;

bool ask(int descriptor, unsigned long request, void* argument) {
  int result = 0;
  do {
    result = ioctl(descriptor, request, argument);
  } while (result < 0 && errno == EINTR);
  return result == 0;
}

bool in_steps(uint32_t value, uint32_t least, uint32_t most, uint32_t step) {
  return value >= least && value <= most && (step <= 1 || (value - least) % step == 0);
}

double rate(const v4l2_fract& interval) {
  return interval.numerator == 0 ? 0
                                 : static_cast<double>(interval.denominator) / interval.numerator;
}

/** The shortest interval's rate; 0 iff the device does not say. */
double most_fps(int descriptor, uint32_t fourcc, uint32_t width, uint32_t height) {
  double most = 0;
  v4l2_frmivalenum interval = {};
  interval.pixel_format = fourcc;
  interval.width = width;
  interval.height = height;
  for (; ask(descriptor, VIDIOC_ENUM_FRAMEINTERVALS, &interval); ++interval.index) {
    if (interval.type != V4L2_FRMIVAL_TYPE_DISCRETE) return rate(interval.stepwise.min);
    most = std::max(most, rate(interval.discrete));
  }
  return most;
}

/** Whether a device that lists no sizes takes this one as it is. */
bool takes_size(int descriptor, uint32_t buffer_type, uint32_t fourcc, CameraSize* size) {
  v4l2_format format = {};
  format.type = buffer_type;
  if (!ask(descriptor, VIDIOC_G_FMT, &format)) return false;
  const CameraSize wanted = *size;
  // Both structs begin with width, height, pixel format.
  format.fmt.pix.pixelformat = fourcc;
  format.fmt.pix.width = wanted.width;
  format.fmt.pix.height = wanted.height;
  if (!ask(descriptor, VIDIOC_TRY_FMT, &format)) return false;
  *size = {format.fmt.pix.width, format.fmt.pix.height};
  return format.fmt.pix.pixelformat == fourcc && size->width == wanted.width &&
         size->height == wanted.height;
}

void find_sizes(int descriptor, uint32_t buffer_type, CameraSize wanted, CameraOffer* offer) {
  v4l2_frmsizeenum size = {};
  size.pixel_format = offer->fourcc;
  for (; ask(descriptor, VIDIOC_ENUM_FRAMESIZES, &size); ++size.index) {
    if (size.type == V4L2_FRMSIZE_TYPE_DISCRETE) {
      offer->sizes.push_back({size.discrete.width, size.discrete.height});
      offer->has_size = offer->has_size || (size.discrete.width == wanted.width &&
                                            size.discrete.height == wanted.height);
      continue;
    }
    const v4l2_frmsize_stepwise& range = size.stepwise;
    offer->sizes.push_back({range.min_width, range.min_height});
    offer->sizes.push_back({range.max_width, range.max_height});
    offer->has_size =
        in_steps(wanted.width, range.min_width, range.max_width, range.step_width) &&
        in_steps(wanted.height, range.min_height, range.max_height, range.step_height);
    return;
  }
  if (!offer->sizes.empty()) return;
  CameraSize nearest = wanted;
  offer->has_size = takes_size(descriptor, buffer_type, offer->fourcc, &nearest);
  offer->sizes.push_back(nearest);
}

uint64_t distance(const CameraSize& size, uint32_t width, uint32_t height) {
  return static_cast<uint64_t>(std::llabs(int64_t{size.width} - width) +
                               std::llabs(int64_t{size.height} - height));
}

}  // namespace

uint32_t camera_pixels(uint32_t fourcc) {
  switch (fourcc) {
    case V4L2_PIX_FMT_YUYV:
      return EP_PIXELS_YUYV;
    case V4L2_PIX_FMT_NV12:
      return EP_PIXELS_NV12;
    case V4L2_PIX_FMT_YUV420:
      return EP_PIXELS_I420;
    case V4L2_PIX_FMT_RGB24:
      return EP_PIXELS_RGB24;
    default:
      return 0;
  }
}

bool is_mjpeg(uint32_t fourcc) {
  return fourcc == V4L2_PIX_FMT_MJPEG || fourcc == V4L2_PIX_FMT_JPEG;
}

std::vector<CameraOffer> camera_offers(int descriptor, uint32_t buffer_type, uint32_t width,
                                       uint32_t height) {
  std::vector<CameraOffer> offers;
  v4l2_fmtdesc format = {};
  format.type = buffer_type;
  for (; ask(descriptor, VIDIOC_ENUM_FMT, &format); ++format.index) {
    if (camera_pixels(format.pixelformat) == 0 && !is_mjpeg(format.pixelformat)) continue;
    CameraOffer offer;
    offer.fourcc = format.pixelformat;
    find_sizes(descriptor, buffer_type, {width, height}, &offer);
    if (offer.has_size) offer.most_fps = most_fps(descriptor, offer.fourcc, width, height);
    offers.push_back(std::move(offer));
  }
  return offers;
}

const CameraOffer* best_offer(const std::vector<CameraOffer>& offers, double fps) {
  const CameraOffer* best = nullptr;
  double best_worth = -1;
  for (const CameraOffer& offer : offers) {
    if (!offer.has_size) continue;
    const bool reaches = offer.most_fps == 0 || offer.most_fps >= fps * kRateSlack;
    const double worth = (reaches ? fps : offer.most_fps) + (is_mjpeg(offer.fourcc) ? 0 : 1e-3);
    if (worth > best_worth) {
      best = &offer;
      best_worth = worth;
    }
  }
  return best;
}

std::string nearest_sizes(const std::vector<CameraOffer>& offers, uint32_t width, uint32_t height) {
  std::vector<CameraSize> sizes;
  for (const CameraOffer& offer : offers) {
    for (const CameraSize& size : offer.sizes) {
      const auto same = [&size](const CameraSize& other) {
        return other.width == size.width && other.height == size.height;
      };
      if (std::none_of(sizes.begin(), sizes.end(), same)) sizes.push_back(size);
    }
  }
  std::stable_sort(sizes.begin(), sizes.end(), [&](const CameraSize& a, const CameraSize& b) {
    return distance(a, width, height) < distance(b, width, height);
  });
  std::string said;
  for (size_t i = 0; i < sizes.size() && i < kMostSizesSaid; ++i) {
    if (i > 0) said += ", ";
    said += std::to_string(sizes[i].width) + "x" + std::to_string(sizes[i].height);
  }
  return said;
}

}  // namespace ep

#include "source.hpp"

#include <atomic>
#include <cmath>

#include "error.hpp"
#include "gst_source.hpp"
#include "pattern.hpp"
#include "still.hpp"
#include "v4l2_source.hpp"
#include "y4m_source.hpp"

namespace ep {
namespace {

constexpr double kLeastFps = 0.1;
constexpr double kMostFps = 240;
constexpr double kMostEachSeconds = 86400;

int32_t make_still(const ep_source_options& options, bool has_path,
                   std::unique_ptr<FrameSource>* out, ep_error* error) {
  if (!has_path) {
    return fail(error, EP_E_ARGUMENT, "source still: name a picture or a folder of pictures");
  }
  if (!(options.each_seconds >= 0 && options.each_seconds <= kMostEachSeconds)) {
    return fail(error, EP_E_ARGUMENT, "each %g seconds: must be 0 to %g", options.each_seconds,
                kMostEachSeconds);
  }
  const int64_t frames_each = std::llround(options.each_seconds * options.fps);
  *out = std::make_unique<StillSource>(options.path,
                                       frames_each < 1 ? 1 : static_cast<uint64_t>(frames_each));
  return EP_OK;
}

}  // namespace

int32_t make_source(const ep_source_options& options, std::unique_ptr<FrameSource>* out,
                    ep_error* error) {
  if (!(options.fps >= kLeastFps && options.fps <= kMostFps)) {
    return fail(error, EP_E_ARGUMENT, "fps %g: must be %g to %g", options.fps, kLeastFps, kMostFps);
  }
  if (options.kind == EP_SOURCE_PATTERN) {
    *out = std::make_unique<PatternSource>(options.width, options.height, options.seed);
    return EP_OK;
  }
  const bool has_path = options.path != nullptr && *options.path != '\0';
  switch (options.kind) {
    case EP_SOURCE_STILL:
      return make_still(options, has_path, out, error);
    case EP_SOURCE_V4L2:
      if (!has_path) return fail(error, EP_E_ARGUMENT, "source v4l2: name a device");
      *out = std::make_unique<V4l2Source>(
          options.path,
          CameraWish{options.width, options.height, options.fps, 0, options.awaited != 0});
      return EP_OK;
    case EP_SOURCE_Y4M:
      if (!has_path) return fail(error, EP_E_ARGUMENT, "source y4m: name a file");
      *out = std::make_unique<Y4mSource>(options.path);
      return EP_OK;
    case EP_SOURCE_GST:
      if (!has_path) return fail(error, EP_E_ARGUMENT, "source gst: name a pipeline");
      *out = std::make_unique<GstSource>(options.path, options.fps);
      return EP_OK;
    default:
      return fail(error, EP_E_ARGUMENT,
                  "source kind %u: there are pattern, still, v4l2, y4m and gst", options.kind);
  }
}

uint64_t next_owner() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace ep

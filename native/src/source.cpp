#include "source.hpp"

#include <atomic>
#include <cmath>

#include "error.hpp"
#include "pattern.hpp"
#include "still.hpp"

namespace ep {
namespace {

constexpr double kLeastFps = 0.1;
constexpr double kMostFps = 240;
constexpr double kMostEachSeconds = 86400;

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
  if (options.kind != EP_SOURCE_STILL) {
    return fail(error, EP_E_ARGUMENT, "source kind %u: there are pattern and still", options.kind);
  }
  if (options.path == nullptr || *options.path == '\0') {
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

uint64_t next_owner() {
  static std::atomic<uint64_t> last{0};
  return ++last;
}

}  // namespace ep

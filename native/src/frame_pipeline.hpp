// What the module for GStreamer (libedgepool-gst.so) gives to the library, which opens it on demand
// and knows nothing of GStreamer itself.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

struct PicturePlane {
  const uint8_t* data;
  size_t stride_bytes;
};

/** A frame in the pipeline's memory, until `release`. */
struct PipelineFrame {
  ep_frame frame;          // width, height, pixels, bytes
  PicturePlane planes[3];  // as frame_layout has its rows
  uint64_t time_ns;        // FramePipeline::kNoTime, or what is_live() says
};

/** A pipeline that plays, with a sink of ours at its end. One thread at a time. */
class FramePipeline {
 public:
  static constexpr uint64_t kNoTime = UINT64_MAX;

  virtual ~FramePipeline() = default;
  FramePipeline(const FramePipeline&) = delete;
  FramePipeline& operator=(const FramePipeline&) = delete;

  /** Live: frames come when they are due, `time_ns` being that time on CLOCK_MONOTONIC (the
   *  frame's time stamp and the latency that the pipeline has of itself). Else they come as fast as
   *  they are taken, none is lost, and `time_ns` counts from the clip's beginning. */
  virtual bool is_live() const = 0;

  enum class Got { kFrame, kNothing, kEnded, kFailed };
  /** Waits at most so long. kFailed: `error` is one line, and nothing comes any more. */
  virtual Got pull(int timeout_ms, PipelineFrame* out, ep_error* error) = 0;
  /** After each frame, before the next. */
  virtual void release() = 0;

  /** Frames a second, as the last frame said; 0: it does not say. */
  virtual double fps() const = 0;

 protected:
  FramePipeline() = default;
};

/** The one symbol of the module: starts the pipeline of such a text, in gst-launch's language,
 *  without its sink. Null iff it cannot be; `error` says why in one line. */
using OpenPipeline = FramePipeline*(const char* text, ep_error* error);
inline constexpr char kOpenPipeline[] = "ep_gst_open_v1";
inline constexpr char kPipelineModule[] = "libedgepool-gst.so";

}  // namespace ep

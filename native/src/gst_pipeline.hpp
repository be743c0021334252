// A GStreamer pipeline whose frames are taken one by one.
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

#include <cstdint>
#include <mutex>
#include <string>

#include "frame_pipeline.hpp"

namespace ep {

/**
 * `text ! videoconvert ! appsink`. The conversion passes frames through untouched where their
 * format is one of ours. A frame is given back to the pipeline on the pipeline's thread, when it
 * has the next one: freeing may unmap, which no thread that captures does.
 */
class GstFramePipeline final : public FramePipeline {
 public:
  explicit GstFramePipeline(const char* text) : text_(text) {}
  ~GstFramePipeline() override;

  bool open(ep_error* error);

  bool is_live() const override { return live_; }
  Got pull(int timeout_ms, PipelineFrame* out, ep_error* error) override;
  void release() override;
  double fps() const override { return fps_; }

 private:
  static constexpr uint32_t kMostSpent = 4;

  bool build(const char* caps, ep_error* error);
  bool play(ep_error* error);
  void close();
  void drop_spent();
  void read_bus();
  Got look(PipelineFrame* out, ep_error* error);
  Got convert(ep_error* error);
  Got refuse(const char* why, ep_error* error);
  uint64_t time_of(GstBuffer* buffer) const;

  const std::string text_;
  GstElement* pipeline_ = nullptr;
  GstAppSink* sink_ = nullptr;
  bool live_ = false;
  bool started_ = false;  // a frame was given
  double fps_ = 0;
  ep_error failure_ = {};  // the first

  GstSample* sample_ = nullptr;  // of the frame that was pulled
  GstVideoFrame map_;
  bool mapped_ = false;

  std::mutex mutex_;
  GstSample* spent_[kMostSpent];
  uint32_t spent_count_ = 0;
};

}  // namespace ep

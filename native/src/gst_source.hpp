// Frames of a GStreamer pipeline, through a module that is opened when one is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "back_off.hpp"
#include "edgepool.h"
#include "frame_pipeline.hpp"
#include "source.hpp"

namespace ep {

/**
 * A frame is copied once, from the pipeline's memory into a slot.
 *
 * Live (a camera, RTSP): frames come when they are due. A pipeline that fails or gives no frame for
 * a while is reported once and started again with a back-off.
 * Else (a file): every frame once, at the clip's own times; the pipeline waits for us. Where no
 * slot is free the frame comes at the next turn. A failure is reported and ends the source.
 */
class GstSource final : public FrameSource {
 public:
  /** `fps` where the pipeline does not say. */
  GstSource(std::string text, double fps);

  int32_t probe(ep_frame* largest, ep_error* error) override;
  int32_t prepare(ep_ring* ring, ep_error* error) override;
  double own_fps() const override { return pipeline_ == nullptr ? 0 : pipeline_->fps(); }
  bool has_clock() const override { return true; }
  Awaited await(int timeout_ms, Arrival* arrival, ep_error* error) override;
  void skip() override;
  Outcome fill(uint64_t number, uint32_t slot, ep_frame* frame, char* note,
               ep_error* error) override;

 private:
  bool open(ep_error* error);
  Awaited pull(int timeout_ms, ep_error* error);
  Awaited retry(int timeout_ms);
  Awaited lose(const ep_error& reason, ep_error* error);
  bool has_turn(int timeout_ms);
  void let_go();
  uint64_t period_ns() const;

  const std::string text_;
  const double fps_;
  ep_ring* ring_ = nullptr;
  std::unique_ptr<FramePipeline> pipeline_;
  BackOff back_off_;
  PipelineFrame current_ = {};
  bool waiting_ = false;  // a frame is pulled and not yet filled or skipped
  bool placed_ = false;   // and has its turn
  bool live_ = false;
  bool troubled_ = false;  // reported, and no frame since
  bool ended_ = false;
  uint64_t number_ = 0;
  uint64_t turn_ns_ = 0;        // of a clip's frame, on the clock
  uint64_t origin_ns_ = 0;      // of a clip's time, on the clock
  bool begun_ = false;          // the clip has an origin
  uint64_t last_frame_ns_ = 0;  // or the start of the pipeline
  uint64_t retry_at_ns_ = 0;
};

}  // namespace ep

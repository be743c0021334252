// The module for GStreamer: a pipeline with an appsink at its end.
#include "gst_pipeline.hpp"

#include <gst/app/gstappsink.h>

#include <algorithm>
#include <new>
#include <string>

#include "clock.hpp"
#include "error.hpp"
#include "gst_text.hpp"
#include "pixels.hpp"

namespace ep {
namespace {

/** Frames that wait in the sink; a source that is not live stands still meanwhile. */
constexpr guint kWaiting = 2;
constexpr double kLeastFps = 0.1;
constexpr double kMostFps = 240;

/** Formats that a slot can hold. */
constexpr char kFormats[] = "video/x-raw,format=(string){I420,NV12,YUY2,RGB}";
/** Where the pipeline's colours are others than those (BT.709, for example). */
constexpr char kConverted[] = "video/x-raw,format=(string)I420,colorimetry=(string)bt601";

/** ep_pixels of such a picture; 0 iff a slot cannot say what its colours are. */
uint32_t pixels_of(const GstVideoInfo& info) {
  const GstVideoColorimetry& colours = info.colorimetry;
  const bool full = colours.range == GST_VIDEO_COLOR_RANGE_0_255;
  const bool bt601 = colours.matrix == GST_VIDEO_COLOR_MATRIX_BT601 ||
                     colours.matrix == GST_VIDEO_COLOR_MATRIX_UNKNOWN;
  switch (GST_VIDEO_INFO_FORMAT(&info)) {
    case GST_VIDEO_FORMAT_RGB:
      return EP_PIXELS_RGB24;
    case GST_VIDEO_FORMAT_I420:
      if (!bt601) return 0;
      return full ? EP_PIXELS_J420 : EP_PIXELS_I420;
    case GST_VIDEO_FORMAT_NV12:
      return bt601 && !full ? EP_PIXELS_NV12 : 0;
    case GST_VIDEO_FORMAT_YUY2:
      return bt601 && !full ? EP_PIXELS_YUYV : 0;
    default:
      return 0;
  }
}

bool start_gstreamer(ep_error* error) {
  GError* wrong = nullptr;
  if (gst_init_check(nullptr, nullptr, &wrong) != FALSE) return true;
  fail(error, EP_E_LIBRARY, "source gst: GStreamer cannot start: %s", gst_one_line(wrong).c_str());
  return false;
}

}  // namespace

GstFramePipeline::~GstFramePipeline() { close(); }

bool GstFramePipeline::open(ep_error* error) {
  return start_gstreamer(error) && build(kFormats, error) && play(error);
}

bool GstFramePipeline::build(const char* caps, ep_error* error) {
  close();
  const std::string whole = text_ + " ! videoconvert ! appsink name=edgepool";
  GError* wrong = nullptr;
  pipeline_ = gst_parse_launch_full(whole.c_str(), nullptr, GST_PARSE_FLAG_FATAL_ERRORS, &wrong);
  GstElement* const sink = pipeline_ != nullptr && GST_IS_BIN(pipeline_) && wrong == nullptr
                               ? gst_bin_get_by_name(GST_BIN(pipeline_), "edgepool")
                               : nullptr;
  if (sink == nullptr) {
    fail(error, EP_E_ARGUMENT, "source gst: the pipeline cannot be made: %s",
         gst_one_line(wrong).c_str());
    return false;
  }
  sink_ = GST_APP_SINK(sink);
  GstCaps* const allowed = gst_caps_from_string(caps);
  gst_app_sink_set_caps(sink_, allowed);
  gst_caps_unref(allowed);
  gst_app_sink_set_max_buffers(sink_, kWaiting);
  gst_app_sink_set_drop(sink_, FALSE);
  g_object_set(sink_, "sync", FALSE, "enable-last-sample", FALSE, nullptr);
  GstAppSinkCallbacks callbacks = {};
  callbacks.new_sample = [](GstAppSink*, gpointer self) {
    static_cast<GstFramePipeline*>(self)->drop_spent();
    return GST_FLOW_OK;
  };
  gst_app_sink_set_callbacks(sink_, &callbacks, this, nullptr);
  return true;
}

bool GstFramePipeline::play(ep_error* error) {
  const GstStateChangeReturn paused = gst_element_set_state(pipeline_, GST_STATE_PAUSED);
  live_ = paused == GST_STATE_CHANGE_NO_PREROLL;
  if (live_) g_object_set(sink_, "sync", TRUE, nullptr);
  if (paused != GST_STATE_CHANGE_FAILURE &&
      gst_element_set_state(pipeline_, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) {
    return true;
  }
  read_bus();
  if (failure_.status == EP_OK) {
    fail(&failure_, EP_E_SYSTEM, "source gst: the pipeline cannot be started");
  }
  if (error != nullptr) *error = failure_;
  return false;
}

void GstFramePipeline::close() {
  if (mapped_) gst_video_frame_unmap(&map_);
  mapped_ = false;
  if (sample_ != nullptr) gst_sample_unref(sample_);
  sample_ = nullptr;
  if (pipeline_ != nullptr) gst_element_set_state(pipeline_, GST_STATE_NULL);
  drop_spent();
  if (sink_ != nullptr) gst_object_unref(sink_);
  if (pipeline_ != nullptr) gst_object_unref(pipeline_);
  sink_ = nullptr;
  pipeline_ = nullptr;
}

/** On the pipeline's own thread, which may unmap what the thread that captures may not. */
void GstFramePipeline::drop_spent() {
  GstSample* spent[kMostSpent];
  uint32_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    count = spent_count_;
    std::copy_n(spent_, count, spent);
    spent_count_ = 0;
  }
  for (uint32_t i = 0; i < count; ++i) gst_sample_unref(spent[i]);
}

/** Everything that waits there, for it waits for ever. */
void GstFramePipeline::read_bus() {
  GstBus* const bus = gst_element_get_bus(pipeline_);
  while (GstMessage* const message = gst_bus_pop(bus)) {
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_LATENCY) {
      gst_bin_recalculate_latency(GST_BIN(pipeline_));
    }
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR && failure_.status == EP_OK) {
      fail(&failure_, EP_E_SYSTEM, "source gst: %s", gst_error_line(message).c_str());
    }
    gst_message_unref(message);
  }
  gst_object_unref(bus);
}

FramePipeline::Got GstFramePipeline::pull(int timeout_ms, PipelineFrame* out, ep_error* error) {
  sample_ =
      gst_app_sink_try_pull_sample(sink_, static_cast<GstClockTime>(timeout_ms) * GST_MSECOND);
  const bool ended = sample_ == nullptr && gst_app_sink_is_eos(sink_) != FALSE;
  read_bus();
  if (sample_ != nullptr) return look(out, error);
  if (failure_.status != EP_OK) {
    if (error != nullptr) *error = failure_;
    return Got::kFailed;
  }
  return ended ? Got::kEnded : Got::kNothing;
}

FramePipeline::Got GstFramePipeline::look(PipelineFrame* out, ep_error* error) {
  GstVideoInfo info;
  GstCaps* const caps = gst_sample_get_caps(sample_);
  GstBuffer* const buffer = gst_sample_get_buffer(sample_);
  if (caps == nullptr || buffer == nullptr || gst_video_info_from_caps(&info, caps) == FALSE) {
    return refuse("gave a frame that is no picture", error);
  }
  const uint32_t pixels = pixels_of(info);
  if (pixels == 0) return convert(error);
  *out = {};
  out->frame.width = static_cast<uint32_t>(GST_VIDEO_INFO_WIDTH(&info));
  out->frame.height = static_cast<uint32_t>(GST_VIDEO_INFO_HEIGHT(&info));
  out->frame.pixels = pixels;
  out->frame.bytes = frame_bytes(pixels, out->frame.width, out->frame.height);
  if (out->frame.bytes == 0) return refuse("gave a frame of more than 8192 pixels a side", error);
  mapped_ = gst_video_frame_map(&map_, &info, buffer, GST_MAP_READ) != FALSE;
  if (!mapped_) return refuse("gave a frame whose memory cannot be read", error);
  for (guint i = 0; i < GST_VIDEO_FRAME_N_PLANES(&map_); ++i) {
    out->planes[i].data = static_cast<const uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&map_, i));
    out->planes[i].stride_bytes = static_cast<size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&map_, i));
  }
  out->time_ns = time_of(buffer);
  started_ = true;
  const gint over = GST_VIDEO_INFO_FPS_N(&info);
  const gint under = GST_VIDEO_INFO_FPS_D(&info);
  const double fps = under > 0 ? static_cast<double>(over) / under : 0;
  fps_ = fps >= kLeastFps && fps <= kMostFps ? fps : 0;
  return Got::kFrame;
}

/** From the beginning, with colours that a slot can have. */
FramePipeline::Got GstFramePipeline::convert(ep_error* error) {
  if (started_) return refuse("changed to colours of another kind", error);
  return build(kConverted, error) && play(error) ? Got::kNothing : Got::kFailed;
}

FramePipeline::Got GstFramePipeline::refuse(const char* why, ep_error* error) {
  fail(&failure_, EP_E_IMAGE, "source gst: %s", why);
  if (error != nullptr) *error = failure_;
  return Got::kFailed;
}

uint64_t GstFramePipeline::time_of(GstBuffer* buffer) const {
  const GstSegment* const segment = gst_sample_get_segment(sample_);
  const GstClockTime running =
      gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (!GST_CLOCK_TIME_IS_VALID(running)) return kNoTime;
  if (!live_) return running;
  GstClock* const clock = gst_element_get_clock(GST_ELEMENT(sink_));
  if (clock == nullptr) return kNoTime;
  const GstClockTime due = gst_element_get_base_time(GST_ELEMENT(sink_)) + running +
                           gst_base_sink_get_latency(GST_BASE_SINK(sink_));
  const GstClockTime now = gst_clock_get_time(clock);
  gst_object_unref(clock);
  return now_ns() - (now > due ? now - due : 0);
}

void GstFramePipeline::release() {
  if (mapped_) gst_video_frame_unmap(&map_);
  mapped_ = false;
  {
    const std::lock_guard lock(mutex_);
    if (spent_count_ < kMostSpent) {
      spent_[spent_count_++] = sample_;
      sample_ = nullptr;
    }
  }
  if (sample_ != nullptr) gst_sample_unref(sample_);
  sample_ = nullptr;
}

}  // namespace ep

extern "C" __attribute__((visibility("default"))) ep::FramePipeline* ep_gst_open_v1(
    const char* text, ep_error* error) {
  auto* const pipeline = new (std::nothrow) ep::GstFramePipeline(text);
  if (pipeline == nullptr) {
    ep::fail(error, EP_E_NO_MEMORY, "source gst: out of memory");
    return nullptr;
  }
  if (pipeline->open(error)) return pipeline;
  delete pipeline;
  return nullptr;
}

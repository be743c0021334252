// Against the GStreamer of the machine: what its own filesink writes is what a slot must hold.
#include <gst/gst.h>

#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "frames_fixture.hpp"
#include "pixels.hpp"

namespace {

using ep_test::Events;
using ep_test::FramesPool;
using ep_test::kMiB;
using ep_test::Ring;
using ep_test::Source;
using ep_test::TemporaryFolder;
using Bytes = std::vector<uint8_t>;

constexpr uint32_t kWidth = 34;  // its rows are padded
constexpr uint32_t kHeight = 18;

/** A ball that moves: every frame is another. */
std::string ball(int frames, const std::string& format, const std::string& more = "") {
  return "videotestsrc pattern=ball num-buffers=" + std::to_string(frames) +
         " ! video/x-raw,width=34,height=18,framerate=60/1,format=" + format + more;
}

/** Plays to the end. */
void play(const std::string& text) {
  gst_init(nullptr, nullptr);
  GError* wrong = nullptr;
  GstElement* const pipeline = gst_parse_launch(text.c_str(), &wrong);
  ASSERT_EQ(wrong, nullptr) << wrong->message;
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* const bus = gst_element_get_bus(pipeline);
  constexpr auto kEnds = static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  GstMessage* const end = gst_bus_timed_pop_filtered(bus, 30 * GST_SECOND, kEnds);
  ASSERT_NE(end, nullptr);
  EXPECT_EQ(GST_MESSAGE_TYPE(end), GST_MESSAGE_EOS) << text;
  gst_message_unref(end);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
}

Bytes read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/** Rows as GStreamer has them of itself: each rounded up to 4 bytes, and planes to even rows. */
Bytes without_padding(const Bytes& padded, uint32_t pixels, size_t frame) {
  ep_frame about = {};
  about.width = kWidth;
  about.height = kHeight;
  about.pixels = pixels;
  const ep::Layout layout = ep::frame_layout(nullptr, about);
  size_t frame_bytes = 0;
  for (uint32_t i = 0; i < layout.rows_count; ++i) {
    frame_bytes += (layout.rows[i].bytes + 3) / 4 * 4 * layout.rows[i].count;
  }
  Bytes tight;
  size_t at = frame * frame_bytes;
  for (uint32_t i = 0; i < layout.rows_count; ++i) {
    const ep::Rows& rows = layout.rows[i];
    for (uint32_t row = 0; row < rows.count; ++row) {
      const auto from = padded.begin() + static_cast<std::ptrdiff_t>(at);
      tight.insert(tight.end(), from, from + static_cast<std::ptrdiff_t>(rows.bytes));
      at += (rows.bytes + 3) / 4 * 4;
    }
  }
  return tight;
}

ep_source_options options_of(const std::string& text) {
  ep_source_options options = {};
  options.kind = EP_SOURCE_GST;
  options.fps = 30;
  options.path = text.c_str();
  return options;
}

struct Played {
  std::vector<ep_event> frames;
  std::vector<Bytes> pixels;
  std::vector<std::string> errors;
  std::vector<std::string> recoveries;
  uint32_t drops = 0;
  bool ended = false;
};

class Player {
 public:
  explicit Player(const std::string& text, uint32_t slots = 3)
      : ring_(pool_.get(), slots, kMiB), events_(64), source_(ring_, events_, options_of(text)) {}

  /** Until the source ends, or there are so many frames. */
  const Played& play(size_t most_frames = SIZE_MAX) {
    while (!played_.ended && played_.frames.size() < most_frames) {
      const std::vector<ep_event> events = events_.next();
      if (events.empty()) break;
      for (const ep_event& event : events) take(event);
    }
    return played_;
  }
  void stop() {
    source_.stop();
    for (const ep_event& event : events_.left()) take(event);
  }

 private:
  void take(const ep_event& event) {
    if (event.kind == EP_EVENT_SOURCE_END) played_.ended = true;
    if (event.kind == EP_EVENT_SOURCE_DROP) ++played_.drops;
    if (event.kind == EP_EVENT_SOURCE_ERROR) {
      (event.status == EP_OK ? played_.recoveries : played_.errors).emplace_back(event.message);
    }
    if (event.kind != EP_EVENT_FRAME) return;
    const auto* const data =
        static_cast<const uint8_t*>(ep_ring_slot(ring_.get(), event.frame.slot));
    played_.pixels.emplace_back(data, data + event.frame.bytes);
    played_.frames.push_back(event);
    EXPECT_EQ(ep_ring_release(ring_.get(), event.frame.slot), EP_OK);
  }

  FramesPool pool_;
  Ring ring_;
  Events events_;
  Source source_;
  Played played_;
};

std::string refusal(const std::string& text) {
  const ep_source_options options = options_of(text);
  ep_frame largest = {};
  ep_error error = {};
  EXPECT_NE(ep_source_probe(&options, &largest, &error), EP_OK) << text;
  EXPECT_EQ(std::string(error.message).find('\n'), std::string::npos) << error.message;
  return error.message;
}

TEST(GstSource, GivesEveryFrameOfEachFormatOnceAndCopiesItOnce) {
  constexpr int kFrames = 20;
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, uint32_t>> formats = {{"I420", EP_PIXELS_I420},
                                                                 {"NV12", EP_PIXELS_NV12},
                                                                 {"YUY2", EP_PIXELS_YUYV},
                                                                 {"RGB", EP_PIXELS_RGB24}};
  for (const auto& [format, pixels] : formats) {
    const std::string file = folder.file(format);
    play(ball(kFrames, format) + " ! filesink location=" + file);
    const Bytes truth = read_file(file);
    Player player(ball(kFrames, format));
    const Played& played = player.play();
    EXPECT_TRUE(played.ended);
    ASSERT_EQ(played.frames.size(), static_cast<size_t>(kFrames)) << format;
    for (size_t i = 0; i < played.frames.size(); ++i) {
      const ep_event& event = played.frames[i];
      EXPECT_EQ(event.frame.pixels, pixels);
      EXPECT_EQ(event.frame.width, kWidth);
      EXPECT_EQ(event.frame.height, kHeight);
      EXPECT_EQ(event.bytes_copied, event.frame.bytes);
      EXPECT_EQ(played.pixels[i], without_padding(truth, pixels, i)) << format << " frame " << i;
      if (i > 0) {
        EXPECT_GT(event.frame.number, played.frames[i - 1].frame.number);
        EXPECT_GT(event.frame.captured_ns, played.frames[i - 1].frame.captured_ns);
      }
    }
    EXPECT_NE(played.pixels.front(), played.pixels.back());
  }
}

TEST(GstSource, ColoursThatASlotCannotHaveAreConverted) {
  const TemporaryFolder folder;
  const std::string file = folder.file("converted");
  const std::string hd = ball(6, "NV12", ",colorimetry=bt709");
  play(hd +
       " ! videoconvert ! video/x-raw,format=I420,colorimetry=bt601 ! filesink location=" + file);
  const Bytes truth = read_file(file);
  Player player(hd);
  const Played& played = player.play();
  ASSERT_EQ(played.frames.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(played.pixels[i], without_padding(truth, EP_PIXELS_I420, i)) << "frame " << i;
  }
}

TEST(GstSource, FullRangeIsSaid) {
  Player player(ball(3, "I420", ",colorimetry=(string)1:4:0:0"));
  const Played& played = player.play();
  ASSERT_EQ(played.frames.size(), 3u);
  EXPECT_EQ(played.frames[0].frame.pixels, static_cast<uint32_t>(EP_PIXELS_J420));
}

TEST(GstSource, AClipWaitsForSlots) {
  constexpr int kFrames = 12;
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(64);
  Source source(ring, events, options_of(ball(kFrames, "I420")));
  std::vector<uint32_t> held;
  int frames = 0;
  uint32_t drops = 0;
  for (bool ended = false; !ended;) {
    for (const ep_event& event : events.next()) {
      ended = event.kind == EP_EVENT_SOURCE_END;
      if (event.kind == EP_EVENT_FRAME) held.push_back(event.frame.slot);
      frames += event.kind == EP_EVENT_FRAME ? 1 : 0;
      drops += event.kind == EP_EVENT_SOURCE_DROP ? 1 : 0;
    }
    // Both slots stay taken until a frame has found none.
    if (drops == 0 && !ended) continue;
    for (const uint32_t slot : held) EXPECT_EQ(ep_ring_release(ring.get(), slot), EP_OK);
    held.clear();
  }
  EXPECT_EQ(frames, kFrames);
  EXPECT_GE(drops, 1u);
}

TEST(GstSource, ALiveOneKeepsThePipelinesTime) {
  Player player(
      "videotestsrc is-live=true num-buffers=12 ! "
      "video/x-raw,width=34,height=18,framerate=50/1,format=I420");
  const Played& played = player.play();
  EXPECT_TRUE(played.ended);
  ASSERT_EQ(played.frames.size() + played.drops, 12u);
  const ep_frame& first = played.frames.front().frame;
  for (const ep_event& event : played.frames) {
    const uint64_t periods = event.frame.number - first.number;
    EXPECT_NEAR(static_cast<double>(event.frame.captured_ns - first.captured_ns),
                static_cast<double>(periods) * 2e7, 1e6);
  }
}

TEST(GstSource, ALiveOneThatFailsIsReportedOnceAndStartedAgain) {
  Player player(
      "videotestsrc is-live=true ! video/x-raw,width=34,height=18,framerate=50/1,"
      "format=I420 ! identity error-after=6");
  const Played& played = player.play(20);
  player.stop();
  ASSERT_GE(played.errors.size(), 2u);
  EXPECT_NE(played.errors[0].find("source gst: identity0: "), std::string::npos)
      << played.errors[0];
  ASSERT_GE(played.recoveries.size(), 2u);
  EXPECT_EQ(played.recoveries[0], "source gst: gives frames again");
  for (size_t i = 1; i < played.frames.size(); ++i) {
    EXPECT_GT(played.frames[i].frame.number, played.frames[i - 1].frame.number);
  }
}

TEST(GstSource, AClipThatFailsIsReportedAndEnds) {
  Player player(ball(20, "I420") + " ! identity error-after=6");
  const Played& played = player.play();
  EXPECT_TRUE(played.ended);
  EXPECT_EQ(played.errors.size(), 1u);
  EXPECT_LT(played.frames.size(), 20u);
}

TEST(GstSource, AFileThatIsCutShortGivesWhatIsWhole) {
  const TemporaryFolder folder;
  const std::string file = folder.file("clip.mkv");
  play(ball(40, "I420") + " ! matroskamux ! filesink location=" + file);
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  Player player("filesrc location=" + file + " ! matroskademux");
  const Played& played = player.play();
  EXPECT_TRUE(played.ended);
  EXPECT_GT(played.frames.size(), 10u);
  EXPECT_LT(played.frames.size(), 21u);
}

TEST(GstSource, SaysWhatIsWrongInOneLine) {
  EXPECT_EQ(refusal("videotestsrc ! nosuchelement"),
            "source gst: the pipeline cannot be made: no element \"nosuchelement\"");
  EXPECT_NE(refusal("videotestsrc nosuch=1").find("no property \"nosuch\""), std::string::npos);
  EXPECT_NE(refusal("videotestsrc ! ! x").find("syntax error"), std::string::npos);
  EXPECT_NE(refusal("audiotestsrc").find("could not link"), std::string::npos);
  EXPECT_NE(refusal("filesrc location=/nowhere/a.mkv ! matroskademux").find("/nowhere/a.mkv"),
            std::string::npos);
  EXPECT_EQ(refusal("videotestsrc num-buffers=0"), "source gst: the pipeline ends without a frame");
  EXPECT_EQ(refusal(""), "source gst: name a pipeline");
  const std::string secret =
      refusal("rtspsrc location=rtsp://anna:secret@127.0.0.1:1/ ! decodebin");
  EXPECT_EQ(secret.find("secret"), std::string::npos) << secret;
}

TEST(GstSource, TheRateIsTheClips) {
  const std::string text = ball(3, "I420");
  const ep_source_options options = options_of(text);
  double fps = 0;
  ep_error error = {};
  EXPECT_EQ(ep_source_rate(&options, &fps, &error), EP_OK) << error.message;
  EXPECT_EQ(fps, 60);
}

}  // namespace

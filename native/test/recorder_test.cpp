#include "recorder.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstring>
#include <random>
#include <thread>

#include "frames_fixture.hpp"
#include "pixels.hpp"

namespace {

using ep_test::Events;
using ep_test::FramesPool;
using ep_test::Ring;
using ep_test::TemporaryFolder;

struct Shape {
  uint32_t pixels;
  uint32_t width;
  uint32_t height;
};

ep_frame frame_of(const Shape& shape) {
  ep_frame frame = {};
  frame.width = shape.width;
  frame.height = shape.height;
  frame.pixels = shape.pixels;
  frame.bytes = ep::frame_bytes(shape.pixels, shape.width, shape.height);
  return frame;
}

/** A recorder of a ring, given back on the way out. */
class Recorder {
 public:
  Recorder(const Ring& ring, const std::string& path, uint64_t max_bytes = UINT64_MAX,
           uint32_t waiting = 64, double fps = 100)
      : ring_(ring.get()) {
    const ep_recorder_options options = {path.c_str(), fps, max_bytes, waiting, 0};
    EXPECT_EQ(ep_recorder_start(ring_, &options, &recorder_, &error_), EP_OK) << error_.message;
  }
  ~Recorder() { ep_recorder_destroy(recorder_); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /** As a pipeline does: fills a slot, offers it, lets go. */
  int32_t offer(ep_frame frame, const std::vector<uint8_t>& pixels) {
    frame.slot = ring_->begin_fill();
    if (frame.slot == ep_ring::kNoSlot) return EP_E_BUSY;
    std::memcpy(ring_->pixels(frame.slot), pixels.data(), pixels.size());
    ring_->publish(frame.slot);
    error_ = {};
    const int32_t status = ep_recorder_offer(recorder_, &frame, &error_);
    ring_->release(frame.slot);
    return status;
  }
  ep_recorder_stats stop() {
    EXPECT_EQ(ep_recorder_stop(recorder_, nullptr), EP_OK);
    return stats();
  }
  ep_recorder_stats stats() {
    ep_recorder_stats stats;
    ep_recorder_get_stats(recorder_, &stats);
    return stats;
  }
  std::string message() const { return error_.message; }

 private:
  ep_ring* const ring_;
  ep_recorder* recorder_ = nullptr;
  ep_error error_ = {};
};

std::vector<uint8_t> random_pixels(std::mt19937* random, uint64_t bytes) {
  std::vector<uint8_t> pixels(bytes);
  for (uint8_t& byte : pixels) byte = static_cast<uint8_t>((*random)());
  return pixels;
}

/** All that a clip gives, with the format of each frame. */
std::vector<std::pair<Shape, std::vector<uint8_t>>> play(const std::string& path,
                                                         uint64_t slot_bytes) {
  FramesPool pool;
  Ring ring(pool.get(), 3, slot_bytes);
  Events events(64);
  ep_source_options options = {};
  options.kind = EP_SOURCE_Y4M;
  options.fps = 30;
  options.path = path.c_str();
  ep_test::Source source(ring, events, options);
  std::vector<std::pair<Shape, std::vector<uint8_t>>> frames;
  for (bool ended = false; !ended && !::testing::Test::HasFailure();) {
    for (const ep_event& event : events.next()) {
      ended = ended || event.kind == EP_EVENT_SOURCE_END;
      if (event.kind != EP_EVENT_FRAME) continue;
      const uint8_t* const pixels = ring.get()->pixels(event.frame.slot);
      frames.emplace_back(Shape{event.frame.pixels, event.frame.width, event.frame.height},
                          std::vector<uint8_t>(pixels, pixels + event.frame.bytes));
      ep_ring_release(ring.get(), event.frame.slot);
    }
  }
  return frames;
}

uint64_t file_bytes(const std::string& path) {
  struct stat about = {};
  EXPECT_EQ(stat(path.c_str(), &about), 0) << path;
  return static_cast<uint64_t>(about.st_size);
}

TEST(Recorder, AndAClipGiveEveryFrameBackBitForBitInEveryFormat) {
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const Shape& shape :
       {Shape{EP_PIXELS_I420, 18, 10}, Shape{EP_PIXELS_I420, 17, 9}, Shape{EP_PIXELS_J420, 18, 10},
        Shape{EP_PIXELS_NV12, 18, 10}, Shape{EP_PIXELS_NV12, 17, 9}, Shape{EP_PIXELS_YUYV, 18, 9},
        Shape{EP_PIXELS_RGB24, 17, 9}}) {
    SCOPED_TRACE("format " + std::to_string(shape.pixels));
    const TemporaryFolder folder;
    const std::string path = folder.file("a.y4m");
    const ep_frame frame = frame_of(shape);
    std::vector<std::vector<uint8_t>> given;
    {
      FramesPool pool;
      Ring ring(pool.get(), 8, frame.bytes);
      Recorder recorder(ring, path);
      while (given.size() < 6) {
        given.push_back(random_pixels(&random, frame.bytes));
        ASSERT_EQ(recorder.offer(frame, given.back()), EP_OK) << recorder.message();
      }
      const ep_recorder_stats stats = recorder.stop();
      EXPECT_EQ(stats.frames, given.size());
      EXPECT_EQ(stats.dropped, 0u);
      EXPECT_EQ(stats.bytes, file_bytes(path));
      EXPECT_EQ(ep_ring_held(ring.get()), 0u);
    }
    const auto played = play(path, frame.bytes);
    ASSERT_EQ(played.size(), given.size());
    for (size_t i = 0; i < given.size(); ++i) {
      EXPECT_EQ(played[i].first.pixels, shape.pixels);
      EXPECT_EQ(played[i].first.width, shape.width);
      EXPECT_EQ(played[i].first.height, shape.height);
      EXPECT_EQ(played[i].second, given[i]) << "frame " << i;
    }
  }
}

TEST(Recorder, KeepsTheRateOfTheSource) {
  for (const double fps : {30.0, 30000 / 1001.0, 12.5, 0.5}) {
    const TemporaryFolder folder;
    const std::string path = folder.file("a.y4m");
    FramesPool pool;
    const ep_frame frame = frame_of({EP_PIXELS_I420, 16, 8});
    Ring ring(pool.get(), 2, frame.bytes);
    Recorder recorder(ring, path, UINT64_MAX, 2, fps);
    ASSERT_EQ(recorder.offer(frame, std::vector<uint8_t>(frame.bytes)), EP_OK);
    recorder.stop();
    ep_source_options options = {};
    options.kind = EP_SOURCE_Y4M;
    options.fps = 60;
    options.path = path.c_str();
    double read = 0;
    ep_error error = {};
    EXPECT_EQ(ep_source_rate(&options, &read, &error), EP_OK) << error.message;
    EXPECT_NEAR(read, fps, 1e-9);
  }
}

TEST(Recorder, NeverReplacesAFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("kept.y4m", {1, 2, 3});
  FramesPool pool;
  Ring ring(pool.get(), 2, 64);
  ep_recorder* recorder = nullptr;
  ep_error error = {};
  ep_recorder_options options = {path.c_str(), 30, 1000, 2, 0};
  EXPECT_EQ(ep_recorder_start(ring.get(), &options, &recorder, &error), EP_E_FILE);
  EXPECT_EQ(std::string(error.message),
            "record " + path + ": exists already: name another file, or remove it");
  EXPECT_EQ(file_bytes(path), 3u);
  const std::string nowhere = folder.file("absent/a.y4m");
  options.path = nowhere.c_str();
  EXPECT_EQ(ep_recorder_start(ring.get(), &options, &recorder, &error), EP_E_FILE);
  EXPECT_NE(std::string(error.message).find("absent/a.y4m: cannot be made: No such file"),
            std::string::npos)
      << error.message;
}

TEST(Recorder, LeavesNoFileWithoutAFrame) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.y4m");
  FramesPool pool;
  Ring ring(pool.get(), 2, 64);
  Recorder recorder(ring, path);
  recorder.stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Recorder, StopsWholeAtItsLargestSize) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.y4m");
  FramesPool pool;
  const ep_frame frame = frame_of({EP_PIXELS_I420, 16, 8});
  Ring ring(pool.get(), 8, frame.bytes);
  constexpr uint64_t kMost = 1000;
  Recorder recorder(ring, path, kMost);
  const std::vector<uint8_t> pixels(frame.bytes, 7);
  for (int i = 0; i < 8; ++i) recorder.offer(frame, pixels);
  const ep_recorder_stats stats = recorder.stop();
  EXPECT_EQ(stats.state, static_cast<uint32_t>(EP_RECORDER_FULL));
  EXPECT_EQ(stats.dropped, 0u);
  EXPECT_LE(file_bytes(path), kMost);
  EXPECT_GT(file_bytes(path) + frame.bytes + 6, kMost);
  EXPECT_NE(std::string(stats.message).find("is full: it holds 4 frames"), std::string::npos)
      << stats.message;
  EXPECT_EQ(play(path, frame.bytes).size(), stats.frames);
}

TEST(Recorder, CountsFramesOfAnotherSizeAndSaysSo) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.y4m");
  FramesPool pool;
  const ep_frame frame = frame_of({EP_PIXELS_I420, 16, 8});
  const ep_frame larger = frame_of({EP_PIXELS_I420, 18, 8});
  Ring ring(pool.get(), 4, larger.bytes);
  Recorder recorder(ring, path);
  EXPECT_EQ(recorder.offer(frame, std::vector<uint8_t>(frame.bytes)), EP_OK);
  EXPECT_EQ(recorder.offer(larger, std::vector<uint8_t>(larger.bytes)), EP_E_ARGUMENT);
  EXPECT_NE(recorder.message().find("of another size or format than the first, 16x8"),
            std::string::npos)
      << recorder.message();
  const ep_recorder_stats stats = recorder.stop();
  EXPECT_EQ(stats.frames, 1u);
  EXPECT_EQ(stats.dropped, 1u);
  EXPECT_EQ(play(path, frame.bytes).size(), 1u);
}

/** The largest file of this process, for a while: what a full disk is to a writer. */
class FileLimit {
 public:
  explicit FileLimit(uint64_t bytes) {
    before_signal_ = signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, before_signal_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_ = {};
  sighandler_t before_signal_ = SIG_DFL;
};

TEST(Recorder, ThatCannotWriteEndsTheFileWithAWholeFrameAndCountsTheRest) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.y4m");
  FramesPool pool;
  const ep_frame frame = frame_of({EP_PIXELS_NV12, 16, 8});
  Ring ring(pool.get(), 8, frame.bytes);
  Recorder recorder(ring, path);
  const std::vector<uint8_t> pixels(frame.bytes, 7);
  ep_recorder_stats stats;
  {
    const FileLimit limit(600);
    for (int i = 0; i < 8; ++i) {
      recorder.offer(frame, pixels);
      // The disk is given its time: what is tried is a full one, not a slow one.
      while (ep_ring_held(ring.get()) > 0) std::this_thread::yield();
    }
    stats = recorder.stop();
  }
  EXPECT_EQ(stats.state, static_cast<uint32_t>(EP_RECORDER_FAILED));
  EXPECT_EQ(stats.frames + stats.dropped, 8u);
  EXPECT_EQ(stats.frames, 2u);
  EXPECT_NE(std::string(stats.message).find("a.y4m: cannot be written after 2 frames: File too"),
            std::string::npos)
      << stats.message;
  EXPECT_EQ(file_bytes(path), stats.bytes);
  EXPECT_EQ(play(path, frame.bytes).size(), stats.frames);
}

TEST(Recorder, ThatIsBehindDropsAndCountsAndNeverWaits) {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.y4m");
  FramesPool pool;
  ep_frame frame = frame_of({EP_PIXELS_I420, 1280, 720});
  Ring ring(pool.get(), 1, frame.bytes);
  frame.slot = ring.get()->begin_fill();
  ring.get()->publish(frame.slot);
  const ep_recorder_options options = {path.c_str(), 240, UINT64_MAX, 3, 0};
  ep_recorder* recorder = nullptr;
  ep_error error = {};
  ASSERT_EQ(ep_recorder_start(ring.get(), &options, &recorder, &error), EP_OK) << error.message;
  // To offer a frame takes less than a microsecond, to write it some hundred.
  uint64_t busy = 0;
  for (int i = 0; i < 200; ++i) {
    if (ep_recorder_offer(recorder, &frame, &error) == EP_E_BUSY) ++busy;
  }
  EXPECT_NE(std::string(error.message).find("a.y4m: the disk is behind"), std::string::npos);
  EXPECT_EQ(ep_recorder_stop(recorder, nullptr), EP_OK);
  ep_recorder_stats stats;
  ep_recorder_get_stats(recorder, &stats);
  ep_recorder_destroy(recorder);
  ep_ring_release(ring.get(), frame.slot);
  EXPECT_GT(busy, 0u);
  EXPECT_GE(stats.frames, 3u) << "those that may wait are written";
  EXPECT_EQ(stats.dropped, busy);
  EXPECT_EQ(stats.frames + busy, 200u);
  EXPECT_EQ(play(path, frame.bytes).size(), stats.frames);
}

}  // namespace

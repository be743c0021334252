#include "capture.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "frames_fixture.hpp"
#include "picture_samples.hpp"

namespace {

using ep_test::Events;
using ep_test::FramesPool;
using ep_test::kMiB;
using ep_test::Ring;
using ep_test::Source;
using ep_test::TemporaryFolder;

ep_source_options pattern_options(double fps, uint32_t width = 320, uint32_t height = 240) {
  ep_source_options options = {};
  options.kind = EP_SOURCE_PATTERN;
  options.width = width;
  options.height = height;
  options.seed = 1;
  options.fps = fps;
  options.tag = 77;
  return options;
}

/** Gives back what frame events still in the queue hold. */
void release_left(const Ring& ring, Events& events) {
  for (const ep_event& event : events.left()) {
    if (event.kind == EP_EVENT_FRAME) ep_ring_release(ring.get(), event.frame.slot);
  }
}

TEST(Capture, GivesFramesAtTheFrameRateByAnAbsoluteClock) {
  FramesPool pool;
  Ring ring(pool.get(), 4, kMiB);
  Events events(16);
  Source source(ring, events, pattern_options(100));
  std::vector<ep_event> frames;
  while (frames.size() < 60) {
    for (const ep_event& event : events.next()) {
      ASSERT_EQ(event.kind, static_cast<uint32_t>(EP_EVENT_FRAME));
      EXPECT_EQ(event.tag, 77u);
      EXPECT_EQ(event.frame.bytes, 320u * 240 * 3 / 2);
      EXPECT_EQ(event.bytes_copied, 0u);
      EXPECT_EQ(ep_ring_release(ring.get(), event.frame.slot), EP_OK);
      frames.push_back(event);
    }
  }
  source.stop();
  release_left(ring, events);
  // Frame n is due n - 1 periods after the start. A busy machine makes single frames late, but the
  // most punctual ones of the beginning and of the end are equally so: lateness does not add up.
  const auto least_late_ms = [&frames](size_t from, size_t to) {
    double least = 1e9;
    for (size_t i = from; i < to; ++i) {
      const ep_frame& frame = frames[i].frame;
      const double since_ms =
          static_cast<double>(frame.captured_ns - frames[0].frame.captured_ns) / 1e6;
      least = std::min(least, since_ms - static_cast<double>(frame.number - 1) * 10);
    }
    return least;
  };
  EXPECT_EQ(frames.front().frame.number, 1u);
  EXPECT_NEAR(least_late_ms(30, 60), least_late_ms(0, 30), 3.0);
}

TEST(Capture, SaysWhenEverySlotIsHeldAndGoesOnWhenOneIsFree) {
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(64);
  Source source(ring, events, pattern_options(200));
  std::vector<uint32_t> held;
  uint64_t dropped = 0;
  uint64_t last = 0;
  while (dropped < 3) {
    for (const ep_event& event : events.next()) {
      EXPECT_GT(event.frame.number, last);
      last = event.frame.number;
      if (event.kind == EP_EVENT_FRAME) held.push_back(event.frame.slot);
      if (event.kind == EP_EVENT_SOURCE_DROP) ++dropped;
    }
  }
  EXPECT_EQ(held.size(), 2u);
  EXPECT_EQ(ep_ring_held(ring.get()), 2u);
  ep_ring_release(ring.get(), held[1]);
  bool resumed = false;
  while (!resumed) {
    for (const ep_event& event : events.next()) {
      if (event.kind != EP_EVENT_FRAME) continue;
      EXPECT_EQ(event.frame.slot, held[1]);
      resumed = true;
    }
  }
  source.stop();
  release_left(ring, events);
  ep_ring_release(ring.get(), held[0]);
  ep_ring_release(ring.get(), held[1]);
}

TEST(Capture, ReleasesTheSlotOfAFrameWhoseEventDoesNotFit) {
  FramesPool pool;
  Ring ring(pool.get(), 8, kMiB);
  Events events(3);  // one place is kept for the source's end
  Source source(ring, events, pattern_options(200));
  // The queue is full after two frames; wait until more than that have been due.
  ASSERT_TRUE(events.readable(10000));
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  uint32_t most_held = 0;
  while (std::chrono::steady_clock::now() < until) {
    most_held = std::max(most_held, ep_ring_held(ring.get()));
  }
  EXPECT_LE(most_held, 3u);
  const std::vector<ep_event> drained = events.next(2);
  ASSERT_EQ(drained.size(), 2u);
  for (const ep_event& event : drained) ep_ring_release(ring.get(), event.frame.slot);
  const std::vector<ep_event> later = events.next(1);
  ASSERT_EQ(later.size(), 1u);
  EXPECT_GT(later[0].frame.number, drained[1].frame.number + 1) << "the loss shows as a gap";
  ep_ring_release(ring.get(), later[0].frame.slot);
  source.stop();
  release_left(ring, events);
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
}

TEST(Capture, StopsAtOnceEvenBetweenRareFrames) {
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(8);
  Source source(ring, events, pattern_options(0.1));
  for (const ep_event& event : events.next()) ep_ring_release(ring.get(), event.frame.slot);
  const auto began = std::chrono::steady_clock::now();
  source.stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(2));
}

TEST(Capture, OutlivesAReaderThatIsGone) {
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(8);
  events.close_reader();
  Source source(ring, events, pattern_options(200));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  ep_event event;
  uint32_t seen = 0;
  while (seen < 5 && std::chrono::steady_clock::now() < until) {
    if (ep_events_drain(events.get(), &event, 1) == 0) continue;
    ep_ring_release(ring.get(), event.frame.slot);
    ++seen;
  }
  EXPECT_EQ(seen, 5u);
  source.stop();
  release_left(ring, events);
}

TEST(Capture, ReportsABrokenPictureAndTheEnd) {
  const TemporaryFolder folder;
  folder.write("only.jpg", ep_test::make_cut_jpeg());
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(8);
  ep_source_options options = {};
  options.kind = EP_SOURCE_STILL;
  options.fps = 30;
  const std::string path = folder.path();
  options.path = path.c_str();
  Source source(ring, events, options);
  std::vector<ep_event> all;
  while (all.size() < 2) {
    for (const ep_event& event : events.next()) all.push_back(event);
  }
  EXPECT_EQ(all[0].kind, static_cast<uint32_t>(EP_EVENT_SOURCE_ERROR));
  EXPECT_EQ(all[0].status, EP_E_IMAGE);
  EXPECT_NE(std::string(all[0].message).find("only.jpg"), std::string::npos) << all[0].message;
  EXPECT_EQ(all[1].kind, static_cast<uint32_t>(EP_EVENT_SOURCE_END));
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
}

TEST(Capture, RefusesToStartWithSlotsThatAreTooSmallOrOptionsOutOfRange) {
  FramesPool pool;
  Ring ring(pool.get(), 2, 1000);
  Events events(8);
  ep_source* source = nullptr;
  ep_error error = {};
  ep_source_options options = pattern_options(30);
  EXPECT_EQ(ep_source_start(ring.get(), events.get(), &options, &source, &error), EP_E_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("slots have 1000"), std::string::npos) << error.message;
  for (const double fps : {0.0, 0.09, 241.0, -1.0, std::nan("")}) {
    options = pattern_options(fps);
    EXPECT_EQ(ep_source_start(ring.get(), events.get(), &options, &source, &error), EP_E_ARGUMENT);
    EXPECT_NE(std::string(error.message).find("fps"), std::string::npos);
  }
  options = pattern_options(30);
  options.kind = 9;
  EXPECT_EQ(ep_source_start(ring.get(), events.get(), &options, &source, &error), EP_E_ARGUMENT);
  EXPECT_EQ(source, nullptr);
}

/** Page faults of all threads that capture, from the kernel. */
uint64_t faults_of_threads() {
  ep_thread_stats stats = {};
  EXPECT_EQ(ep_threads_get_stats(&stats, nullptr), EP_OK);
  return stats.minor_faults + stats.major_faults;
}

void expect_no_faults(const ep_source_options& options, uint64_t slot_bytes, uint64_t copied) {
  FramesPool pool;
  Ring ring(pool.get(), 4, slot_bytes);
  Events events(64);
  Source source(ring, events, options);
  uint64_t frames = 0;
  uint64_t before = 0;
  uint64_t bytes_copied = 0;
  while (frames < 320) {
    for (const ep_event& event : events.next()) {
      if (event.kind != EP_EVENT_FRAME) continue;
      ep_ring_release(ring.get(), event.frame.slot);
      if (++frames > 20) bytes_copied += event.bytes_copied;
      if (frames == 20) before = faults_of_threads();
    }
  }
  if (ep_test::kFaultsAreOurs) {
    EXPECT_EQ(faults_of_threads(), before);
  }
  EXPECT_EQ(bytes_copied, copied);
  source.stop();
  release_left(ring, events);
}

TEST(Capture, TakesNoPageFaultOver300Frames) {
  expect_no_faults(pattern_options(240, 1280, 720), 1280 * 720 * 3 / 2, 0);
}

TEST(Capture, OfASinglePictureTakesNoPageFaultAndCopiesNothing) {
  const TemporaryFolder folder;
  const std::string path =
      folder.write("a.jpg", ep_test::make_jpeg(ep_test::gradient_rgb(1280, 720), 1280, 720));
  ep_source_options options = {};
  options.kind = EP_SOURCE_STILL;
  options.fps = 240;
  options.path = path.c_str();
  expect_no_faults(options, 1280 * 720 * 3 / 2, 0);
}

TEST(Capture, OfPicturesOfTwoSizesTakesNoPageFaultAfterTheFirstChangeOfEachKind) {
  const TemporaryFolder folder;
  folder.write("a.jpg", ep_test::make_jpeg(ep_test::gradient_rgb(1280, 720), 1280, 720));
  folder.write("b.jpg", ep_test::make_jpeg(ep_test::gradient_rgb(640, 480), 640, 480));
  const std::string path = folder.path();
  ep_source_options options = {};
  options.kind = EP_SOURCE_STILL;
  options.fps = 60;
  options.each_seconds = 0.8;  // 48 frames; slots shrink in the second half
  options.path = path.c_str();
  FramesPool pool;
  Ring ring(pool.get(), 4, 1280 * 720 * 3 / 2);
  Events events(64);
  Source source(ring, events, options);
  constexpr uint64_t kWarm = 5 * 48 / 2;
  uint64_t frames = 0;
  uint64_t before = 0;
  uint64_t least = UINT64_MAX;
  uint64_t most = 0;
  while (frames < kWarm + 4 * 48) {
    for (const ep_event& event : events.next()) {
      if (event.kind != EP_EVENT_FRAME) continue;
      ep_ring_release(ring.get(), event.frame.slot);
      if (++frames == kWarm) before = faults_of_threads();
      ep_region_stats stats;
      ep_region_get_stats(pool.region(), &stats);
      least = std::min(least, stats.mapped_bytes);
      most = std::max(most, stats.mapped_bytes);
    }
  }
  // qemu-user takes MADV_POPULATE_WRITE for a hint and does nothing: there, slots that grow fault.
  if (ep_test::kFaultsAreOurs && !ep_test::emulated()) {
    EXPECT_EQ(faults_of_threads(), before);
  }
  EXPECT_GE(most - least, 4u * (1280 * 720 - 640 * 480) * 3 / 2 - 4 * 32768);
  source.stop();
  release_left(ring, events);
}

}  // namespace

#include "v4l2_offers.hpp"

#include <gtest/gtest.h>
#include <linux/videodev2.h>

#include <string>
#include <vector>

#include "back_off.hpp"
#include "edgepool.h"
#include "frame_number.hpp"
#include "frames_fixture.hpp"

namespace {

using ep::CameraOffer;
using ep_test::Events;
using ep_test::FramesPool;
using ep_test::Ring;
using ep_test::Source;
using ep_test::TemporaryFolder;

int32_t probe(const std::string& path, std::string* message) {
  ep_source_options options = {};
  options.kind = EP_SOURCE_V4L2;
  options.fps = 30;
  options.path = path.c_str();
  ep_frame largest = {};
  ep_error error = {};
  const int32_t status = ep_source_probe(&options, &largest, &error);
  *message = error.message;
  return status;
}

TEST(CameraOffers, TakeUncompressedFramesWhereTheyReachTheRate) {
  const std::vector<CameraOffer> offers = {{V4L2_PIX_FMT_MJPEG, true, 30, {}},
                                           {V4L2_PIX_FMT_YUYV, true, 30, {}},
                                           {V4L2_PIX_FMT_NV12, true, 60, {}}};
  EXPECT_EQ(ep::best_offer(offers, 30)->fourcc, V4L2_PIX_FMT_YUYV);
}

TEST(CameraOffers, TakeMjpegWhereUsbIsTooNarrowForMore) {
  const std::vector<CameraOffer> offers = {{V4L2_PIX_FMT_YUYV, true, 10, {}},
                                           {V4L2_PIX_FMT_MJPEG, true, 29.97, {}}};
  EXPECT_EQ(ep::best_offer(offers, 30)->fourcc, V4L2_PIX_FMT_MJPEG);
  EXPECT_EQ(ep::best_offer(offers, 10)->fourcc, V4L2_PIX_FMT_YUYV);
}

TEST(CameraOffers, TakeTheFastestWhereNoneReachesTheRate) {
  const std::vector<CameraOffer> offers = {{V4L2_PIX_FMT_YUYV, true, 5, {}},
                                           {V4L2_PIX_FMT_NV12, true, 15, {}},
                                           {V4L2_PIX_FMT_MJPEG, false, 60, {}}};
  EXPECT_EQ(ep::best_offer(offers, 30)->fourcc, V4L2_PIX_FMT_NV12);
}

TEST(CameraOffers, NoneHasTheSize) {
  const std::vector<CameraOffer> offers = {
      {V4L2_PIX_FMT_YUYV, false, 0, {{3840, 2160}, {640, 480}, {1280, 720}}},
      {V4L2_PIX_FMT_MJPEG, false, 0, {{640, 480}, {1920, 1080}, {320, 180}}}};
  EXPECT_EQ(ep::best_offer(offers, 30), nullptr);
  EXPECT_EQ(ep::nearest_sizes(offers, 640, 400), "640x480, 320x180, 1280x720, 1920x1080");
}

TEST(FrameNumber, GapsOfTheDriverAreGapsInTheNumbers) {
  ep::FrameNumber number;
  EXPECT_EQ(number.next(7), 1u);
  EXPECT_EQ(number.next(8), 2u);
  EXPECT_EQ(number.next(11), 5u);
}

TEST(FrameNumber, GoesOnByOneAcrossAWrapARestartAndADriverThatDoesNotCount) {
  ep::FrameNumber number;
  EXPECT_EQ(number.next(UINT32_MAX), 1u);
  EXPECT_EQ(number.next(0), 2u);
  number.restart();
  EXPECT_EQ(number.next(500), 3u);
  EXPECT_EQ(number.next(500), 4u);
  EXPECT_EQ(number.next(3), 5u);
}

TEST(BackOff, DoublesUpToItsMostAndBeginsAnew) {
  ep::BackOff back_off(250, 1000);
  EXPECT_EQ(back_off.next_ns(), 250u);
  EXPECT_EQ(back_off.next_ns(), 500u);
  EXPECT_EQ(back_off.next_ns(), 1000u);
  EXPECT_EQ(back_off.next_ns(), 1000u);
  back_off.reset();
  EXPECT_EQ(back_off.next_ns(), 250u);
}

TEST(Camera, ThatIsNotThereOrIsNoneIsNamed) {
  const TemporaryFolder folder;
  std::string message;
  const std::string absent = folder.file("video9");
  EXPECT_EQ(probe(absent, &message), EP_E_SYSTEM);
  EXPECT_EQ(message, "source v4l2 " + absent +
                         ": there is no such device: plug the camera in, or name another "
                         "(ls /dev/video*)");
  EXPECT_EQ(probe("/dev/null", &message), EP_E_ARGUMENT);
  EXPECT_EQ(message,
            "source v4l2 /dev/null: is not a camera: name another device (ls /dev/video*)");
  EXPECT_EQ(probe(folder.write("file", {1}), &message), EP_E_ARGUMENT);
  EXPECT_EQ(probe("", &message), EP_E_ARGUMENT);
}

TEST(Camera, ThatIsAwaitedMayBeAwayAndWhatComesInItsPlaceIsNamed) {
  const TemporaryFolder folder;
  const std::string path = folder.file("video9");
  ep_source_options options = {};
  options.kind = EP_SOURCE_V4L2;
  options.width = 64;
  options.height = 48;
  options.fps = 30;
  options.path = path.c_str();
  options.awaited = 1;
  ep_frame largest = {};
  ASSERT_EQ(ep_source_probe(&options, &largest, nullptr), EP_OK);
  EXPECT_EQ(largest.bytes, 64u * 48 * 3);
  FramesPool pool;
  const Ring ring(pool.get(), 2, largest.bytes);
  const Events events(8);
  const Source source(ring, events, options);
  std::vector<ep_event> told = events.next();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].kind, static_cast<uint32_t>(EP_EVENT_SOURCE_ERROR));
  EXPECT_EQ(told[0].status, EP_E_SYSTEM);
  EXPECT_NE(std::string(told[0].message).find("there is no such device"), std::string::npos);
  folder.write("video9", {1});
  told = events.next();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].status, EP_E_ARGUMENT);
  EXPECT_NE(std::string(told[0].message).find("is not a camera"), std::string::npos);
}

}  // namespace

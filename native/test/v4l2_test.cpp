// Of a machine that has the kernel's `vivid` at /dev/video0 and runs this as root: the board test's
// guest. Not part of CTest.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "frames_fixture.hpp"
#include "pixels.hpp"
#include "v4l2_source.hpp"

namespace {

using ep::CameraWish;
using ep::FrameSource;
using ep::V4l2Source;
using ep_test::FramesPool;
using ep_test::kMiB;
using ep_test::Ring;
using Awaited = FrameSource::Awaited;

constexpr char kDevice[] = "/dev/video0";
constexpr char kNoMaker[] = "/dev/null";  // makes no dma-buf: frames are copied
constexpr char kReload[] = "rmmod vivid && modprobe vivid";
constexpr int kMostTurns = 600;  // of 100 ms: a minute
constexpr uint32_t kWidth = 640;
constexpr uint32_t kHeight = 360;

/** Sets one of vivid's controls by its name. */
void set_control(const std::string& name, int32_t value) {
  const int descriptor = open(kDevice, O_RDWR | O_CLOEXEC);
  ASSERT_GE(descriptor, 0);
  v4l2_queryctrl control = {};
  bool found = false;
  for (control.id = V4L2_CTRL_FLAG_NEXT_CTRL; ioctl(descriptor, VIDIOC_QUERYCTRL, &control) == 0;
       control.id |= V4L2_CTRL_FLAG_NEXT_CTRL) {
    if (name != reinterpret_cast<const char*>(control.name)) continue;
    found = true;
    v4l2_control wanted = {control.id, value};
    EXPECT_EQ(ioctl(descriptor, VIDIOC_S_CTRL, &wanted), 0) << name;
    break;
  }
  EXPECT_TRUE(found) << "vivid has no control " << name;
  close(descriptor);
}

struct Taken {
  ep_frame frame = {};
  uint64_t number = 0;
  uint64_t captured_ns = 0;
  uint64_t bytes_copied = 0;
  std::vector<uint8_t> pixels;
  std::vector<std::string> troubles;
};

/** A camera with a ring, its frames taken by hand. */
class Camera {
 public:
  explicit Camera(uint32_t fourcc, const char* maker = kNoMaker)
      : ring_(pool_.get(), 8, kMiB),
        source_(kDevice, CameraWish{kWidth, kHeight, 30, fourcc}, maker) {
    ep_frame largest = {};
    ep_error error = {};
    EXPECT_EQ(source_.probe(&largest, &error), EP_OK) << error.message;
    EXPECT_EQ(source_.prepare(ring_.get(), &error), EP_OK) << error.message;
  }

  /** The next frame, or none within a minute; `troubles`: what was reported before it. */
  Taken next() {
    Taken taken;
    for (int turn = 0; turn < kMostTurns; ++turn) {
      FrameSource::Arrival arrival = {};
      ep_error error = {};
      const Awaited awaited = source_.await(100, &arrival, &error);
      if (awaited == Awaited::kTrouble) {
        taken.troubles.emplace_back(error.message);
        if (on_trouble_ != nullptr && error.status != EP_OK) on_trouble_();
      }
      if (awaited != Awaited::kFrame) continue;
      taken.number = arrival.number;
      taken.captured_ns = arrival.captured_ns;
      take(&taken);
      return taken;
    }
    ADD_FAILURE() << "no frame within a minute";
    return taken;
  }

  std::string way() { return source_.way(); }

  void (*on_trouble_)() = nullptr;

 private:
  void take(Taken* taken) {
    const uint32_t slot = ring_.get()->begin_fill();
    char note[128] = {};
    ep_error error = {};
    EXPECT_EQ(source_.fill(taken->number, slot, &taken->frame, note, &error),
              FrameSource::Outcome::kFilled)
        << error.message;
    const uint32_t full = source_.filled(slot);
    const uint8_t* const pixels = ring_.get()->pixels(full);
    taken->pixels.assign(pixels, pixels + taken->frame.bytes);
    taken->bytes_copied = ring_.get()->content(full)->bytes_copied;
    ring_.get()->abandon(full);
  }

  FramesPool pool_;
  Ring ring_;
  V4l2Source source_;
};

/** Y, U, V of BT.601 video for a colour of 0..255. */
std::array<double, 3> to_yuv(double red, double green, double blue) {
  const double r = red / 255;
  const double g = green / 255;
  const double b = blue / 255;
  return {16 + 65.481 * r + 128.553 * g + 24.966 * b, 128 - 37.797 * r - 74.203 * g + 112 * b,
          128 + 112 * r - 93.786 * g - 18.214 * b};
}

/** Each of the eight bars of 75 % (white, yellow, cyan, green, magenta, red, blue, black), inside
 *  its edges and over the whole height. */
void expect_colour_bars(const Taken& taken) {
  const ep::Layout layout = ep::frame_layout(taken.pixels.data(), taken.frame);
  const uint32_t bar_width = kWidth / 8;
  for (uint32_t y = 0; y < kHeight; ++y) {
    for (uint32_t x = 0; x < kWidth; ++x) {
      const uint32_t in_bar = x % bar_width;
      if (in_bar < 4 || in_bar >= bar_width - 4) continue;
      const uint32_t bar = x / bar_width;
      const std::array<double, 3> expected =
          to_yuv((bar & 2) == 0 ? 191 : 0, (bar & 4) == 0 ? 191 : 0, (bar & 1) == 0 ? 191 : 0);
      for (size_t c = 0; c < 3; ++c) {
        const ep::Component& part = layout.components[c];
        const auto column = static_cast<size_t>(x * part.columns_per_pixel);
        const auto row = static_cast<size_t>(y * part.rows_per_pixel);
        const ep::Rows& rows = layout.rows[part.rows];
        const double found = rows.first[row * rows.bytes + part.offset + column * part.step];
        ASSERT_NEAR(found, expected[c], 2) << "component " << c << " at " << x << ", " << y;
      }
    }
  }
}

class Vivid : public testing::TestWithParam<uint32_t> {};

TEST_P(Vivid, GivesItsColourBarsPixelByPixelWithOneCopy) {
  set_control("OSD Text Mode", 2);
  Camera camera(GetParam());
  uint64_t last_number = 0;
  uint64_t last_captured_ns = 0;
  for (int count = 0; count < 12; ++count) {
    const Taken taken = camera.next();
    EXPECT_GT(taken.number, last_number);
    EXPECT_GT(taken.captured_ns, last_captured_ns);
    EXPECT_EQ(taken.bytes_copied, taken.frame.bytes);
    EXPECT_TRUE(taken.troubles.empty());
    expect_colour_bars(taken);
    last_number = taken.number;
    last_captured_ns = taken.captured_ns;
  }
}

TEST_P(Vivid, WritesIntoSlotsByItselfWhereTheKernelHasUdmabuf) {
  set_control("OSD Text Mode", 2);
  Camera camera(GetParam(), ep::kUdmabuf);
  const bool imports = access(ep::kUdmabuf, R_OK | W_OK) == 0;
  if (imports) {
    EXPECT_EQ(camera.way(), "dmabuf");
  } else {
    EXPECT_EQ(camera.way().compare(0, 6, "mmap: "), 0) << camera.way();
  }
  std::cout << "frames come by " << camera.way() << "\n";
  uint64_t last_number = 0;
  // More than the camera has slots: each goes round several times.
  for (int count = 0; count < 24; ++count) {
    const Taken taken = camera.next();
    EXPECT_GT(taken.number, last_number);
    EXPECT_EQ(taken.bytes_copied, imports ? 0 : taken.frame.bytes);
    EXPECT_TRUE(taken.troubles.empty());
    expect_colour_bars(taken);
    last_number = taken.number;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, Vivid,
                         testing::Values(V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12,
                                         V4L2_PIX_FMT_YUV420));

TEST(VividCamera, NamesTheNearestSizesForOneThatItDoesNotOffer) {
  V4l2Source source(kDevice, CameraWish{600, 400, 30, 0});
  ep_frame largest = {};
  ep_error error = {};
  EXPECT_EQ(source.probe(&largest, &error), EP_E_ARGUMENT);
  EXPECT_NE(std::string(error.message)
                .find("does not offer 600x400: set width and height to one "
                      "of 640x360, 640x480"),
            std::string::npos)
      << error.message;
}

TEST(VividCamera, ThatAnotherProgramHoldsIsBusy) {
  Camera camera(0);
  camera.next();
  V4l2Source second(kDevice, CameraWish{1280, 720, 30, 0});
  ep_frame largest = {};
  ep_error error = {};
  EXPECT_EQ(second.probe(&largest, &error), EP_E_BUSY);
  EXPECT_NE(std::string(error.message).find("is in use by another program"), std::string::npos)
      << error.message;
  EXPECT_TRUE(camera.next().troubles.empty());
}

TEST(VividCamera, ThatIsUnpluggedIsReportedOnceAndGoesOnWhenItIsBack) {
  set_control("OSD Text Mode", 2);
  Camera camera(V4L2_PIX_FMT_YUYV);
  const uint64_t before = camera.next().number;
  camera.on_trouble_ = [] {
    EXPECT_EQ(std::system(kReload), 0);
    set_control("OSD Text Mode", 2);
  };
  set_control("Disconnect", 1);
  Taken taken = camera.next();
  // What was in its buffers before may still come.
  for (int left = 0; taken.troubles.empty() && left < 8; ++left) taken = camera.next();
  ASSERT_EQ(taken.troubles.size(), 2u);
  EXPECT_NE(taken.troubles[0].find(kDevice), std::string::npos) << taken.troubles[0];
  EXPECT_NE(taken.troubles[1].find("gives frames again"), std::string::npos) << taken.troubles[1];
  EXPECT_GT(taken.number, before);
  expect_colour_bars(taken);
}

}  // namespace

#include <random>
#include <string>
#include <vector>

#include "capture.hpp"
#include "frames_fixture.hpp"
#include "y4m_source.hpp"

namespace {

using ep::FrameSource;
using ep::Y4mHeader;
using ep_test::Events;
using ep_test::FramesPool;
using ep_test::Ring;
using ep_test::TemporaryFolder;

constexpr size_t kFrameBytes = 16 * 8 * 3 / 2;

/** A clip of 16x8 whose every frame has its own bytes. */
std::vector<uint8_t> clip(int frames, const std::string& tags = "F100:1 C420jpeg") {
  const std::string header = "YUV4MPEG2 W16 H8 " + tags + "\n";
  std::vector<uint8_t> file(header.begin(), header.end());
  for (int frame = 0; frame < frames; ++frame) {
    const std::string line = frame % 2 == 0 ? "FRAME\n" : "FRAME Ip\n";
    file.insert(file.end(), line.begin(), line.end());
    for (size_t i = 0; i < kFrameBytes; ++i) file.push_back(static_cast<uint8_t>(frame * 31 + i));
  }
  return file;
}

ep_source_options options_of(const std::string& path) {
  ep_source_options options = {};
  options.kind = EP_SOURCE_Y4M;
  options.fps = 30;
  options.path = path.c_str();
  return options;
}

int32_t probe(const std::string& path, ep_frame* largest, std::string* message) {
  const ep_source_options options = options_of(path);
  ep_error error = {};
  const int32_t status = ep_source_probe(&options, largest, &error);
  *message = error.message;
  return status;
}

TEST(Y4m, GivesEveryFrameBitForBitThenEnds) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> file = clip(20);
  const std::string path = folder.write("a.y4m", file);
  FramesPool pool;
  Ring ring(pool.get(), 3, kFrameBytes);
  Events events(64);
  ep_test::Source source(ring, events, options_of(path));
  size_t frames = 0;
  for (bool ended = false; !ended;) {
    for (const ep_event& event : events.next()) {
      ended = event.kind == EP_EVENT_SOURCE_END;
      if (event.kind != EP_EVENT_FRAME) continue;
      const uint8_t* const pixels = ring.get()->pixels(event.frame.slot);
      ASSERT_EQ(event.frame.bytes, kFrameBytes);
      EXPECT_EQ(event.frame.pixels, static_cast<uint32_t>(EP_PIXELS_I420));
      for (size_t i = 0; i < kFrameBytes; ++i) {
        ASSERT_EQ(pixels[i], static_cast<uint8_t>(frames * 31 + i)) << "frame " << frames;
      }
      ++frames;
      EXPECT_EQ(ep_ring_release(ring.get(), event.frame.slot), EP_OK);
    }
  }
  EXPECT_EQ(frames, 20u);
}

TEST(Y4m, ThatIsCutShortGivesItsWholeFramesSaysSoOnceAndEnds) {
  const TemporaryFolder folder;
  std::vector<uint8_t> file = clip(3);
  file.resize(file.size() - 10);
  FramesPool pool;
  Ring ring(pool.get(), 2, kFrameBytes);
  ep::Y4mSource source(folder.write("cut.y4m", file));
  ep_frame frame = {};
  ep_error error = {};
  ASSERT_EQ(source.probe(&frame, &error), EP_OK) << error.message;
  ASSERT_EQ(source.prepare(ring.get(), &error), EP_OK);
  const uint32_t slot = ring.get()->begin_fill();
  char note[128] = {};
  EXPECT_EQ(source.fill(1, slot, &frame, note, &error), FrameSource::Outcome::kFilled);
  EXPECT_EQ(source.fill(2, slot, &frame, note, &error), FrameSource::Outcome::kFilled);
  EXPECT_EQ(source.fill(3, slot, &frame, note, &error), FrameSource::Outcome::kFailed);
  EXPECT_NE(std::string(error.message).find("cut.y4m: is cut short in frame 3: only the 2"),
            std::string::npos)
      << error.message;
  EXPECT_EQ(source.fill(3, slot, &frame, note, &error), FrameSource::Outcome::kEnded);
  ring.get()->abandon(slot);
}

TEST(Y4m, HeaderTellsSizeRateAndRange) {
  Y4mHeader header;
  EXPECT_EQ(ep::read_y4m_header("YUV4MPEG2 W1920 H1080 F30000:1001 Ip A1:1 C420mpeg2", &header),
            nullptr);
  EXPECT_EQ(header.width, 1920u);
  EXPECT_EQ(header.height, 1080u);
  EXPECT_NEAR(header.fps, 29.97, 0.001);
  EXPECT_EQ(header.pixels, static_cast<uint32_t>(EP_PIXELS_I420));
  EXPECT_EQ(ep::read_y4m_header("YUV4MPEG2 W2 H2 F5:1 XCOLORRANGE=FULL", &header), nullptr);
  EXPECT_EQ(header.pixels, static_cast<uint32_t>(EP_PIXELS_J420));
}

TEST(Y4m, ProbeNamesWhatIsWrong) {
  const TemporaryFolder folder;
  ep_frame frame = {};
  std::string message;
  EXPECT_EQ(probe(folder.file("absent.y4m"), &frame, &message), EP_E_FILE);
  EXPECT_NE(message.find("absent.y4m"), std::string::npos) << message;
  EXPECT_EQ(probe(folder.path(), &frame, &message), EP_E_FILE);
  EXPECT_EQ(probe(folder.write("empty.y4m", {}), &frame, &message), EP_E_IMAGE);
  for (const char* const tags :
       {"F30:1 C444", "F30:1 C420p10", "F30:1 C422 XCOLORRANGE=FULL", "F30:1 XEDGEPOOL=other",
        "F0:1", "F30:0", "F30", "F30:1 Wx", "F30:1 H0", "F9999:1"}) {
    EXPECT_EQ(probe(folder.write("a.y4m", clip(1, tags)), &frame, &message), EP_E_IMAGE) << tags;
    EXPECT_NE(message.find("a.y4m: "), std::string::npos) << message;
  }
}

TEST(Y4m, AnyBytesAreRefusedOrReadWithoutHarm) {
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  RecordProperty("seed", static_cast<int>(seed));
  const TemporaryFolder folder;
  FramesPool pool;
  Ring ring(pool.get(), 1, kFrameBytes);
  const std::vector<uint8_t> whole = clip(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<uint8_t> file = whole;
    for (uint32_t hits = random() % 4 + 1; hits > 0; --hits) {
      const size_t reach = random() % 2 == 0 ? 40 : file.size();
      file[random() % reach] = static_cast<uint8_t>(random());
    }
    file.resize(random() % 4 == 0 ? random() % file.size() : file.size());
    ep::Y4mSource source(folder.write("any.y4m", file));
    ep_frame frame = {};
    ep_error error = {};
    if (source.probe(&frame, &error) != EP_OK) {
      EXPECT_NE(error.message[0], '\0') << "seed " << seed << " round " << round;
      continue;
    }
    if (frame.bytes > kFrameBytes) continue;
    ASSERT_EQ(source.prepare(ring.get(), &error), EP_OK);
    const uint32_t slot = ring.get()->begin_fill();
    char note[128] = {};
    int turns = 0;
    while (source.fill(1, slot, &frame, note, &error) != FrameSource::Outcome::kEnded) {
      ASSERT_LT(++turns, 200) << "seed " << seed << " round " << round;
    }
    ring.get()->abandon(slot);
  }
}

}  // namespace

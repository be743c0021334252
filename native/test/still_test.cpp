#include "still.hpp"

#include <sys/stat.h>

#include <string>
#include <vector>

#include "frames_fixture.hpp"
#include "picture_samples.hpp"

namespace {

using ep::FrameSource;
using ep::StillSource;
using ep_test::FramesPool;
using ep_test::gradient_rgb;
using ep_test::kMiB;
using ep_test::make_bmp;
using ep_test::make_cut_jpeg;
using ep_test::make_jpeg;
using ep_test::Ring;
using ep_test::TemporaryFolder;

struct Filled {
  FrameSource::Outcome outcome;
  ep_frame frame;
  std::string note;
  std::string message;
  uint64_t bytes_copied;
  std::vector<uint8_t> pixels;
};

/** A source with a ring, filled by hand. */
class Stills {
 public:
  Stills(const std::string& path, uint64_t frames_each, uint32_t slots = 3)
      : ring_(pool_.get(), slots, 2 * kMiB), source_(path, frames_each) {
    ep_frame largest = {};
    ep_error error = {};
    EXPECT_EQ(source_.probe(&largest, &error), EP_OK) << error.message;
    EXPECT_EQ(source_.prepare(ring_.get(), &error), EP_OK) << error.message;
  }

  Filled fill(uint64_t number) {
    const uint32_t slot = ring_.get()->begin_fill();
    Filled filled = {};
    char note[128] = {};
    ep_error error = {};
    filled.outcome = source_.fill(number, slot, &filled.frame, note, &error);
    filled.note = note;
    filled.message = error.message;
    filled.bytes_copied = ring_.get()->content(slot)->bytes_copied;
    const uint8_t* const pixels = ring_.get()->pixels(slot);
    filled.pixels.assign(pixels, pixels + filled.frame.bytes);
    ring_.get()->abandon(slot);
    return filled;
  }

 private:
  FramesPool pool_;
  Ring ring_;
  StillSource source_;
};

int32_t probe(const std::string& path, ep_frame* largest, std::string* message) {
  ep_source_options options = {};
  options.kind = EP_SOURCE_STILL;
  options.fps = 30;
  options.path = path.c_str();
  ep_error error = {};
  const int32_t status = ep_source_probe(&options, largest, &error);
  *message = error.message;
  return status;
}

TEST(Still, CopiesASinglePictureIntoEachSlotOnce) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> rgb = gradient_rgb(60, 40);
  Stills stills(folder.write("a.bmp", make_bmp(rgb, 60, 40)), 1, 3);
  for (uint64_t number = 1; number <= 12; ++number) {
    const Filled filled = stills.fill(number);
    ASSERT_EQ(filled.outcome, FrameSource::Outcome::kFilled);
    EXPECT_EQ(filled.bytes_copied, number <= 3 ? rgb.size() : 0u) << "frame " << number;
    EXPECT_EQ(filled.pixels, rgb);
  }
}

TEST(Still, ShowsAFolderInOrderOfNameRoundAndRound) {
  const TemporaryFolder folder;
  folder.write("b.bmp", make_bmp(gradient_rgb(20, 10, 1), 20, 10));
  folder.write("a.BMP", make_bmp(gradient_rgb(40, 10, 2), 40, 10));
  folder.write("c.jpeg", make_jpeg(gradient_rgb(30, 20, 3), 30, 20));
  folder.write("notes.txt", {'x'});
  mkdir(folder.file("d.jpg").c_str(), 0700);
  Stills stills(folder.path(), 2);
  std::string notes;
  for (uint64_t number = 1; number <= 8; ++number) notes += stills.fill(number).note + " ";
  EXPECT_EQ(notes, "a.BMP a.BMP b.bmp b.bmp c.jpeg c.jpeg a.BMP a.BMP ");
  EXPECT_EQ(stills.fill(9).frame.width, 20u);
  EXPECT_EQ(stills.fill(11).frame.width, 30u);
}

TEST(Still, HoldsTheRightPixelsWhenPicturesChangeUnderReusedSlots) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> first = gradient_rgb(20, 10, 1);
  const std::vector<uint8_t> second = gradient_rgb(20, 10, 90);
  folder.write("a.bmp", make_bmp(first, 20, 10));
  folder.write("b.bmp", make_bmp(second, 20, 10));
  Stills stills(folder.path(), 1, 2);
  for (uint64_t number = 1; number <= 9; ++number) {
    EXPECT_EQ(stills.fill(number).pixels, number % 2 == 1 ? first : second) << number;
  }
}

TEST(Still, ReportsABrokenFileOfAFolderOnceAndGoesOn) {
  const TemporaryFolder folder;
  folder.write("a.bmp", make_bmp(gradient_rgb(20, 10), 20, 10));
  folder.write("b.jpg", make_cut_jpeg());
  folder.write("c.bmp", make_bmp(gradient_rgb(20, 10), 20, 10));
  Stills stills(folder.path(), 1);
  EXPECT_EQ(stills.fill(1).note, "a.bmp");
  const Filled failed = stills.fill(2);
  EXPECT_EQ(failed.outcome, FrameSource::Outcome::kFailed);
  EXPECT_NE(failed.message.find("b.jpg"), std::string::npos) << failed.message;
  EXPECT_EQ(stills.fill(2).note, "c.bmp");
  EXPECT_EQ(stills.fill(3).note, "a.bmp");
  EXPECT_EQ(stills.fill(4).note, "c.bmp");
}

TEST(Still, EndsWhenNoFileOfTheFolderIsLeft) {
  const TemporaryFolder folder;
  folder.write("a.jpg", make_cut_jpeg());
  folder.write("b.jpg", make_cut_jpeg());
  Stills stills(folder.path(), 1);
  EXPECT_EQ(stills.fill(1).outcome, FrameSource::Outcome::kFailed);
  EXPECT_EQ(stills.fill(1).outcome, FrameSource::Outcome::kFailed);
  EXPECT_EQ(stills.fill(1).outcome, FrameSource::Outcome::kEnded);
}

TEST(Still, RefusesAFileThatGrewBeyondWhatTheSlotsWereMadeFor) {
  const TemporaryFolder folder;
  folder.write("a.bmp", make_bmp(gradient_rgb(20, 10), 20, 10));
  folder.write("b.bmp", make_bmp(gradient_rgb(20, 10), 20, 10));
  Stills stills(folder.path(), 1);
  folder.write("b.bmp", make_bmp(gradient_rgb(200, 100), 200, 100));
  EXPECT_EQ(stills.fill(1).outcome, FrameSource::Outcome::kFilled);
  const Filled grown = stills.fill(2);
  EXPECT_EQ(grown.outcome, FrameSource::Outcome::kFailed);
  EXPECT_NE(grown.message.find("larger"), std::string::npos) << grown.message;
}

TEST(Still, ProbeGivesTheLargestFrameOfAFolder) {
  const TemporaryFolder folder;
  folder.write("a.bmp", make_bmp(gradient_rgb(20, 10), 20, 10));
  folder.write("b.bmp", make_bmp(gradient_rgb(50, 30), 50, 30));
  folder.write("c.jpg", {'t', 'e', 'x', 't'});
  ep_frame largest = {};
  std::string message;
  EXPECT_EQ(probe(folder.path(), &largest, &message), EP_OK) << message;
  EXPECT_EQ(largest.width, 50u);
  EXPECT_EQ(largest.bytes, 50u * 30 * 3);
}

TEST(Still, ProbeNamesWhatIsWrong) {
  const TemporaryFolder folder;
  const TemporaryFolder hopeless;
  hopeless.write("a.jpg", {'t', 'e', 'x', 't'});
  ep_frame largest = {};
  std::string message;
  EXPECT_EQ(probe(folder.path(), &largest, &message), EP_E_FILE);
  EXPECT_NE(message.find("holds no"), std::string::npos) << message;
  EXPECT_EQ(probe(folder.file("missing.jpg"), &largest, &message), EP_E_FILE);
  EXPECT_NE(message.find("missing.jpg"), std::string::npos) << message;
  EXPECT_EQ(probe(hopeless.path(), &largest, &message), EP_E_IMAGE);
  EXPECT_NE(message.find("a.jpg"), std::string::npos) << message;
  EXPECT_EQ(probe("", &largest, &message), EP_E_ARGUMENT);
}

TEST(Still, ThatDoesNotFitThePoolSaysSo) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.bmp", make_bmp(gradient_rgb(2000, 1000), 2000, 1000));
  FramesPool pool(4 * kMiB);
  Ring ring(pool.get(), 1, kMiB);
  StillSource source(file, 1);
  ep_frame largest = {};
  ep_error error = {};
  ASSERT_EQ(source.probe(&largest, &error), EP_OK);
  EXPECT_EQ(source.prepare(ring.get(), &error), EP_E_POOL_FULL);
  EXPECT_EQ(error.requested_bytes, 6000000u);
}

}  // namespace

#include "picture.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <random>

#include "frames_fixture.hpp"
#include "picture_samples.hpp"

namespace {

using ep_test::BmpForm;
using ep_test::gradient_rgb;
using ep_test::make_bmp;
using ep_test::make_jpeg;
using ep_test::TemporaryFolder;

struct Decoded {
  int32_t status;
  ep_frame frame;
  std::vector<uint8_t> rgb;
  std::string message;
};

Decoded decode(const std::string& path) {
  Decoded result = {};
  ep_error error = {};
  result.status = ep_picture_decode(path.c_str(), nullptr, 0, &result.frame, &error);
  if (result.status == EP_OK) {
    result.rgb.resize(result.frame.bytes);
    result.status = ep_picture_decode(path.c_str(), result.rgb.data(), result.rgb.size(),
                                      &result.frame, &error);
  }
  result.message = error.message;
  return result;
}

int largest_difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  int largest = a.size() == b.size() ? 0 : 256;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    largest = std::max(largest, std::abs(a[i] - b[i]));
  }
  return largest;
}

TEST(Picture, ReadsEveryFormOfBmpToTheBit) {
  const TemporaryFolder folder;
  for (const uint32_t width : {1u, 2u, 3u, 17u, 64u}) {
    const std::vector<uint8_t> rgb = gradient_rgb(width, 9);
    for (const BmpForm& form : {BmpForm{24, false, false}, BmpForm{24, true, false},
                                BmpForm{32, false, false}, BmpForm{32, true, true}}) {
      const Decoded decoded = decode(folder.write("a.bmp", make_bmp(rgb, width, 9, form)));
      ASSERT_EQ(decoded.status, EP_OK) << decoded.message;
      EXPECT_EQ(decoded.frame.width, width);
      EXPECT_EQ(decoded.frame.height, 9u);
      EXPECT_EQ(decoded.frame.pixels, static_cast<uint32_t>(EP_PIXELS_RGB24));
      EXPECT_EQ(decoded.rgb, rgb) << width << " wide, " << form.bits << " bits";
    }
  }
}

TEST(Picture, ReadsJpegOfEverySubsampling) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> rgb = gradient_rgb(65, 43);
  for (const int subsampling : {TJSAMP_444, TJSAMP_422, TJSAMP_420, TJSAMP_440, TJSAMP_411}) {
    const Decoded decoded =
        decode(folder.write("a.jpg", make_jpeg(rgb, 65, 43, subsampling, TJFLAG_PROGRESSIVE)));
    ASSERT_EQ(decoded.status, EP_OK) << decoded.message;
    EXPECT_LE(largest_difference(decoded.rgb, rgb), 8) << "subsampling " << subsampling;
  }
}

TEST(Picture, OfferedAsPlanesIsTheSamePicture) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> rgb = gradient_rgb(64, 48);
  const std::string file = folder.write("a.jpg", make_jpeg(rgb, 64, 48));
  ep::PictureDecoder decoder;
  ep_frame frame = {};
  ASSERT_EQ(decoder.open(file.c_str(), ep::PictureDecoder::Want::kCheapest, &frame, nullptr),
            EP_OK);
  EXPECT_EQ(frame.pixels, static_cast<uint32_t>(EP_PIXELS_J420));
  ASSERT_EQ(frame.bytes, 64u * 48 * 3 / 2);
  std::vector<uint8_t> planes(frame.bytes);
  ASSERT_EQ(decoder.decode(planes.data(), planes.size(), nullptr), EP_OK);
  for (uint32_t y = 0; y < 48; ++y) {
    for (uint32_t x = 0; x < 64; ++x) {
      const uint8_t* const pixel = &rgb[(y * 64 + x) * 3];
      const double luma = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
      ASSERT_NEAR(planes[y * 64 + x], luma, 4);
    }
  }
}

TEST(Picture, WithOddSidesOrOtherSubsamplingIsOfferedAsRgb) {
  const TemporaryFolder folder;
  ep::PictureDecoder decoder;
  for (const auto& [width, height, subsampling] : {std::tuple{63u, 48u, TJSAMP_420},
                                                   {64u, 47u, TJSAMP_420},
                                                   {64u, 48u, TJSAMP_444},
                                                   {64u, 48u, TJSAMP_GRAY}}) {
    const std::string file =
        folder.write("a.jpg", make_jpeg(gradient_rgb(width, height), width, height, subsampling));
    ep_frame frame = {};
    ASSERT_EQ(decoder.open(file.c_str(), ep::PictureDecoder::Want::kCheapest, &frame, nullptr),
              EP_OK);
    EXPECT_EQ(frame.pixels, static_cast<uint32_t>(EP_PIXELS_RGB24));
    std::vector<uint8_t> rgb(frame.bytes);
    EXPECT_EQ(decoder.decode(rgb.data(), rgb.size(), nullptr), EP_OK);
  }
}

TEST(Picture, RealOnesDecodeAtTheirSizes) {
  for (const auto& [name, width, height] : {std::tuple{"cat_720p.jpg", 1280u, 720u},
                                            {"cat_1080p.jpg", 1920u, 1080u},
                                            {"grace_hopper.bmp", 512u, 600u}}) {
    const std::string file = ep_test::shared_file(std::string("media/") + name);
    if (file.empty()) return;
    const Decoded decoded = decode(file);
    ASSERT_EQ(decoded.status, EP_OK) << decoded.message;
    EXPECT_EQ(decoded.frame.width, width);
    EXPECT_EQ(decoded.frame.height, height);
  }
}

TEST(Picture, ThatIsNoneIsRefusedByNameAndReason) {
  const TemporaryFolder folder;
  const std::vector<uint8_t> text = {'h', 'e', 'l', 'l', 'o', ' ', 'w', 'o', 'r', 'l', 'd'};
  std::vector<uint8_t> wide = make_bmp(gradient_rgb(4, 4), 4, 4);
  ep_test::put(&wide, 18, 8193, 4);
  std::vector<uint8_t> flat = make_bmp(gradient_rgb(4, 4), 4, 4);
  ep_test::put(&flat, 22, 0, 4);
  std::vector<uint8_t> deepest = make_bmp(gradient_rgb(4, 4), 4, 4);
  ep_test::put(&deepest, 22, 0x80000000u, 4);
  std::vector<uint8_t> palette = make_bmp(gradient_rgb(4, 4), 4, 4);
  ep_test::put(&palette, 28, 8, 2);
  std::vector<uint8_t> beyond = make_bmp(gradient_rgb(4, 4), 4, 4);
  ep_test::put(&beyond, 10, 0xFFFFFFFFu, 4);
  std::vector<uint8_t> noise = make_jpeg(gradient_rgb(64, 48), 64, 48);
  std::fill(noise.begin() + 400, noise.end(), 0x5A);
  mkdir(folder.file("folder").c_str(), 0700);
  const struct {
    std::string path;
    int32_t status;
    std::string reason;
  } cases[] = {
      {folder.file("nowhere.jpg"), EP_E_FILE, "No such file"},
      {folder.file("folder"), EP_E_FILE, "is not a file"},
      {folder.write("empty.jpg", {}), EP_E_FILE, "is empty"},
      {folder.write("text.jpg", text), EP_E_IMAGE, "neither a JPEG nor a BMP"},
      {folder.write("wide.bmp", wide), EP_E_IMAGE, "8192"},
      {folder.write("flat.bmp", flat), EP_E_IMAGE, "0 or negative"},
      {folder.write("deepest.bmp", deepest), EP_E_IMAGE, "8192"},
      {folder.write("palette.bmp", palette), EP_E_IMAGE, "24 and 32"},
      {folder.write("beyond.bmp", beyond), EP_E_IMAGE, "cut off"},
      {folder.write("noise.jpg", noise), EP_E_IMAGE, "cannot be decoded"},
  };
  for (const auto& wrong : cases) {
    const Decoded decoded = decode(wrong.path);
    EXPECT_EQ(decoded.status, wrong.status) << wrong.path;
    EXPECT_NE(decoded.message.find(wrong.path), std::string::npos) << decoded.message;
    EXPECT_NE(decoded.message.find(wrong.reason), std::string::npos) << decoded.message;
    EXPECT_EQ(decoded.message.find('\n'), std::string::npos);
  }
}

TEST(Picture, IsNotWrittenPastTheCapacity) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.bmp", make_bmp(gradient_rgb(8, 8), 8, 8));
  std::vector<uint8_t> rgb(8 * 8 * 3);
  ep_frame frame = {};
  EXPECT_EQ(ep_picture_decode(file.c_str(), rgb.data(), rgb.size() - 1, &frame, nullptr),
            EP_E_ARGUMENT);
  EXPECT_EQ(std::count(rgb.begin(), rgb.end(), 0), static_cast<std::ptrdiff_t>(rgb.size()));
}

/** Every prefix in steps of 64 bytes ends in an error or in a picture of the right size. */
void cut_everywhere(const std::vector<uint8_t>& whole, uint32_t width) {
  const TemporaryFolder folder;
  uint32_t refused = 0;
  for (size_t bytes = 0; bytes < whole.size(); bytes += 64) {
    const Decoded decoded = decode(
        folder.write("cut", {whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)}));
    if (decoded.status == EP_OK) {
      EXPECT_EQ(decoded.frame.width, width);
    } else {
      ++refused;
      EXPECT_TRUE(decoded.status == EP_E_IMAGE || decoded.status == EP_E_FILE) << bytes;
    }
  }
  EXPECT_GT(refused, whole.size() / 64 / 2);
}

TEST(Picture, CutAtEvery64thByteIsRefusedOrDecoded) {
  const std::vector<uint8_t> rgb = gradient_rgb(160, 120);
  cut_everywhere(make_bmp(rgb, 160, 120), 160);
  cut_everywhere(make_jpeg(rgb, 160, 120), 160);
  cut_everywhere(make_jpeg(rgb, 160, 120, TJSAMP_444, TJFLAG_PROGRESSIVE), 160);
}

TEST(Picture, WithDamagedBytesNeverCrashes) {
  const TemporaryFolder folder;
  const unsigned seed = testing::UnitTest::GetInstance()->random_seed() + 20240u;
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  for (const std::vector<uint8_t>& whole :
       {make_bmp(gradient_rgb(40, 30), 40, 30, {32, true, true}),
        make_jpeg(gradient_rgb(40, 30), 40, 30)}) {
    for (int round = 0; round < 300; ++round) {
      std::vector<uint8_t> damaged = whole;
      for (int i = 0; i < 4; ++i) {
        const size_t most = random() % 2 == 0 ? 70 : damaged.size();
        damaged[random() % most] = static_cast<uint8_t>(random());
      }
      const Decoded decoded = decode(folder.write("damaged", damaged));
      EXPECT_TRUE(decoded.status == EP_OK || !decoded.message.empty());
    }
  }
}

}  // namespace

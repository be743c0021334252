#include "pattern.hpp"

#include <cmath>
#include <tuple>

#include "frames_fixture.hpp"
#include "pixels.hpp"

namespace {

using ep::PatternSource;
using ep::Shape;
using ep_test::FramesPool;
using ep_test::Ring;

/** A pattern and its ring; keeps what it drew. */
class Drawn {
 public:
  Drawn(ep_pool* pool, uint32_t width, uint32_t height, uint32_t seed, uint32_t slots = 1)
      : ring_(pool, slots, ep::frame_bytes(EP_PIXELS_NV12, width, height)),
        pattern_(width, height, seed) {
    ep_frame largest = {};
    ep_error error = {};
    EXPECT_EQ(pattern_.probe(&largest, &error), EP_OK) << error.message;
    EXPECT_EQ(pattern_.prepare(ring_.get(), &error), EP_OK) << error.message;
  }

  std::vector<uint8_t> frame(uint64_t number) {
    const uint32_t slot = ring_.get()->begin_fill();
    ep_frame frame = {};
    char note[128] = {};
    pattern_.fill(number, slot, &frame, note, nullptr);
    const uint8_t* const pixels = ring_.get()->pixels(slot);
    std::vector<uint8_t> copy(pixels, pixels + frame.bytes);
    ring_.get()->abandon(slot);
    return copy;
  }

 private:
  Ring ring_;
  PatternSource pattern_;
};

TEST(Pattern, IsAFunctionOfSeedAndNumber) {
  FramesPool pool;
  const std::vector<uint8_t> once = Drawn(pool.get(), 320, 240, 7).frame(41);
  EXPECT_EQ(once, Drawn(pool.get(), 320, 240, 7).frame(41));
  EXPECT_NE(once, Drawn(pool.get(), 320, 240, 7).frame(42));
  EXPECT_NE(once, Drawn(pool.get(), 320, 240, 8).frame(41));
}

TEST(Pattern, DrawnOverAnEarlierFrameIsTheSameAsDrawnAnew) {
  FramesPool pool;
  for (const uint32_t width : {16u, 17u, 160u}) {
    Drawn drawn(pool.get(), width, 99, 3, 3);
    for (const uint64_t number : {1u, 2u, 3u, 4u, 9u, 10u, 500u, 501u}) {
      EXPECT_EQ(drawn.frame(number), Drawn(pool.get(), width, 99, 3).frame(number))
          << width << " wide, frame " << number;
    }
  }
}

TEST(Pattern, HasItsShapesWhereTheTruthSaysAndNowhereElse) {
  constexpr uint32_t kWidth = 642;
  constexpr uint32_t kHeight = 361;
  FramesPool pool;
  Drawn drawn(pool.get(), kWidth, kHeight, 11);
  for (const uint64_t number : {1u, 77u, 1000u}) {
    const std::vector<uint8_t> frame = drawn.frame(number);
    const auto shapes = ep::pattern_truth(11, number, kWidth, kHeight);
    uint64_t wrong = 0;
    for (uint32_t y = 0; y < kHeight; ++y) {
      for (uint32_t x = 0; x < kWidth; ++x) {
        const Shape* top = nullptr;
        for (const Shape& shape : shapes) {
          if (ep::covers(shape, x, y)) top = &shape;
        }
        const double luma = frame[y * kWidth + x];
        const size_t chroma = kWidth * kHeight + y / 2 * kWidth + x / 2 * 2;
        const double u = frame[chroma];
        const double v = frame[chroma + 1];
        if (top == nullptr) {
          wrong += std::abs(u - 128) > 8 || std::abs(v - 128) > 8 ? 1 : 0;
          continue;
        }
        const double r = top->red / 255.0;
        const double g = top->green / 255.0;
        const double b = top->blue / 255.0;
        const double bright = 0.299 * r + 0.587 * g + 0.114 * b;
        const bool right = std::abs(luma - (16 + 219 * bright)) < 1 &&
                           std::abs(u - (128 + 112 * (b - bright) / 0.886)) < 1 &&
                           std::abs(v - (128 + 112 * (r - bright) / 0.701)) < 1;
        wrong += right ? 0 : 1;
      }
    }
    EXPECT_EQ(wrong, 0u) << "pixels of frame " << number;
  }
}

TEST(Pattern, KeepsItsShapesInsideAndOfDifferentColours) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    for (const uint32_t width : {16u, 33u, 1280u, 4096u}) {
      for (uint64_t number = 1; number < 3000; number += 97) {
        const auto shapes = ep::pattern_truth(seed, number, width, 48);
        for (size_t i = 0; i < shapes.size(); ++i) {
          ASSERT_GE(shapes[i].side, 4u);
          ASSERT_LE(shapes[i].x + shapes[i].side, width);
          ASSERT_LE(shapes[i].y + shapes[i].side, 48u);
          const Shape& next = shapes[(i + 1) % shapes.size()];
          ASSERT_NE(std::make_tuple(shapes[i].red, shapes[i].green, shapes[i].blue),
                    std::make_tuple(next.red, next.green, next.blue));
        }
      }
    }
  }
}

TEST(Pattern, MovesFromFrameToFrame) {
  uint32_t moved = 0;
  for (uint64_t number = 1; number < 100; ++number) {
    const auto before = ep::pattern_truth(5, number, 1280, 720);
    const auto after = ep::pattern_truth(5, number + 1, 1280, 720);
    for (size_t i = 0; i < before.size(); ++i) {
      moved += before[i].x != after[i].x || before[i].y != after[i].y ? 1 : 0;
    }
  }
  EXPECT_GT(moved, 300u);
}

TEST(Pattern, RefusesSidesOutOfRange) {
  ep_source_options options = {};
  options.kind = EP_SOURCE_PATTERN;
  options.fps = 30;
  ep_frame largest = {};
  ep_error error = {};
  for (const auto& [width, height] : {std::pair{15u, 100u}, {100u, 15u}, {4097u, 100u}, {0u, 0u}}) {
    options.width = width;
    options.height = height;
    EXPECT_EQ(ep_source_probe(&options, &largest, &error), EP_E_ARGUMENT);
    EXPECT_NE(std::string(error.message).find("16 to 4096"), std::string::npos) << error.message;
  }
}

TEST(Pattern, TellsItsTruthThroughTheAbi) {
  const auto shapes = ep::pattern_truth(11, 77, 640, 480);
  std::array<ep_shape, 8> told = {};
  ASSERT_EQ(ep_pattern_truth(11, 77, 640, 480, told.data(), told.size()), ep::kPatternShapes);
  for (uint32_t i = 0; i < ep::kPatternShapes; ++i) {
    EXPECT_EQ(told[i].kind, static_cast<uint32_t>(shapes[i].kind));
    EXPECT_EQ(std::tie(told[i].x, told[i].y, told[i].side),
              std::tie(shapes[i].x, shapes[i].y, shapes[i].side));
    EXPECT_EQ(std::tie(told[i].red, told[i].green, told[i].blue),
              std::tie(shapes[i].red, shapes[i].green, shapes[i].blue));
  }
  EXPECT_EQ(told[ep::kPatternShapes].side, 0u);
  EXPECT_EQ(ep_pattern_truth(11, 77, 15, 480, told.data(), told.size()), 0u);
  EXPECT_EQ(ep_pattern_truth(11, 77, 640, 480, nullptr, 0), ep::kPatternShapes);
}

TEST(Pattern, KnowsHowMuchOfAShapeIsSeen) {
  std::array<ep::Shape, ep::kPatternShapes> shapes = {};
  shapes[0] = {ep::ShapeKind::kSquare, 0, 0, 0, 100, 100, 96};
  shapes[1] = {ep::ShapeKind::kSquare, 0, 0, 0, 148, 100, 96};  // its right half
  shapes[2] = {ep::ShapeKind::kSquare, 0, 0, 0, 400, 100, 48};
  shapes[3] = {ep::ShapeKind::kSquare, 0, 0, 0, 376, 76, 96};  // all of it
  EXPECT_NEAR(ep::visible_share(shapes, 0), 0.5, 0.02);
  EXPECT_EQ(ep::visible_share(shapes, 1), 1);
  EXPECT_EQ(ep::visible_share(shapes, 2), 0);
  EXPECT_EQ(ep::visible_share(shapes, 3), 1);
}

}  // namespace

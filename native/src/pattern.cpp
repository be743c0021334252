#include "pattern.hpp"

#include <algorithm>
#include <cstring>

#include "error.hpp"
#include "pixels.hpp"

namespace ep {
namespace {

struct Colour {
  uint8_t red, green, blue;
};

// Far apart from each other and from the background's muted ones.
constexpr Colour kColours[] = {{220, 40, 40},  {40, 200, 60},  {50, 70, 220},
                               {230, 210, 40}, {200, 50, 200}, {40, 200, 210}};
constexpr uint32_t kColourCount = sizeof kColours / sizeof kColours[0];

/** Steele, Lea, Flood: SplitMix64's finaliser. */
uint64_t mix(uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9u;
  value = (value ^ value >> 27) * 0x94D049BB133111EBu;
  return value ^ value >> 31;
}

/** A point that goes to and fro over [0, range]. */
uint32_t bounce(uint64_t way, uint32_t range) {
  if (range == 0) return 0;
  const uint32_t at = static_cast<uint32_t>(way % (uint64_t{range} * 2));
  return at <= range ? at : 2 * range - at;
}

constexpr uint32_t even(uint32_t value) { return value & ~1u; }

uint32_t root(uint32_t value) {
  uint32_t result = 0;
  for (uint32_t bit = 1u << 15; bit != 0; bit >>= 1) {
    if (uint64_t{result + bit} * (result + bit) <= value) result += bit;
  }
  return result;
}

/** Columns [first, end) of the shape's box in a pair of rows, both even. */
struct Span {
  uint32_t first;
  uint32_t end;
};

Span span(const Shape& shape, uint32_t pair) {
  const uint32_t side = shape.side;
  const uint32_t from_top = pair * 2 + 1;  // the middle of the two rows
  uint32_t half = side / 2;
  switch (shape.kind) {
    case ShapeKind::kSquare:
      break;
    case ShapeKind::kDisc: {
      const uint32_t radius = side / 2;
      const uint32_t off = from_top > radius ? from_top - radius : radius - from_top;
      half = root(radius * radius - off * off);
      break;
    }
    case ShapeKind::kTriangle:
      half = (from_top + 1) / 2;
      break;
    case ShapeKind::kDiamond:
      half = std::min(from_top, side - from_top) + 1;
      break;
  }
  const uint32_t first = even(side / 2 - std::min(half, side / 2));
  return {first, side - first};
}

uint8_t rounded(int32_t value_65536) { return static_cast<uint8_t>((value_65536 + 32768) >> 16); }

/** BT.601, video range. */
struct Yuv {
  uint8_t y, u, v;
};

Yuv to_yuv(const Shape& shape) {
  const int32_t r = shape.red;
  const int32_t g = shape.green;
  const int32_t b = shape.blue;
  return {rounded(16829 * r + 33039 * g + 6416 * b + (16 << 16)),
          rounded(-9714 * r - 19070 * g + 28784 * b + (128 << 16)),
          rounded(28784 * r - 24103 * g - 4681 * b + (128 << 16))};
}

}  // namespace

std::array<Shape, kPatternShapes> pattern_truth(uint32_t seed, uint64_t number, uint32_t width,
                                                uint32_t height) {
  std::array<Shape, kPatternShapes> shapes;
  const uint32_t shorter = std::min(width, height);
  for (uint32_t i = 0; i < kPatternShapes; ++i) {
    uint64_t state = mix(uint64_t{seed} << 8 | i);
    const auto draw = [&state](uint32_t below) {
      state = mix(state);
      return static_cast<uint32_t>(state % below);
    };
    Shape& shape = shapes[i];
    shape.kind = static_cast<ShapeKind>(i);
    // Steps of a fixed offset: no two shapes of a frame have the same colour.
    const Colour& colour = kColours[(mix(seed) + i) % kColourCount];
    shape.red = colour.red;
    shape.green = colour.green;
    shape.blue = colour.blue;
    shape.side = even(shorter / 8 + draw(shorter / 8) + 2);
    const uint32_t range_x = even(width) - shape.side;
    const uint32_t range_y = even(height) - shape.side;
    const uint32_t most_step = std::max(2u, width / 100);
    const uint64_t way_x = draw(1u << 16) + number * (1 + draw(most_step));
    const uint64_t way_y = draw(1u << 16) + number * (1 + draw(most_step));
    shape.x = even(bounce(way_x, range_x));
    shape.y = even(bounce(way_y, range_y));
  }
  return shapes;
}

bool covers(const Shape& shape, uint32_t x, uint32_t y) {
  if (x < shape.x || y < shape.y || y >= shape.y + shape.side) return false;
  const Span columns = span(shape, (y - shape.y) / 2);
  return x - shape.x >= columns.first && x - shape.x < columns.end;
}

float visible_share(const std::array<Shape, kPatternShapes>& shapes, uint32_t index) {
  constexpr uint32_t kRaster = 24;
  const Shape& shape = shapes[index];
  uint32_t own = 0;
  uint32_t seen = 0;
  for (uint32_t i = 0; i < kRaster * kRaster; ++i) {
    const uint32_t x = shape.x + (i % kRaster * 2 + 1) * shape.side / (2 * kRaster);
    const uint32_t y = shape.y + (i / kRaster * 2 + 1) * shape.side / (2 * kRaster);
    if (!covers(shape, x, y)) continue;
    ++own;
    const auto later = shapes.begin() + index + 1;
    seen += std::none_of(later, shapes.end(), [&](const Shape& on) { return covers(on, x, y); });
  }
  return own == 0 ? 0 : static_cast<float>(seen) / static_cast<float>(own);
}

int32_t PatternSource::probe(ep_frame* largest, ep_error* error) {
  for (const uint32_t side : {width_, height_}) {
    if (side < kLeastSide || side > kMostSide) {
      return fail(error, EP_E_ARGUMENT, "pattern of %u x %u: width and height must be %u to %u",
                  width_, height_, kLeastSide, kMostSide);
    }
  }
  *largest = {};
  largest->width = width_;
  largest->height = height_;
  largest->pixels = EP_PIXELS_NV12;
  largest->bytes = frame_bytes(EP_PIXELS_NV12, width_, height_);
  return EP_OK;
}

int32_t PatternSource::prepare(ep_ring* ring, ep_error* error) {
  const uint64_t bytes = frame_bytes(EP_PIXELS_NV12, width_, height_);
  const int32_t status = background_.take(ring->pool(), bytes, "the pattern's background", error);
  if (status != EP_OK) return status;
  ring_ = ring;
  owner_ = next_owner();
  draw_background();
  return EP_OK;
}

FrameSource::Outcome PatternSource::fill(uint64_t number, uint32_t slot, ep_frame* frame, char*,
                                         ep_error*) {
  uint8_t* const pixels = ring_->pixels(slot);
  SlotContent* const content = ring_->content(slot);
  // Only the places where shapes stood in this slot's last frame are drawn anew.
  if (content->owner == owner_) {
    for (const Shape& shape : pattern_truth(seed_, content->picture, width_, height_)) {
      restore(shape, pixels);
    }
  } else {
    std::memcpy(pixels, background_.data(), background_.bytes());
  }
  for (const Shape& shape : pattern_truth(seed_, number, width_, height_)) draw(shape, pixels);
  *content = {owner_, number, 0};
  frame->width = width_;
  frame->height = height_;
  frame->pixels = EP_PIXELS_NV12;
  frame->bytes = background_.bytes();
  return Outcome::kFilled;
}

void PatternSource::draw_background() {
  uint8_t* pixel = background_.data();
  for (uint32_t y = 0; y < height_; ++y) {
    for (uint32_t x = 0; x < width_; ++x) {
      const uint64_t coarse = mix(uint64_t{seed_} << 32 ^ (y / 16) << 16 ^ x / 16);
      const uint64_t fine = mix(coarse ^ (y % 16) << 4 ^ x % 16);
      *pixel++ = static_cast<uint8_t>(70 + 50 * y / height_ + coarse % 32 + fine % 16);
    }
  }
  const uint32_t pair_bytes = (width_ + 1) / 2 * 2;
  for (uint32_t y = 0; y < (height_ + 1) / 2; ++y) {
    for (uint32_t x = 0; x < pair_bytes; ++x) {
      const uint64_t block = mix(uint64_t{seed_} << 32 ^ (y / 8) << 16 ^ (x / 16) << 1 ^ (x & 1));
      *pixel++ = static_cast<uint8_t>(120 + block % 16);
    }
  }
}

void PatternSource::draw(const Shape& shape, uint8_t* pixels) const {
  const Yuv colour = to_yuv(shape);
  const size_t chroma_stride = (size_t{width_} + 1) / 2 * 2;
  uint8_t* const chroma = pixels + size_t{width_} * height_;
  for (uint32_t pair = 0; pair < shape.side / 2; ++pair) {
    const Span columns = span(shape, pair);
    const uint32_t y = shape.y + pair * 2;
    const uint32_t x = shape.x + columns.first;
    const uint32_t length = columns.end - columns.first;
    uint8_t* const row = pixels + size_t{y} * width_ + x;
    std::memset(row, colour.y, length);
    std::memset(row + width_, colour.y, length);
    uint8_t* pairs = chroma + y / 2 * chroma_stride + x;
    for (uint32_t i = 0; i < length; i += 2) {
      pairs[i] = colour.u;
      pairs[i + 1] = colour.v;
    }
  }
}

void PatternSource::restore(const Shape& shape, uint8_t* pixels) const {
  const auto copy = [&](size_t at) {
    std::memcpy(pixels + at, background_.data() + at, shape.side);
  };
  const size_t chroma_stride = (size_t{width_} + 1) / 2 * 2;
  const size_t chroma = size_t{width_} * height_;
  for (uint32_t y = shape.y; y < shape.y + shape.side; ++y) copy(size_t{y} * width_ + shape.x);
  for (uint32_t y = shape.y / 2; y < (shape.y + shape.side) / 2; ++y) {
    copy(chroma + y * chroma_stride + shape.x);
  }
}

}  // namespace ep

uint32_t ep_pattern_truth(uint32_t seed, uint64_t number, uint32_t width, uint32_t height,
                          ep_shape* shapes, uint32_t capacity) {
  ep_frame largest = {};
  if (ep::PatternSource(width, height, seed).probe(&largest, nullptr) != EP_OK) return 0;
  const auto truth = ep::pattern_truth(seed, number, width, height);
  for (uint32_t i = 0; i < std::min(capacity, ep::kPatternShapes); ++i) {
    const ep::Shape& shape = truth[i];
    shapes[i] = {static_cast<uint32_t>(shape.kind),
                 shape.x,
                 shape.y,
                 shape.side,
                 ep::visible_share(truth, i),
                 shape.red,
                 shape.green,
                 shape.blue,
                 0};
  }
  return ep::kPatternShapes;
}

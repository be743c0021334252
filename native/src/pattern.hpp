// A moving picture whose truth is known: shapes of known colours on seeded paths over a textured
// background. Every pixel is a function of (seed, number, width, height), in integers only, so that
// it is the same on every machine.
#pragma once

#include <array>
#include <cstdint>

#include "edgepool.h"
#include "frame_memory.hpp"
#include "source.hpp"

namespace ep {

enum class ShapeKind : uint8_t { kDisc, kSquare, kTriangle, kDiamond };

struct Shape {
  ShapeKind kind;
  uint8_t red, green, blue;
  uint32_t x, y;  // of the box; even, as the side is, so that no chroma sample is on an edge
  uint32_t side;
};

inline constexpr uint32_t kPatternShapes = 4;

/** The shapes of a frame, the topmost last. */
std::array<Shape, kPatternShapes> pattern_truth(uint32_t seed, uint64_t number, uint32_t width,
                                                uint32_t height);

/** The share of shape `index` that no later one covers, seen at a raster of its box. */
float visible_share(const std::array<Shape, kPatternShapes>& shapes, uint32_t index);

/** True iff the shape covers the pixel. */
bool covers(const Shape& shape, uint32_t x, uint32_t y);

class PatternSource final : public FrameSource {
 public:
  static constexpr uint32_t kLeastSide = 16;
  static constexpr uint32_t kMostSide = 4096;

  PatternSource(uint32_t width, uint32_t height, uint32_t seed)
      : width_(width), height_(height), seed_(seed) {}

  int32_t probe(ep_frame* largest, ep_error* error) override;
  int32_t prepare(ep_ring* ring, ep_error* error) override;
  Outcome fill(uint64_t number, uint32_t slot, ep_frame* frame, char* note,
               ep_error* error) override;

 private:
  void draw_background();
  void draw(const Shape& shape, uint8_t* pixels) const;
  void restore(const Shape& shape, uint8_t* pixels) const;

  const uint32_t width_;
  const uint32_t height_;
  const uint32_t seed_;
  uint64_t owner_ = 0;
  ep_ring* ring_ = nullptr;
  PoolBlock background_;
};

}  // namespace ep

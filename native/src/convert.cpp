#include "convert.hpp"

#include <libyuv/convert_argb.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "error.hpp"
#include "pixels.hpp"
#include "quantise.hpp"
#include "resample.hpp"

namespace ep {
namespace {

/** An input tensor as a picture. */
struct Target {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
  uint32_t value_bytes;
};

bool target_of(const ep_tensor_info& input, Target* target) {
  if (input.rank != 4 || input.shape[0] != 1) return false;
  if (input.shape[3] != 1 && input.shape[3] != 3) return false;
  for (int axis = 1; axis <= 2; ++axis) {
    if (input.shape[axis] < 1 || input.shape[axis] > static_cast<int32_t>(kMaxFrameSide)) {
      return false;
    }
  }
  const bool is_float = input.type == EP_TYPE_FLOAT32;
  if (!is_float && input.type != EP_TYPE_INT8 && input.type != EP_TYPE_UINT8) return false;
  *target = {static_cast<uint32_t>(input.shape[2]), static_cast<uint32_t>(input.shape[1]),
             static_cast<uint32_t>(input.shape[3]), is_float ? 4u : 1u};
  const uint64_t values = uint64_t{target->width} * target->height * target->channels;
  return input.bytes == values * target->value_bytes;
}

/** Which part of the frame goes where: a rectangle of source pixels, one of target pixels. */
struct Placement {
  double source_x, source_y, source_width, source_height;
  uint32_t x, y, width, height;
};

uint32_t inner_side(double side, uint32_t limit) {
  return std::clamp(static_cast<uint32_t>(std::lround(side)), 1u, limit);
}

Placement place(const ep_frame& frame, const Target& target, uint32_t fit) {
  const double width = frame.width;
  const double height = frame.height;
  Placement placed = {0, 0, width, height, 0, 0, target.width, target.height};
  const double scale_x = target.width / width;
  const double scale_y = target.height / height;
  if (fit == EP_FIT_CROP) {
    const double scale = std::max(scale_x, scale_y);
    placed.source_width = std::min(width, target.width / scale);
    placed.source_height = std::min(height, target.height / scale);
    placed.source_x = (width - placed.source_width) / 2;
    placed.source_y = (height - placed.source_height) / 2;
  } else if (fit == EP_FIT_LETTERBOX) {
    const double scale = std::min(scale_x, scale_y);
    placed.width = inner_side(width * scale, target.width);
    placed.height = inner_side(height * scale, target.height);
    placed.x = (target.width - placed.width) / 2;
    placed.y = (target.height - placed.height) / 2;
  }
  return placed;
}

/** The source of an axis in samples of the component, which may be half of the pixels. */
struct Span {
  double begin;
  double extent;
};

Span columns_of(const Component& component, const Placement& placed) {
  return {placed.source_x * component.columns_per_pixel,
          placed.source_width * component.columns_per_pixel};
}

Span rows_of(const Component& component, const Placement& placed) {
  return {placed.source_y * component.rows_per_pixel,
          placed.source_height * component.rows_per_pixel};
}

size_t widest_row(const Layout& layout) {
  size_t bytes = 0;
  for (uint32_t r = 0; r < layout.rows_count; ++r) bytes = std::max(bytes, layout.rows[r].bytes);
  return bytes;
}

/** One conversion: the axes and the rows that it works on, all in scratch. */
class Conversion {
 public:
  static size_t scratch_bytes(const Layout& layout, const Placement& placed, const Target& target) {
    size_t bytes = Scratch::rounded(widest_row(layout) * sizeof(uint16_t)) +
                   Scratch::rounded(size_t{target.width} * 4) + 3 * Scratch::rounded(target.width) +
                   Scratch::rounded(sizeof(Quantiser));
    for (uint32_t kind = 0; kind < 2; ++kind) {
      const Component& component = layout.components[kind];
      bytes += Axis::scratch_bytes(columns_of(component, placed).extent, component.columns,
                                   placed.width);
      bytes += Axis::scratch_bytes(rows_of(component, placed).extent,
                                   layout.rows[component.rows].count, placed.height);
    }
    return bytes;
  }

  bool prepare(const Layout& layout, const Placement& placed, const Target& target,
               Scratch* scratch) {
    layout_ = &layout;
    target_ = target;
    placed_ = placed;
    sums_ = scratch->take<uint16_t>(widest_row(layout));
    bgra_ = scratch->take<uint8_t>(size_t{target.width} * 4);
    for (uint8_t*& row : planar_) row = scratch->take<uint8_t>(target.width);
    quantiser_ = scratch->take<Quantiser>(1);
    bool made = quantiser_ != nullptr;
    for (uint32_t kind = 0; made && kind < 2; ++kind) {
      const Component& component = layout.components[kind];
      const Span columns = columns_of(component, placed);
      const Span rows = rows_of(component, placed);
      made = columns_[kind].make(columns.begin, columns.extent, component.columns, placed.width,
                                 kColumnOne, scratch) &&
             rows_[kind].make(rows.begin, rows.extent, layout.rows[component.rows].count,
                              placed.height, kRowOne, scratch);
    }
    return made;
  }

  Quantiser* quantiser() { return quantiser_; }

  void run(uint8_t* tensor) {
    const size_t pixel_bytes = size_t{target_.channels} * target_.value_bytes;
    const size_t row_bytes = target_.width * pixel_bytes;
    const uint32_t below = placed_.y + placed_.height;
    const uint32_t right = placed_.x + placed_.width;
    blacken(tensor, size_t{placed_.y} * target_.width);
    for (uint32_t y = 0; y < placed_.height; ++y) {
      uint8_t* const row = tensor + (placed_.y + y) * row_bytes;
      blacken(row, placed_.x);
      resample(y);
      quantise(row + placed_.x * pixel_bytes);
      blacken(row + right * pixel_bytes, target_.width - right);
    }
    blacken(tensor + below * row_bytes, size_t{target_.height - below} * target_.width);
  }

 private:
  /** The axes of luma (and of R, G and B) are the first, those of chroma the second. */
  uint32_t kind(uint32_t component) const { return layout_->is_yuv && component > 0 ? 1 : 0; }

  void resample(uint32_t y) {
    for (uint32_t r = 0; r < layout_->rows_count; ++r) {
      const Rows& rows = layout_->rows[r];
      size_t begin = rows.bytes;
      size_t end = 0;
      uint32_t any = 0;
      for (uint32_t c = 0; c < 3; ++c) {
        const Component& component = layout_->components[c];
        if (component.rows != r) continue;
        const Axis& columns = columns_[kind(c)];
        begin = std::min(begin, size_t{columns.first(0)} * component.step);
        end = std::max(end, size_t{columns.end()} * component.step);
        any = c;
      }
      resample_rows(rows.first, rows.bytes, rows_[kind(any)], y, begin, std::min(end, rows.bytes),
                    sums_);
      for (uint32_t c = 0; c < 3; ++c) {
        const Component& component = layout_->components[c];
        if (component.rows != r) continue;
        resample_columns(sums_, component.offset, component.step, columns_[kind(c)], planar_[c]);
      }
    }
  }

  void quantise(uint8_t* out) {
    const int width = static_cast<int>(placed_.width);
    if (!layout_->is_yuv) {
      quantiser_->write({planar_[0], planar_[1], planar_[2], 1}, placed_.width, out);
      return;
    }
    // libyuv names formats by their bytes in a little-endian word: its ARGB is B, G, R, A in
    // memory.
    const auto to_bgra = layout_->full_range ? libyuv::J444ToARGB : libyuv::I444ToARGB;
    to_bgra(planar_[0], width, planar_[1], width, planar_[2], width, bgra_, width * 4, width, 1);
    quantiser_->write({bgra_ + 2, bgra_ + 1, bgra_, 4}, placed_.width, out);
  }

  void blacken(uint8_t* out, size_t pixels) {
    static constexpr uint8_t kBlack = 0;
    quantiser_->write({&kBlack, &kBlack, &kBlack, 0}, pixels, out);
  }

  const Layout* layout_ = nullptr;
  Target target_ = {};
  Placement placed_ = {};
  Axis columns_[2];
  Axis rows_[2];
  uint16_t* sums_ = nullptr;
  uint8_t* planar_[3] = {};
  uint8_t* bgra_ = nullptr;
  Quantiser* quantiser_ = nullptr;
};

}  // namespace

size_t convert_scratch_bytes(const ep_frame& frame, const ep_tensor_info& input) {
  Target target;
  if (!target_of(input, &target)) return 0;
  if (frame_bytes(frame.pixels, frame.width, frame.height) == 0) return 0;
  const Layout layout = frame_layout(nullptr, frame);
  size_t most = 0;
  for (const uint32_t fit : {EP_FIT_STRETCH, EP_FIT_CROP, EP_FIT_LETTERBOX}) {
    const Placement placed = place(frame, target, fit);
    most = std::max(most, Conversion::scratch_bytes(layout, placed, target));
  }
  return most;
}

int32_t convert(const void* pixels, const ep_frame& frame, const ep_convert_options& options,
                const ep_tensor_info& input, void* tensor, void* scratch, size_t scratch_bytes,
                ep_error* error) {
  Target target;
  if (!target_of(input, &target)) {
    return fail(error, EP_E_ARGUMENT,
                "input %.63s is not 1 x height x width x 3 (or 1) of float32, int8 or uint8: use a "
                "model that takes a picture",
                input.name);
  }
  if (frame_bytes(frame.pixels, frame.width, frame.height) == 0) {
    return fail(error, EP_E_ARGUMENT, "frame of %u x %u, format %u: sides must be 1 to %u",
                frame.width, frame.height, frame.pixels, kMaxFrameSide);
  }
  if (options.fit > EP_FIT_LETTERBOX) {
    return fail(error, EP_E_ARGUMENT, "fit %u: there are stretch, crop and letterbox", options.fit);
  }
  const Layout layout = frame_layout(pixels, frame);
  Scratch memory(scratch, scratch_bytes);
  Conversion conversion;
  if (!conversion.prepare(layout, place(frame, target, options.fit), target, &memory)) {
    return fail(error, EP_E_ARGUMENT, "scratch of %zu bytes is too small for a frame of %u x %u",
                scratch_bytes, frame.width, frame.height);
  }
  const int32_t status = conversion.quantiser()->prepare(input, options, error);
  if (status == EP_OK) conversion.run(static_cast<uint8_t*>(tensor));
  return status;
}

void convert_warm_up() {
  constexpr uint32_t kSide = 16;
  alignas(64) uint8_t scratch[16384];
  const uint8_t pixels[kSide * kSide * 3] = {};
  float tensor[4 * 4 * 3];
  const ep_convert_options options = {EP_FIT_STRETCH, 1, {}, {}};
  ep_frame frame = {};
  frame.width = kSide;
  frame.height = kSide;
  ep_tensor_info input = {};
  input.rank = 4;
  input.shape[0] = 1;
  input.shape[1] = input.shape[2] = 4;
  input.shape[3] = 3;
  for (const ep_type type : {EP_TYPE_FLOAT32, EP_TYPE_INT8, EP_TYPE_UINT8}) {
    input.type = type;
    input.bytes = type == EP_TYPE_FLOAT32 ? sizeof tensor : sizeof tensor / sizeof(float);
    for (uint32_t format = EP_PIXELS_RGB24; format <= EP_PIXELS_J420; ++format) {
      frame.pixels = format;
      convert(pixels, frame, options, input, tensor, scratch, sizeof scratch, nullptr);
    }
  }
}

}  // namespace ep

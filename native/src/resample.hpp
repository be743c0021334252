// Resampling of interleaved 8-bit samples, one output row at a time, without allocating.
//
// Downwards each output is the exact mean over the area that it covers, fractions at the edges
// included; upwards it is the linear interpolation between sample centres; at equal size it is the
// sample itself. Each axis chooses for itself.
//
// libyuv's scalers are not used because they take row buffers from malloc on every call, take whole
// samples only at the edges of a box, and do not scale packed RGB by area.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ep {

/** Memory handed out in order, 64-byte aligned. The owner knows beforehand what is needed. */
class Scratch {
 public:
  Scratch(void* memory, size_t bytes) : next_(static_cast<uint8_t*>(memory)), left_bytes_(bytes) {}

  static constexpr size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

  /** Null iff too little is left. */
  template <typename T>
  T* take(size_t count) {
    const size_t bytes = rounded(count * sizeof(T));
    if (bytes > left_bytes_) return nullptr;
    T* const taken = reinterpret_cast<T*>(next_);
    next_ += bytes;
    left_bytes_ -= bytes;
    return taken;
  }

 private:
  uint8_t* next_;
  size_t left_bytes_;
};

/**
 * One axis of a resampling: `outputs` outputs over [begin, begin + extent) of `samples` samples.
 * Every output is made of the same number of neighbouring samples, some perhaps of weight 0.
 */
class Axis {
 public:
  /** What `make` takes at most. */
  static size_t scratch_bytes(double extent, uint32_t samples, uint32_t outputs);

  /** The weights of an output sum to exactly `one`. False iff the scratch is too small. */
  bool make(double begin, double extent, uint32_t samples, uint32_t outputs, uint32_t one,
            Scratch* scratch);

  uint32_t outputs() const { return outputs_; }
  uint32_t taps() const { return taps_; }
  uint32_t first(uint32_t output) const { return firsts_[output]; }
  const uint32_t* weights(uint32_t output) const { return weights_ + size_t{output} * taps_; }
  /** Samples that are read: [first(0), end()). */
  uint32_t end() const { return firsts_[outputs_ - 1] + taps_; }

 private:
  uint32_t* start(uint32_t output, uint32_t first);
  void weigh_area(uint32_t output, double left, double step, uint32_t one);
  void weigh_linear(uint32_t output, double centre, uint32_t one);

  uint32_t* firsts_ = nullptr;
  uint32_t* weights_ = nullptr;
  uint32_t outputs_ = 0;
  uint32_t samples_ = 0;
  uint32_t taps_ = 0;
};

/** What an axis over rows and an axis over columns must sum to. 256 times 255 fits 16 bits, and
 *  that times 65536 fits 32. */
inline constexpr uint32_t kRowOne = 256;
inline constexpr uint32_t kColumnOne = 65536;

/** sums[i] = weighted sum over the output's rows at byte i, for i in [begin, end). */
void resample_rows(const uint8_t* rows, size_t row_bytes, const Axis& axis, uint32_t output,
                   size_t begin, size_t end, uint16_t* sums);

/** out[x] = weighted sum over the output's samples at sums[offset + sample * step], rounded. */
void resample_columns(const uint16_t* sums, uint32_t offset, uint32_t step, const Axis& axis,
                      uint8_t* out);

}  // namespace ep

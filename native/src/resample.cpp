#include "resample.hpp"

#include <algorithm>
#include <cmath>

namespace ep {
namespace {

uint32_t index_within(double position, uint32_t samples) {
  return static_cast<uint32_t>(std::clamp(position, 0.0, samples - 1.0));
}

void set_weighted(uint16_t* __restrict sums, const uint8_t* __restrict row, uint16_t weight,
                  size_t count) {
  for (size_t i = 0; i < count; ++i) sums[i] = static_cast<uint16_t>(row[i] * weight);
}

void add_weighted(uint16_t* __restrict sums, const uint8_t* __restrict row, uint16_t weight,
                  size_t count) {
  for (size_t i = 0; i < count; ++i) sums[i] = static_cast<uint16_t>(sums[i] + row[i] * weight);
}

void add_two_weighted(uint16_t* __restrict sums, const uint8_t* __restrict row, uint16_t weight,
                      const uint8_t* __restrict next, uint16_t next_weight, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    sums[i] = static_cast<uint16_t>(sums[i] + row[i] * weight + next[i] * next_weight);
  }
}

// A fixed number of taps lets the compiler unroll the inner loop; any other number is kAnyTaps.
constexpr uint32_t kAnyTaps = 0;

template <uint32_t kTaps>
void weigh_columns(const uint16_t* samples, uint32_t step, const Axis& axis, uint8_t* out) {
  constexpr uint32_t kHalf = 1u << 23;
  const uint32_t count = kTaps == kAnyTaps ? axis.taps() : kTaps;
  const uint32_t* weights = axis.weights(0);
  for (uint32_t x = 0; x < axis.outputs(); ++x, weights += count) {
    const uint16_t* sample = samples + size_t{axis.first(x)} * step;
    uint32_t sum = kHalf;
    for (uint32_t tap = 0; tap < count; ++tap, sample += step) sum += *sample * weights[tap];
    out[x] = static_cast<uint8_t>(sum >> 24);
  }
}

// Enough for an output of `step` samples that begins and ends inside one.
uint32_t taps_of(double step, uint32_t samples) {
  const uint32_t taps = step > 1 ? static_cast<uint32_t>(std::ceil(step)) + 1 : 2;
  return std::min(taps, samples);
}

}  // namespace

size_t Axis::scratch_bytes(double extent, uint32_t samples, uint32_t outputs) {
  const size_t taps = taps_of(extent / outputs, samples);
  return Scratch::rounded(outputs * sizeof(uint32_t)) +
         Scratch::rounded(outputs * taps * sizeof(uint32_t));
}

bool Axis::make(double begin, double extent, uint32_t samples, uint32_t outputs, uint32_t one,
                Scratch* scratch) {
  const double step = extent / outputs;
  outputs_ = outputs;
  samples_ = samples;
  taps_ = taps_of(step, samples);
  firsts_ = scratch->take<uint32_t>(outputs);
  weights_ = scratch->take<uint32_t>(size_t{outputs} * taps_);
  if (firsts_ == nullptr || weights_ == nullptr) return false;
  std::fill_n(weights_, size_t{outputs} * taps_, 0);
  for (uint32_t output = 0; output < outputs; ++output) {
    if (step > 1) {
      weigh_area(output, begin + output * step, step, one);
    } else {
      weigh_linear(output, begin + (output + 0.5) * step - 0.5, one);
    }
  }
  return true;
}

// All outputs have the same number of taps, so the last ones begin early enough to stay inside.
uint32_t* Axis::start(uint32_t output, uint32_t first) {
  firsts_[output] = std::min(first, samples_ - taps_);
  return weights_ + size_t{output} * taps_ + (first - firsts_[output]);
}

void Axis::weigh_area(uint32_t output, double left, double step, uint32_t one) {
  const uint32_t first = index_within(std::floor(left), samples_);
  const uint32_t last =
      std::clamp(index_within(std::ceil(left + step) - 1, samples_), first, first + taps_ - 1);
  uint32_t* const weights = start(output, first);
  // Differences of the rounded cumulated weight: they sum to `one`, and no partial sum is further
  // than half a unit from the true one.
  uint32_t cumulated = 0;
  for (uint32_t sample = first; sample <= last; ++sample) {
    const double covered = sample == last ? 1.0 : std::min(1.0, (sample + 1 - left) / step);
    const uint32_t rounded = static_cast<uint32_t>(std::lround(std::max(0.0, covered) * one));
    weights[sample - first] = rounded - cumulated;
    cumulated = rounded;
  }
}

void Axis::weigh_linear(uint32_t output, double centre, uint32_t one) {
  const double low = std::floor(centre);
  const uint32_t first = index_within(low, samples_);
  const uint32_t second = index_within(low + 1, samples_);
  const uint32_t weight = static_cast<uint32_t>(std::lround((centre - low) * one));
  uint32_t* const weights = start(output, first);
  weights[0] = one;
  if (second != first) {
    weights[0] = one - weight;
    weights[1] = weight;
  }
}

void resample_rows(const uint8_t* rows, size_t row_bytes, const Axis& axis, uint32_t output,
                   size_t begin, size_t end, uint16_t* sums) {
  const uint32_t* const weights = axis.weights(output);
  const uint8_t* row = rows + axis.first(output) * row_bytes + begin;
  const auto weight = [weights](uint32_t tap) { return static_cast<uint16_t>(weights[tap]); };
  set_weighted(sums + begin, row, weight(0), end - begin);
  uint32_t tap = 1;
  for (; tap + 1 < axis.taps(); tap += 2) {
    add_two_weighted(sums + begin, row + tap * row_bytes, weight(tap), row + (tap + 1) * row_bytes,
                     weight(tap + 1), end - begin);
  }
  if (tap < axis.taps() && weights[tap] != 0) {
    add_weighted(sums + begin, row + tap * row_bytes, weight(tap), end - begin);
  }
}

void resample_columns(const uint16_t* sums, uint32_t offset, uint32_t step, const Axis& axis,
                      uint8_t* out) {
  const uint16_t* const samples = sums + offset;
  switch (axis.taps()) {
    case 2:
      return weigh_columns<2>(samples, step, axis, out);
    case 3:
      return weigh_columns<3>(samples, step, axis, out);
    case 4:
      return weigh_columns<4>(samples, step, axis, out);
    case 5:
      return weigh_columns<5>(samples, step, axis, out);
    case 6:
      return weigh_columns<6>(samples, step, axis, out);
    case 7:
      return weigh_columns<7>(samples, step, axis, out);
    case 8:
      return weigh_columns<8>(samples, step, axis, out);
    default:
      return weigh_columns<kAnyTaps>(samples, step, axis, out);
  }
}

}  // namespace ep

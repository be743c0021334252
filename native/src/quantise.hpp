// From 8-bit red, green and blue to the values of an input tensor, by one table a channel.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

/** Red, green and blue of a row; the next pixel's stands `step` bytes on. */
struct RgbRow {
  const uint8_t* red;
  const uint8_t* green;
  const uint8_t* blue;
  size_t step;
};

class Quantiser {
 public:
  /** `input` is of float32, int8 or uint8 and of 1 or 3 channels. Fails with EP_E_ARGUMENT iff a
   *  std is 0, a mean or std is not finite, or the options need a scale that the input lacks. */
  int32_t prepare(const ep_tensor_info& input, const ep_convert_options& options, ep_error* error);

  void write(const RgbRow& row, size_t pixels, void* out) const;

 private:
  union Table {
    float real[256];
    uint8_t integer[256];  // int8 as its two's complement
  };

  template <typename T>
  void write_values(const RgbRow& row, size_t pixels, T* out) const;
  const float* values(uint32_t channel, float) const { return tables_[channel].real; }
  const uint8_t* values(uint32_t channel, uint8_t) const { return tables_[channel].integer; }

  Table tables_[3];
  bool is_float_;
  bool is_grey_;
};

}  // namespace ep

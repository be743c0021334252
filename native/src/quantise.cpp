#include "quantise.hpp"

#include <algorithm>
#include <cmath>

#include "error.hpp"

namespace ep {
namespace {

// BT.601's weights of red, green and blue, in 1/65536.
constexpr uint32_t kRed = 19595;
constexpr uint32_t kGreen = 38470;
constexpr uint32_t kBlue = 7471;

uint8_t luma(uint32_t red, uint32_t green, uint32_t blue) {
  return static_cast<uint8_t>((kRed * red + kGreen * green + kBlue * blue + 32768) >> 16);
}

constexpr float kAutomaticMean = 127.5F;
constexpr float kAutomaticStd = 127.5F;

}  // namespace

int32_t Quantiser::prepare(const ep_tensor_info& input, const ep_convert_options& options,
                           ep_error* error) {
  is_float_ = input.type == EP_TYPE_FLOAT32;
  is_grey_ = input.shape[3] == 1;
  const bool is_signed = input.type == EP_TYPE_INT8;
  const double least = is_signed ? -128 : 0;
  const bool automatic = options.automatic != 0;
  if (!automatic && !is_float_ && !(input.scale > 0)) {
    return fail(error, EP_E_ARGUMENT,
                "input %.63s has no scale to apply mean and std with: leave both out", input.name);
  }
  const uint32_t channels = is_grey_ ? 1 : 3;
  for (uint32_t channel = 0; channel < channels; ++channel) {
    const float mean = automatic ? kAutomaticMean : options.mean[channel];
    const float std = automatic ? kAutomaticStd : options.std[channel];
    if (!std::isfinite(mean) || !std::isfinite(std) || std == 0) {
      return fail(error, EP_E_ARGUMENT, "mean %g, std %g: both must be finite and std not 0",
                  static_cast<double>(mean), static_cast<double>(std));
    }
    for (int pixel = 0; pixel < 256; ++pixel) {
      const float real = (static_cast<float>(pixel) - mean) / std;
      if (is_float_) {
        tables_[channel].real[pixel] = real;
        continue;
      }
      const double exact =
          automatic ? pixel + least
                    : std::nearbyint(static_cast<double>(real) / input.scale) + input.zero_point;
      const int integer = static_cast<int>(std::clamp(exact, least, least + 255));
      tables_[channel].integer[pixel] = static_cast<uint8_t>(integer);
    }
  }
  return EP_OK;
}

template <typename T>
void Quantiser::write_values(const RgbRow& row, size_t pixels, T* out) const {
  const T* const first = values(0, T{});
  if (is_grey_) {
    for (size_t i = 0; i < pixels; ++i) {
      const size_t at = i * row.step;
      out[i] = first[luma(row.red[at], row.green[at], row.blue[at])];
    }
    return;
  }
  const T* const second = values(1, T{});
  const T* const third = values(2, T{});
  for (size_t i = 0; i < pixels; ++i) {
    const size_t at = i * row.step;
    out[i * 3] = first[row.red[at]];
    out[i * 3 + 1] = second[row.green[at]];
    out[i * 3 + 2] = third[row.blue[at]];
  }
}

void Quantiser::write(const RgbRow& row, size_t pixels, void* out) const {
  if (is_float_) {
    write_values(row, pixels, static_cast<float*>(out));
  } else {
    write_values(row, pixels, static_cast<uint8_t*>(out));
  }
}

}  // namespace ep

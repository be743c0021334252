// From a frame's pixels straight into an input tensor: resize, colour, quantise, row by row.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

/**
 * Scratch that `convert` needs for a frame and an input, a few rows; 0 iff the frame's format or a
 * side is out of range, or the input is not 1 x h x w x 3 (or 1) of float32, int8 or uint8.
 */
size_t convert_scratch_bytes(const ep_frame& frame, const ep_tensor_info& input);

/**
 * Fills `tensor`, the data of `input`, from `pixels`. Allocates nothing.
 *
 * Letterbox bars are black. An input of one channel takes the luma of R, G and B (BT.601), mean[0]
 * and std[0]. Fails with EP_E_ARGUMENT iff `convert_scratch_bytes` is 0 or more than
 * `scratch_bytes`, an option is out of range (a std of 0, a fit that there is not), or the options
 * are not automatic and the integer input has no scale.
 */
int32_t convert(const void* pixels, const ep_frame& frame, const ep_convert_options& options,
                const ep_tensor_info& input, void* tensor, void* scratch, size_t scratch_bytes,
                ep_error* error);

/** Runs every path once on a tiny frame, so that a thread's first frame finds the code mapped. */
void convert_warm_up();

}  // namespace ep

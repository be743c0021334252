// Tiny models that the runtime is warmed up with, so that what it makes once for itself is made in
// its own pool. They are written here: nothing needs to lie on a disk for the library to open.
#pragma once

#include <cstdint>
#include <vector>

#include "edgepool.h"

namespace ep {

/** A sound TensorFlow Lite file: convolution, fully connected, softmax, all of `type` (float32,
 *  int8 or uint8) with small constant weights. Format: tensorflow/lite/schema/schema.fbs. */
std::vector<uint8_t> make_warmup_model(ep_type type);

}  // namespace ep

// Is this a TensorFlow Lite model that the runtime can be given?
//
// The runtime trusts a file: an index or a size that lies makes it read and write out of bounds,
// divide by zero or follow a null pointer. What is checked here is what it takes for granted:
//   the bytes    every table, vector and string in bounds and aligned (FlatVerifier)
//   the graph    buffer, tensor, operator and subgraph indices; no tensor read before it is
//                written, no constant written, no subgraph that calls itself
//   the sizes    shapes whose product fits, constants exactly as long as their shape says
//   the options  strides, filters, blocks and channels that a kernel divides by
// A file that passes may still be refused by the runtime, which then says why.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

/** What a checked file holds: enough to choose the delegate's options. */
struct ModelTraits {
  bool has_int8;   // quantised int8 tensors
  bool has_uint8;  // quantised uint8 tensors
  bool open_size;  // the first input leaves height and width to whoever runs it
  uint32_t subgraphs;
  uint32_t tensors;
  uint32_t operators;
};

/** Checks a file's bytes; `name` stands in the message, `traits` may be null. Never reads outside
 *  [bytes, bytes + size), whatever they are. Any thread. */
int32_t check_model(const char* name, const uint8_t* bytes, size_t size, ModelTraits* traits,
                    ep_error* error);

}  // namespace ep

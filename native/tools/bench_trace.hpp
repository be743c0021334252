// What edgepool-trial has recorded of a model, as calls that can be made again.
#pragma once

#include <cstdint>
#include <vector>

namespace bench {

/** One call of a trace; blocks are numbered by when they come up. */
struct Call {
  uint8_t operation;
  uint32_t block;
  uint32_t alignment;
  uint64_t bytes;
};

struct Trace {
  std::vector<Call> calls;
  uint32_t blocks = 0;
  uint64_t peak_bytes = 0;
};

/** False where the file is no record, or holds nothing. */
bool read_trace(const char* path, Trace* trace);

}  // namespace bench

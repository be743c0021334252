// Where blocks are compressed and expanded, one at a time: two of them, in memory of the region.
#pragma once

#include <mutex>

#include "edgepool.h"

namespace ep {

struct Workspace {
  static constexpr uint64_t kBytes = EP_COMPRESSION_BYTES;
  static_assert(kBytes == uint64_t{2} * EP_SEALED_PIECE_BYTES);

  std::mutex mutex;  // held for a block, not for all of a model
  char* memory = nullptr;

  char* plain() const { return memory; }
  char* compressed() const { return memory + EP_SEALED_PIECE_BYTES; }
};

}  // namespace ep

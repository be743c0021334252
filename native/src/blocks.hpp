// What lies packed, in blocks, each of which is compressed by itself where that makes it smaller:
//
//   packed      │    0    │    1    │    2    │ 3 │
//   compressed  │  0  │    1    │ 2 │3│ given back ...
//
// A block never grows. So on the way there, from the first one on, each is written over what has
// been read; and on the way back, from the last one on, to where it was.
#pragma once

#include <cstdint>
#include <vector>

#include "compressor.hpp"
#include "packing.hpp"
#include "workspace.hpp"

namespace ep {

/** A sealed piece is a block. */
inline constexpr uint64_t kBlockBytes = EP_SEALED_PIECE_BYTES;

struct Block {
  uint64_t offset;
  uint64_t bytes;
  uint64_t live_bytes;  // expanded; the same iff it is not compressed
};

/** Where each block lies. */
class Blocks {
 public:
  Blocks() = default;
  /** As they are packed. */
  explicit Blocks(uint64_t live_bytes);
  /** Those that `ends` tells, compressed from so many bytes. */
  Blocks(uint64_t live_bytes, std::vector<uint64_t> ends);

  uint32_t count() const { return static_cast<uint32_t>(ends_.size()); }
  /** `number` is below `count`. */
  Block at(uint32_t number) const;
  uint64_t bytes() const { return ends_.empty() ? 0 : ends_.back(); }
  uint64_t live_bytes() const { return live_bytes_; }

 private:
  uint64_t live_bytes_ = 0;
  std::vector<uint64_t> ends_;
};

/** Compresses what lies packed at the start of the strip. What is behind it is undefined then. */
Blocks compress(const Strip& strip, uint64_t live_bytes, const Compressor& compressor,
                Workspace* workspace);

/** The reverse, in a strip that has room for all of it. False iff a block is not what `compress`
 * has made: then all of it is undefined. */
bool expand(const Strip& strip, const Blocks& blocks, const Compressor& compressor,
            Workspace* workspace);

}  // namespace ep

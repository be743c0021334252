#include "blocks.hpp"

#include <algorithm>
#include <utility>

namespace ep {
namespace {

// A block that would save less stays as it is: expanding it takes longer than moving what it saves.
uint64_t room_for(uint64_t live_bytes) { return live_bytes - live_bytes / 32; }

/** Returns how many bytes of it are at `to` then. */
uint64_t compress_block(const Strip& strip, const Block& block, uint64_t to,
                        const Compressor& compressor, Workspace* workspace) {
  const std::lock_guard lock(workspace->mutex);
  char* const plain = workspace->plain();
  char* const compressed = workspace->compressed();
  strip.read(block.offset, plain, block.bytes);
  const uint64_t written =
      compressor.compress(plain, block.bytes, compressed, room_for(block.bytes));
  const bool smaller = written != 0 && written < block.bytes;
  const uint64_t bytes = smaller ? written : block.bytes;
  if (smaller || to != block.offset) strip.write(to, smaller ? compressed : plain, bytes);
  return bytes;
}

bool expand_block(const Strip& strip, const Block& block, uint64_t to, const Compressor& compressor,
                  Workspace* workspace) {
  const bool smaller = block.bytes != block.live_bytes;
  if (!smaller && block.offset == to) return true;
  const std::lock_guard lock(workspace->mutex);
  char* const plain = workspace->plain();
  char* const compressed = workspace->compressed();
  strip.read(block.offset, smaller ? compressed : plain, block.bytes);
  if (smaller && !compressor.expand(compressed, block.bytes, plain, block.live_bytes)) return false;
  strip.write(to, plain, block.live_bytes);
  return true;
}

}  // namespace

Blocks::Blocks(uint64_t live_bytes) : live_bytes_(live_bytes) {
  for (uint64_t end = 0; end < live_bytes;) {
    end = std::min(end + kBlockBytes, live_bytes);
    ends_.push_back(end);
  }
}

Blocks::Blocks(uint64_t live_bytes, std::vector<uint64_t> ends)
    : live_bytes_(live_bytes), ends_(std::move(ends)) {}

Block Blocks::at(uint32_t number) const {
  const uint64_t offset = number == 0 ? 0 : ends_[number - 1];
  const uint64_t live_bytes = std::min(kBlockBytes, live_bytes_ - number * kBlockBytes);
  return {offset, ends_[number] - offset, live_bytes};
}

Blocks compress(const Strip& strip, uint64_t live_bytes, const Compressor& compressor,
                Workspace* workspace) {
  const Blocks packed(live_bytes);
  std::vector<uint64_t> ends;
  uint64_t to = 0;
  for (uint32_t i = 0; i < packed.count(); ++i) {
    to += compress_block(strip, packed.at(i), to, compressor, workspace);
    ends.push_back(to);
  }
  return {live_bytes, std::move(ends)};
}

bool expand(const Strip& strip, const Blocks& blocks, const Compressor& compressor,
            Workspace* workspace) {
  for (uint32_t i = blocks.count(); i-- > 0;) {
    if (!expand_block(strip, blocks.at(i), i * kBlockBytes, compressor, workspace)) return false;
  }
  return true;
}

}  // namespace ep

#include "packing.hpp"

#include <algorithm>
#include <cstring>

namespace ep {

Strip::Strip(const std::vector<Run>& runs, uint64_t granule_bytes, char* memory)
    : granule_bytes_(granule_bytes), memory_(memory) {
  for (const Run& run : runs) {
    stretches_.push_back({bytes_, run.count * granule_bytes, run});
    bytes_ += run.count * granule_bytes;
  }
}

const Strip::Stretch& Strip::stretch_at(uint64_t offset) const {
  const auto behind =
      std::upper_bound(stretches_.begin(), stretches_.end(), offset,
                       [](uint64_t where, const Stretch& each) { return where < each.begin; });
  return *(behind - 1);
}

char* Strip::at(uint64_t offset) const {
  const Stretch& stretch = stretch_at(offset);
  return memory_ + stretch.run.first * granule_bytes_ + (offset - stretch.begin);
}

uint64_t Strip::reach(uint64_t offset) const {
  const Stretch& stretch = stretch_at(offset);
  return stretch.begin + stretch.bytes - offset;
}

uint64_t Strip::reach_back(uint64_t offset) const { return offset - stretch_at(offset - 1).begin; }

void Strip::move_down(uint64_t to, uint64_t from, uint64_t bytes) const {
  while (bytes != 0) {
    const uint64_t part = std::min({bytes, reach(to), reach(from)});
    std::memmove(at(to), at(from), part);
    to += part;
    from += part;
    bytes -= part;
  }
}

void Strip::move_up(uint64_t to_end, uint64_t from_end, uint64_t bytes) const {
  while (bytes != 0) {
    const uint64_t part = std::min({bytes, reach_back(to_end), reach_back(from_end)});
    to_end -= part;
    from_end -= part;
    std::memmove(at(to_end), at(from_end), part);
    bytes -= part;
  }
}

uint64_t Strip::pack(const std::vector<Hole>& holes) const {
  uint64_t packed = holes.empty() ? bytes_ : holes.front().begin;
  for (size_t i = 0; i < holes.size(); ++i) {
    const uint64_t end = i + 1 < holes.size() ? holes[i + 1].begin : bytes_;
    move_down(packed, holes[i].end, end - holes[i].end);
    packed += end - holes[i].end;
  }
  return packed;
}

uint64_t Strip::unpack(const std::vector<Hole>& holes) const {
  uint64_t packed = packed_bytes(bytes_, holes);
  uint64_t moved = 0;
  for (size_t i = holes.size(); i-- > 0;) {
    const uint64_t end = i + 1 < holes.size() ? holes[i + 1].begin : bytes_;
    const uint64_t bytes = end - holes[i].end;
    move_up(end, packed, bytes);
    packed -= bytes;
    moved += bytes;
  }
  return moved;
}

std::vector<MemorySpan> Strip::spans(uint64_t offset, uint64_t bytes) const {
  std::vector<MemorySpan> spans;
  for (uint64_t done = 0; done < bytes;) {
    const uint64_t part = std::min(bytes - done, reach(offset + done));
    spans.push_back({at(offset + done), part});
    done += part;
  }
  return spans;
}

void Strip::read(uint64_t offset, char* out, uint64_t bytes) const {
  for (const MemorySpan& span : spans(offset, bytes)) {
    std::memcpy(out, span.at, span.bytes);
    out += span.bytes;
  }
}

void Strip::write(uint64_t offset, const char* from, uint64_t bytes) const {
  for (const MemorySpan& span : spans(offset, bytes)) {
    std::memcpy(span.at, from, span.bytes);
    from += span.bytes;
  }
}

uint64_t packed_bytes(uint64_t bytes, const std::vector<Hole>& holes) {
  for (const Hole& hole : holes) bytes -= hole.end - hole.begin;
  return bytes;
}

}  // namespace ep

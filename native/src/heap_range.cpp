// The heap's range: made, grown, shrunk, reset.
#include <algorithm>
#include <cstring>
#include <new>

#include "heap.hpp"
#include "heap_layout.hpp"

namespace ep {

using namespace layout;  // NOLINT(google-build-using-namespace): this class's own details

namespace {

constexpr uint64_t kGenerationSeed = 0x9e3779b97f4a7c15ULL;

}  // namespace

Heap* Heap::create(void* base, size_t bytes) {
  static_assert(sizeof(Heap) % kUnit == kHeaderBytes, "the first header follows directly");
  static_assert(alignof(Heap) == 8);
  if (bytes % kUnit != 0 || bytes > kMaxBytes || bytes < needed_bytes(0, kUnit)) return nullptr;
  Heap* heap = ::new (base) Heap();
  std::memset(static_cast<void*>(heap), 0, sizeof(Heap));
  heap->magic_ = kMagic;
  heap->size_bytes_ = bytes;
  heap->generation_ = kGenerationSeed;
  heap->format();
  return heap;
}

void Heap::format() {
  size_guard_ = ~size_bytes_;
  live_bytes_ = requested_bytes_ = live_blocks_ = peak_live_bytes_ = 0;
  peak_guard_ = ~uint64_t{0};
  row_bitmap_ = 0;
  next_large_high_ = 0;
  std::memset(column_bitmaps_, 0, sizeof column_bitmaps_);
  std::memset(heads_, 0, sizeof heads_);
  const Place first = sizeof(Heap) / kUnit;
  put(end(), {0, false, true, 0});
  make_free(first, end() - first);
}

void Heap::reset() {
  generation_ = generation_ * 0xd1342543de82ef95ULL + 1;
  frees_ += live_blocks_;
  format();
}

size_t Heap::overhead_bytes() { return sizeof(Heap) + kHeaderBytes; }

size_t Heap::needed_bytes(size_t bytes, size_t alignment) {
  if (bytes > kMaxBytes || alignment > kMaxBytes) return SIZE_MAX;
  size_t needed = overhead_bytes() + units_for(bytes) * kUnit;
  if (alignment > kUnit) needed += alignment + kUnit;
  return needed > kMaxBytes ? SIZE_MAX : needed;
}

void Heap::grow(size_t bytes) {
  Place place = end();
  uint32_t units = static_cast<uint32_t>(bytes / kUnit);
  const Header mark = get(place);
  size_bytes_ += bytes;
  size_guard_ = ~size_bytes_;
  put(end(), {0, false, true, 0});
  if (mark.previous_free) {
    *reinterpret_cast<Word*>(at(place) + kHeaderBytes) = 0;
    place = previous_of(place);
    const uint32_t tail = get(place).units;
    unlink(place, tail);
    units += tail;
  }
  make_free(place, units);
}

size_t Heap::growth_needed(size_t bytes, size_t alignment) const {
  if (bytes > kMaxBytes || alignment > kMaxBytes) return SIZE_MAX;
  const uint32_t units = units_for(bytes);
  if (find(units, alignment).place != 0) return 0;
  const Place last = end();
  const Place tail = get(last).previous_free ? previous_of(last) : last;
  const size_t reach = (uint64_t{tail} + lead_units(tail, alignment) + units + 1) * kUnit;
  if (reach > kMaxBytes) return SIZE_MAX;
  return std::max(reach - size_bytes_, kMinUnits * kUnit);
}

size_t Heap::tail_bytes() const {
  const Place last = end();
  return get(last).previous_free ? (last - previous_of(last)) * kUnit : 0;
}

size_t Heap::shrink(size_t bytes, size_t granule) {
  const Place last = end();
  if (!get(last).previous_free) return 0;
  const Place tail = previous_of(last);
  const uint32_t units = get(tail).units;
  const size_t spare = size_bytes_ > granule ? size_bytes_ - granule : 0;
  size_t cut = std::min({bytes, units * kUnit, spare}) / granule * granule;
  // The last block must not be left with less than a block's least size.
  if (units - cut / kUnit == 1) cut -= granule;
  if (cut == 0) return 0;
  unlink(tail, units);
  *reinterpret_cast<Word*>(at(tail) + kHeaderBytes) = 0;
  size_bytes_ -= cut;
  size_guard_ = ~size_bytes_;
  const uint32_t rest = units - static_cast<uint32_t>(cut / kUnit);
  put(end(), {0, false, rest != 0, 0});
  if (rest != 0) make_free(tail, rest);
  return cut;
}

}  // namespace ep

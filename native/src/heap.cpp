#include "heap.hpp"

#include <algorithm>
#include <bit>

#include "error.hpp"
#include "heap_layout.hpp"

namespace ep {

using namespace layout;  // NOLINT(google-build-using-namespace): this class's own details

namespace {

constexpr uint64_t kFreeBit = uint64_t{1} << 32;
constexpr uint64_t kPreviousFreeBit = uint64_t{1} << 33;
constexpr int kSlackShift = 34;
constexpr int kCheckShift = 42;
constexpr uint64_t kFields = (uint64_t{1} << kCheckShift) - 1;
constexpr int kPlaceShift = 21;  // across the sizes and the other fields

}  // namespace

// ── Places and headers ──

char* Heap::at(uint64_t units) const {
  return reinterpret_cast<char*>(const_cast<Heap*>(this)) + units * kUnit;
}

Heap::Place Heap::place_of(const void* block) const {
  const uintptr_t offset = reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(this);
  if (offset % kUnit != 0 || offset <= sizeof(Heap) || offset >= size_bytes_) {
    broken_invariant("no block of this heap", block);
  }
  return static_cast<Place>(offset / kUnit - 1);
}

Heap::Place Heap::end() const { return static_cast<Place>(size_bytes_ / kUnit - 1); }

uint64_t Heap::check_of(uint64_t fields, Place place, uint64_t generation) {
  // Multiplying by an odd number carries every bit of the fields and the place into the upper bits,
  // which are kept.
  const uint64_t key = generation + (uint64_t{place} << kPlaceShift);
  return (fields ^ key) * 0x9e3779b97f4a7c15ULL >> kCheckShift << kCheckShift;
}

uint64_t Heap::encode(const Header& header, Place place, uint64_t generation) {
  const uint64_t fields = header.units | (header.free ? kFreeBit : 0) |
                          (header.previous_free ? kPreviousFreeBit : 0) |
                          uint64_t{header.slack_bytes} << kSlackShift;
  return fields | check_of(fields, place, generation);
}

bool Heap::decode(uint64_t word, Place place, uint64_t generation, Header* out) {
  const uint64_t fields = word & kFields;
  *out = {static_cast<uint32_t>(fields), (fields & kFreeBit) != 0, (fields & kPreviousFreeBit) != 0,
          static_cast<uint32_t>(fields >> kSlackShift)};
  return (fields | check_of(fields, place, generation)) == word;
}

Heap::Header Heap::get(Place place) const {
  Header header;
  const char* address = at(place) + kHeaderBytes;
  if (!decode(*reinterpret_cast<const Word*>(address), place, generation_, &header)) {
    broken_invariant("a block's header was written over", address);
  }
  return header;
}

Heap::Header Heap::get_live(const void* block) const {
  const Place place = place_of(block);
  Header header;
  const char* address = at(place) + kHeaderBytes;
  const bool sound = decode(*reinterpret_cast<const Word*>(address), place, generation_, &header);
  if (!sound || header.free) {
    broken_invariant("not a live block (freed twice, or its header was written over)", block);
  }
  return header;
}

void Heap::put(Place place, const Header& header) {
  *reinterpret_cast<Word*>(at(place) + kHeaderBytes) = encode(header, place, generation_);
}

void Heap::set_previous_free(Place place, bool free) {
  Header header = get(place);
  header.previous_free = free;
  put(place, header);
}

Heap::Place Heap::previous_of(Place place) const {
  const uint64_t word = *reinterpret_cast<const Word*>(at(place));
  const auto previous = static_cast<Place>(word);
  if (word >> 32 != static_cast<Place>(~previous) || previous >= place) {
    broken_invariant("a free block was written to", at(place));
  }
  return previous;
}

// ── Size classes ──

uint32_t Heap::units_for(size_t bytes) {
  const size_t units = (bytes + kHeaderBytes + kUnit - 1) / kUnit;
  return std::max(static_cast<uint32_t>(units), kMinUnits);
}

Heap::Class Heap::class_of(uint32_t units) {
  if (units < kColumns) return {0, units};
  const auto exponent = static_cast<uint32_t>(std::bit_width(units)) - 1;
  return {exponent - kColumnBits + 1, (units >> (exponent - kColumnBits)) % kColumns};
}

void Heap::link(Place place, uint32_t units) {
  const Class c = class_of(units);
  const Place next = heads_[c.row][c.column];
  Half* links = reinterpret_cast<Half*>(at(place + 1));
  links[0] = next;
  links[1] = 0;
  if (next != 0) reinterpret_cast<Half*>(at(next + 1))[1] = place;
  heads_[c.row][c.column] = place;
  row_bitmap_ |= 1u << c.row;
  column_bitmaps_[c.row] |= 1u << c.column;
}

void Heap::unlink(Place place, uint32_t units) {
  const Class c = class_of(units);
  const Half* links = reinterpret_cast<const Half*>(at(place + 1));
  const Place next = links[0];
  const Place previous = links[1];
  const Place last = end();
  if (next >= last || previous >= last) broken_invariant("a free block was written to", links);
  Half* forward =
      previous == 0 ? &heads_[c.row][c.column] : reinterpret_cast<Half*>(at(previous + 1));
  Half* backward = next == 0 ? nullptr : reinterpret_cast<Half*>(at(next + 1)) + 1;
  if (*forward != place || (backward != nullptr && *backward != place)) {
    broken_invariant("a free block was written to", links);
  }
  *forward = next;
  if (backward != nullptr) *backward = previous;
  if (heads_[c.row][c.column] != 0) return;
  column_bitmaps_[c.row] &= ~(1u << c.column);
  if (column_bitmaps_[c.row] == 0) row_bitmap_ &= ~(1u << c.row);
}

bool Heap::next_class(Class* from) const {
  const uint32_t columns =
      from->column < kColumns ? column_bitmaps_[from->row] & (~0u << from->column) : 0;
  if (columns != 0) {
    from->column = static_cast<uint32_t>(std::countr_zero(columns));
    return true;
  }
  const uint32_t rows = row_bitmap_ & (~0u << from->row << 1);
  if (rows == 0) return false;
  from->row = static_cast<uint32_t>(std::countr_zero(rows));
  from->column = static_cast<uint32_t>(std::countr_zero(column_bitmaps_[from->row]));
  return true;
}

uint32_t Heap::lead_units(Place place, size_t alignment) const {
  if (alignment <= kUnit) return 0;
  const uintptr_t payload = reinterpret_cast<uintptr_t>(at(place + 1));
  const uintptr_t gap = (~payload + 1) & (alignment - 1);
  // What is left in front becomes a block, and a block has at least two units.
  return static_cast<uint32_t>((gap == kUnit ? gap + alignment : gap) / kUnit);
}

uint32_t Heap::high_lead_units(Place place, uint32_t room, uint32_t units, size_t alignment) const {
  const uint32_t lowest = lead_units(place, alignment);
  const auto payload = reinterpret_cast<uintptr_t>(at(uint64_t{place} + room - units + 1));
  const auto down = static_cast<uint32_t>((payload & (alignment - 1)) / kUnit);
  if (down + lowest >= room - units) return lowest;
  const uint32_t lead = room - units - down;
  return lead == 1 ? lowest : lead;
}

Heap::Fit Heap::find(uint32_t units, size_t alignment) const {
  uint64_t wanted = units;
  if (alignment > kUnit) wanted += alignment / kUnit + 1;
  if (wanted >= kColumns) {
    // Up to the next class: there, every block is large enough.
    wanted += (uint64_t{1} << (std::bit_width(wanted) - 1 - kColumnBits)) - 1;
  }
  if (wanted <= UINT32_MAX) {
    Class c = class_of(static_cast<uint32_t>(wanted));
    if (next_class(&c)) {
      const Place place = heads_[c.row][c.column];
      return {place, lead_units(place, alignment)};
    }
  }
  return find_exhaustively(units, alignment);
}

Heap::Fit Heap::find_exhaustively(uint32_t units, size_t alignment) const {
  for (Class c = class_of(units); next_class(&c); ++c.column) {
    Place place = heads_[c.row][c.column];
    while (place != 0) {
      const uint32_t lead = lead_units(place, alignment);
      if (uint64_t{lead} + units <= get(place).units) return {place, lead};
      place = *reinterpret_cast<const Half*>(at(place + 1));
    }
  }
  return {0, 0};
}

Heap::Class Heap::largest_class() const {
  const auto row = static_cast<uint32_t>(std::bit_width(row_bitmap_)) - 1;
  return {row, static_cast<uint32_t>(std::bit_width(column_bitmaps_[row])) - 1};
}

Heap::Fit Heap::find_towards(End side, uint32_t units, size_t alignment) const {
  const Fit fit = find(units, alignment);
  if (side == End::any || fit.place == 0) return fit;
  // The large free block lies between both ends. A hole on the wrong side of it is left to the
  // blocks of that side.
  const Class c = largest_class();
  const Place middle = heads_[c.row][c.column];
  const bool wrong_side = side == End::low ? fit.place > middle : fit.place < middle;
  const uint32_t lead = lead_units(middle, alignment);
  return wrong_side && uint64_t{lead} + units <= get(middle).units ? Fit{middle, lead} : fit;
}

bool Heap::goes_high(End side, size_t bytes) {
  if (side != End::any) return side == End::high;
  if (bytes < size_bytes_ / kLargeShare) return false;
  const bool high = next_large_high_ != 0;
  next_large_high_ = ~next_large_high_;
  return high;
}

// ── Blocks ──

void Heap::make_free(Place place, uint32_t units) {
  put(place, {units, true, false, 0});
  *reinterpret_cast<Word*>(at(uint64_t{place} + units)) =
      uint64_t{static_cast<Place>(~place)} << 32 | place;
  link(place, units);
}

void Heap::occupy(Place place, const Header& block, uint32_t units, size_t bytes) {
  uint32_t taken = block.units;
  const uint32_t rest = taken - units;
  const Place behind = place + taken;
  if (rest >= kMinUnits) {
    taken = units;
    make_free(place + units, rest);
  } else {
    set_previous_free(behind, false);
  }
  const size_t slack = taken * kUnit - kHeaderBytes - bytes;
  put(place, {taken, false, block.previous_free, static_cast<uint32_t>(slack)});
  live_bytes_ += taken * kUnit;
  requested_bytes_ += bytes;
}

void Heap::count_peak() {
  if (live_bytes_ <= peak_live_bytes_) return;
  peak_live_bytes_ = live_bytes_;
  peak_guard_ = ~live_bytes_;
}

void* Heap::allocate(size_t bytes, size_t alignment, End side) {
  if (bytes > kMaxBytes || alignment > kMaxBytes) return nullptr;
  const uint32_t units = units_for(bytes);
  Fit fit = find_towards(side, units, alignment);
  if (fit.place == 0) return nullptr;
  Header block = get(fit.place);
  if (goes_high(side, bytes)) {
    fit.lead_units = high_lead_units(fit.place, block.units, units, alignment);
  }
  unlink(fit.place, block.units);
  const Place place = fit.place + fit.lead_units;
  if (fit.lead_units != 0) {
    block.units -= fit.lead_units;
    put(place, {block.units, false, true, 0});
    make_free(fit.place, fit.lead_units);
    block.previous_free = true;
  }
  occupy(place, block, units, bytes);
  live_blocks_ += 1;
  allocations_ += 1;
  count_peak();
  return at(place + 1);
}

void Heap::free(void* block) {
  const Header header = get_live(block);
  Place place = place_of(block);
  uint32_t units = header.units;
  live_bytes_ -= units * kUnit;
  requested_bytes_ -= units * kUnit - kHeaderBytes - header.slack_bytes;
  live_blocks_ -= 1;
  frees_ += 1;

  const Place behind = place + units;
  Header next = get(behind);
  // Headers that no longer stand for a block are wiped, so that a second free is recognised.
  *reinterpret_cast<Word*>(at(place) + kHeaderBytes) = 0;
  if (next.free) {
    unlink(behind, next.units);
    *reinterpret_cast<Word*>(at(behind) + kHeaderBytes) = 0;
    units += next.units;
  } else {
    next.previous_free = true;
    put(behind, next);
  }
  if (header.previous_free) {
    const Place previous = previous_of(place);
    const Header before = get(previous);
    if (!before.free || previous + before.units != place) {
      broken_invariant("a free block was written to", at(previous + 1));
    }
    unlink(previous, before.units);
    place = previous;
    units += before.units;
  }
  make_free(place, units);
}

bool Heap::resize_in_place(void* block, size_t bytes) {
  Header header = get_live(block);
  if (bytes > kMaxBytes) return false;
  const Place place = place_of(block);
  const uint32_t old_units = header.units;
  const uint32_t units = units_for(bytes);
  const Place behind = place + old_units;
  Header next = get(behind);
  const uint64_t room = uint64_t{old_units} + (next.free ? next.units : 0);
  if (units > room) return false;
  if (next.free) {
    unlink(behind, next.units);
    *reinterpret_cast<Word*>(at(behind) + kHeaderBytes) = 0;
    header.units = static_cast<uint32_t>(room);
  } else if (old_units - units >= kMinUnits) {
    next.previous_free = true;
    put(behind, next);
  }
  live_bytes_ -= old_units * kUnit;
  requested_bytes_ -= old_units * kUnit - kHeaderBytes - header.slack_bytes;
  occupy(place, header, units, bytes);
  count_peak();
  return true;
}

size_t Heap::usable_bytes(const void* block) const {
  return get_live(block).units * kUnit - kHeaderBytes;
}

size_t Heap::requested_bytes(const void* block) const {
  const Header header = get_live(block);
  return header.units * kUnit - kHeaderBytes - header.slack_bytes;
}

HeapStats Heap::stats() const {
  uint32_t largest_units = 0;
  if (row_bitmap_ != 0) {
    const Class largest = largest_class();
    Place place = heads_[largest.row][largest.column];
    while (place != 0) {
      largest_units = std::max(largest_units, get(place).units);
      place = *reinterpret_cast<const Half*>(at(place + 1));
    }
  }
  HeapStats stats{};
  stats.size_bytes = size_bytes_;
  stats.live_bytes = live_bytes_;
  stats.requested_bytes = requested_bytes_;
  stats.peak_live_bytes = peak_live_bytes_;
  stats.free_bytes = size_bytes_ - overhead_bytes() - live_bytes_;
  stats.largest_free_bytes = largest_units == 0 ? 0 : largest_units * kUnit - kHeaderBytes;
  stats.live_blocks = live_blocks_;
  stats.allocations = allocations_;
  stats.frees = frees_;
  return stats;
}

}  // namespace ep

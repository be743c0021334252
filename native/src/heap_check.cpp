// The proof that a heap is sound, and the walk over its blocks.
#include "heap.hpp"
#include "heap_layout.hpp"

namespace ep {

using namespace layout;  // NOLINT(google-build-using-namespace): this class's own details

// Reads a heap that may have been written over: no place is followed before it was found to lie
// inside the range, and no loop is longer than the range has room for blocks.
struct HeapChecker {
  const Heap& heap;
  uint64_t live_bytes = 0;
  uint64_t requested_bytes = 0;
  uint64_t live_blocks = 0;
  uint64_t free_blocks = 0;

  static constexpr Heap::Place first() { return sizeof(Heap) / kUnit; }

  bool header(Heap::Place place, Heap::Header* out) const {
    const char* address = heap.at(place) + kHeaderBytes;
    return Heap::decode(*reinterpret_cast<const Word*>(address), place, heap.generation_, out);
  }

  const char* control() const {
    const uint64_t size = heap.size_bytes_;
    if (heap.size_guard_ != ~size) return "control block: size";
    if (size % kUnit != 0 || size > Heap::kMaxBytes || size < Heap::needed_bytes(0, kAlignment)) {
      return "control block: size";
    }
    for (const uint32_t word : heap.zero_) {
      if (word != 0) return "control block: filler";
    }
    if (heap.next_large_high_ != 0 && ~heap.next_large_high_ != 0) return "control block: end";
    if (heap.peak_guard_ != ~heap.peak_live_bytes_) return "control block: peak";
    if (heap.peak_live_bytes_ < heap.live_bytes_) return "control block: peak below live";
    if (heap.allocations_ - heap.frees_ != heap.live_blocks_) return "control block: counts";
    return nullptr;
  }

  const char* blocks() {
    const Heap::Place end = heap.end();
    Heap::Place place = first();
    Heap::Place previous = 0;
    bool previous_free = false;
    while (place < end) {
      Heap::Header h;
      if (!header(place, &h)) return "a block's header was written over";
      if (h.units < 2 || h.units > end - place) return "a block's size";
      if (const char* broken = neighbours(place, h, previous, previous_free)) return broken;
      if (h.free) {
        free_blocks += 1;
      } else {
        const uint64_t usable = h.units * kUnit - kHeaderBytes;
        if (h.slack_bytes > usable) return "a block's slack";
        live_blocks += 1;
        live_bytes += h.units * kUnit;
        requested_bytes += usable - h.slack_bytes;
      }
      previous = place;
      previous_free = h.free;
      place += h.units;
    }
    Heap::Header mark;
    if (!header(end, &mark)) return "the end mark was written over";
    if (mark.units != 0 || mark.free || mark.slack_bytes != 0) return "the end mark";
    return neighbours(end, mark, previous, previous_free);
  }

  const char* neighbours(Heap::Place place, const Heap::Header& h, Heap::Place previous,
                         bool previous_free) const {
    if (h.previous_free != previous_free) return "a block's idea of the one before it";
    if (!previous_free) return nullptr;
    if (h.free) return "two free blocks side by side";
    const uint64_t start = *reinterpret_cast<const Word*>(heap.at(place));
    const uint64_t expected = uint64_t{static_cast<Heap::Place>(~previous)} << 32 | previous;
    return start == expected ? nullptr : "where a free block starts";
  }

  const char* lists() const {
    uint64_t listed = 0;
    for (uint32_t row = 0; row < Heap::kRows; ++row) {
      const uint32_t columns = heap.column_bitmaps_[row];
      if ((heap.row_bitmap_ >> row & 1) != (columns != 0)) return "bitmap of rows";
      for (uint32_t column = 0; column < Heap::kColumns; ++column) {
        const Heap::Place head = heap.heads_[row][column];
        if ((columns >> column & 1) != (head != 0)) return "bitmap of columns";
        if (const char* broken = list(row, column, head, &listed)) return broken;
      }
    }
    if (heap.row_bitmap_ >> Heap::kRows != 0) return "bitmap of rows";
    return listed == free_blocks ? nullptr : "a free block in no list";
  }

  const char* list(uint32_t row, uint32_t column, Heap::Place head, uint64_t* listed) const {
    Heap::Place previous = 0;
    for (Heap::Place place = head; place != 0;) {
      if (place < first() || place >= heap.end()) return "a list leads out of the heap";
      if (++*listed > free_blocks) return "a list in a circle";
      Heap::Header h;
      if (!header(place, &h) || !h.free || h.units > heap.end() - place) {
        return "a list holds what is no free block";
      }
      const Heap::Class c = Heap::class_of(h.units);
      if (c.row != row || c.column != column) return "a free block in the wrong list";
      const Half* links = reinterpret_cast<const Half*>(heap.at(place + 1));
      if (links[1] != previous) return "a list's way back";
      previous = place;
      place = links[0];
    }
    return nullptr;
  }

  const char* sums() const {
    if (live_bytes != heap.live_bytes_) return "sum of live bytes";
    if (requested_bytes != heap.requested_bytes_) return "sum of requested bytes";
    if (live_blocks != heap.live_blocks_) return "count of live blocks";
    return nullptr;
  }
};

const char* Heap::check() const {
  HeapChecker checker{*this};
  if (magic_ != kMagic) return "control block: magic";
  if (const char* broken = checker.control()) return broken;
  if (const char* broken = checker.blocks()) return broken;
  if (const char* broken = checker.lists()) return broken;
  return checker.sums();
}

void Heap::walk(void (*visit)(void*, size_t, size_t, bool), void* context) const {
  const Place last = end();
  for (Place place = HeapChecker::first(); place < last;) {
    const Header header = get(place);
    visit(context, (uint64_t{place} + 1) * kAlignment, header.units * kAlignment, !header.free);
    place += header.units;
  }
}

void Heap::walk_unused(void (*visit)(void*, size_t, size_t), void* context) const {
  constexpr size_t kLinkBytes = 2 * sizeof(Half);
  for (uint32_t row = 0; row < kRows; ++row) {
    for (const Place head : heads_[row]) {
      for (Place place = head; place != 0;) {
        const size_t begin = (uint64_t{place} + 1) * kUnit + kLinkBytes;
        const size_t end = (uint64_t{place} + get(place).units) * kUnit;
        if (begin < end) visit(context, begin, end);
        place = *reinterpret_cast<const Half*>(at(place + 1));
      }
    }
  }
}

}  // namespace ep

// Two-level segregated-fit heap (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory
// allocator for real-time systems", ECRTS 2004) over one growing range of addresses.
//
// Everything the heap knows lies inside the range: a control block at its start, then blocks
// without gaps, then an end mark. Nothing outside points in, so the range can be dropped or moved
// out as it stands.
//
//   base                                                                    base + size
//   │ control │ header │ payload .... │ header │ payload ....  │ .... │ end mark │
//                      └ 16-byte aligned
//
//   used   header: 64 bits: size, whether it is free, whether its predecessor is free,
//                  the slack (usable minus requested bytes) and a check of 22 bits
//          payload: the caller's, up to the next header
//   free   the same header; in the payload: next and previous of its size class (4 bytes each)
//          and, in its last 8 bytes, where the block starts, for the successor to coalesce
//
// The check covers the header's other bits, its place and the heap's generation, which every reset
// changes. So a pointer into the middle of a block, a second free, a pointer from before a reset
// and a header that was written over are all told from a live block when it is freed or walked.
//
// Constant time: find a free block by two bitmap look-ups, split it, coalesce at once on free.
// A large block goes to the other end of its free block than the large one before it. Libraries
// grow scratch memory by taking a larger piece and freeing the smaller one; laid side by side, each
// hole would be a little too small for the next piece, at opposite ends it is free space in one
// piece. Who knows beforehand which blocks stay says so with each: those lie packed at the low end,
// the others come and go at the high end, and what is free stays in one piece between them (after
// Barrett, Zorn: "Using lifetime predictors to improve memory allocation performance", PLDI 1993).
// Only when no larger size class has a free block are the blocks of the request's own class
// tried one by one, so that null is returned iff no block fits. Not thread-safe; Pool locks. Aborts
// on a broken invariant that it comes across.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ep {

inline constexpr size_t kAlignment = 16;

struct HeapStats {
  uint64_t size_bytes;       // the range
  uint64_t live_bytes;       // taken: blocks with headers and padding
  uint64_t requested_bytes;  // what callers asked for
  uint64_t peak_live_bytes;
  uint64_t free_bytes;
  uint64_t largest_free_bytes;  // largest `allocate` of 16-byte alignment that succeeds
  uint64_t live_blocks;
  uint64_t allocations;
  uint64_t frees;
};

/** Where in the free memory a block goes. */
enum class End { any, low, high };

/** Lives at the start of its own range. */
class Heap {
 public:
  /** Largest range: places are kept as 32-bit counts of 16 bytes. */
  static constexpr size_t kMaxBytes = (size_t{1} << 36) - 4096;

  /** Makes a heap in `bytes` of zeroed or dirty memory at `base` (aligned to 4096).
   *  Null iff `bytes` is too small for the control block and one minimal block, above kMaxBytes
   *  or no multiple of 16. */
  static Heap* create(void* base, size_t bytes);

  /** Bytes of a fresh heap that no allocation can have: control block and end mark. The 8-byte
   *  header of a block counts as part of the block, free or taken. */
  static size_t overhead_bytes();

  /** The size a heap must have for one allocation of `bytes` at `alignment` to succeed in it.
   *  SIZE_MAX where none is large enough. */
  static size_t needed_bytes(size_t bytes, size_t alignment);

  /** Adds `bytes`, a multiple of 16 and at least 32, directly behind the range. */
  void grow(size_t bytes);
  /** By how much the range must grow at least for `allocate` to succeed; 0 where it succeeds now,
   *  SIZE_MAX where it never will. Constant time but for the 0. */
  size_t growth_needed(size_t bytes, size_t alignment) const;
  /** Bytes of the free block at the end, with its header; 0 if the last block is taken. */
  size_t tail_bytes() const;
  /** Takes bytes off the end of the range, as many as are free there, at most `bytes`, in whole
   *  `granule`s; returns how many. The caller unmaps them. One granule always stays. */
  size_t shrink(size_t bytes, size_t granule);
  /** Drops every block. Constant time. Counts them as freed; the peak starts again from 0. */
  void reset();

  /** `alignment` is a power of two. Null iff no free block can hold it, whatever the end. */
  void* allocate(size_t bytes, size_t alignment, End side = End::any);
  void free(void* block);
  /** In place where it fits or the next block is free; else false and nothing has changed. */
  bool resize_in_place(void* block, size_t bytes);
  /** Bytes the caller of `allocate` may use. */
  size_t usable_bytes(const void* block) const;
  size_t requested_bytes(const void* block) const;

  /** Linear in the free blocks of the largest size class, for `largest_free_bytes` is exact. */
  HeapStats stats() const;
  size_t size_bytes() const { return size_bytes_; }

  /** Walks every block, list and bitmap. Null iff all invariants hold, else the broken one.
   *  Follows nothing that it has not validated: safe on a heap that was written over. */
  const char* check() const;

  /** Calls `visit(context, offset, bytes, used)` for each block in order of address: the payload's
   *  offset from the base, and the block's bytes with its header. */
  void walk(void (*visit)(void*, size_t, size_t, bool), void* context) const;

  /** Calls `visit(context, begin, end)` for what of each free block the heap itself does not use,
   *  in offsets from the base, in no order: bytes whose contents may be lost. Linear in the free
   *  blocks. */
  void walk_unused(void (*visit)(void*, size_t, size_t), void* context) const;

 private:
  friend struct HeapChecker;

  static constexpr uint32_t kColumnBits = 5;
  static constexpr uint32_t kColumns = 1u << kColumnBits;
  static constexpr uint32_t kRows = 28;
  static constexpr size_t kLargeShare = 32;  // from this part of the range on, a block is large

  // A block by its place: its header is at base + 16 * place + 8, its payload at
  // base + 16 * (place + 1). 0 is no block. Sizes are in units of 16 bytes, header included.
  using Place = uint32_t;
  struct Header {
    uint32_t units;
    bool free;
    bool previous_free;
    uint32_t slack_bytes;
  };
  struct Class {
    uint32_t row;
    uint32_t column;
  };
  struct Fit {
    Place place;
    uint32_t lead_units;  // left in front for the alignment
  };

  Heap() = default;

  static uint32_t units_for(size_t bytes);
  static Class class_of(uint32_t units);
  static uint64_t check_of(uint64_t fields, Place place, uint64_t generation);
  static uint64_t encode(const Header& header, Place place, uint64_t generation);
  static bool decode(uint64_t word, Place place, uint64_t generation, Header* out);

  char* at(uint64_t units) const;
  Place place_of(const void* block) const;
  Place end() const;
  Header get(Place place) const;
  Header get_live(const void* block) const;
  void put(Place place, const Header& header);
  void set_previous_free(Place place, bool free);
  Place previous_of(Place place) const;

  void link(Place place, uint32_t units);
  void unlink(Place place, uint32_t units);
  /** The block behind must say, or be about to say, that its predecessor is free. */
  void make_free(Place place, uint32_t units);
  void occupy(Place place, const Header& block, uint32_t units, size_t bytes);
  bool next_class(Class* from) const;
  uint32_t lead_units(Place place, size_t alignment) const;
  uint32_t high_lead_units(Place place, uint32_t room, uint32_t units, size_t alignment) const;
  Class largest_class() const;
  Fit find(uint32_t units, size_t alignment) const;
  Fit find_towards(End side, uint32_t units, size_t alignment) const;
  bool goes_high(End side, size_t bytes);
  Fit find_exhaustively(uint32_t units, size_t alignment) const;
  void format();
  void count_peak();

  uint64_t magic_;
  uint64_t size_bytes_;
  uint64_t size_guard_;  // ~size_bytes_: the walk trusts the size
  uint64_t generation_;
  uint64_t live_bytes_;
  uint64_t requested_bytes_;
  uint64_t peak_live_bytes_;
  uint64_t peak_guard_;  // ~peak_live_bytes_: no walk can prove the peak
  uint64_t live_blocks_;
  uint64_t allocations_;
  uint64_t frees_;
  uint32_t row_bitmap_;
  uint32_t column_bitmaps_[kRows];
  Place heads_[kRows][kColumns];
  uint32_t next_large_high_;  // ~0 iff the next large block goes to the end of its free block
  uint32_t zero_[2];          // fills the control block up to a place for the first header
};

}  // namespace ep

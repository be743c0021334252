// Two-level segregated-fit heap (Masmano, Ripoll, Crespo, Real: "TLSF: a new dynamic memory
// allocator for real-time systems", ECRTS 2004) over one growing range of addresses.
//
// Everything the heap knows lies inside the range: a control block at its start, then blocks
// without gaps. Nothing outside points in, so the range can be dropped or moved out as it stands.
//
// Constant time: find a free block by two bitmap look-ups, split it, coalesce at once on free.
// Not thread-safe; Pool locks.
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

/** Lives at the start of its own range. */
class Heap {
 public:
  /** Makes a heap in `bytes` of zeroed or dirty memory at `base` (aligned to 4096).
   *  Null iff `bytes` is too small for the control block and one minimal block. */
  static Heap* create(void* base, size_t bytes);

  /** Bytes of a fresh heap that no allocation can have. */
  static size_t overhead_bytes();

  /** The size a heap must have for one allocation of `bytes` at `alignment` to succeed in it. */
  static size_t needed_bytes(size_t bytes, size_t alignment);

  /** Adds `bytes` directly behind the range. */
  void grow(size_t bytes);
  /** Takes bytes off the end of the range, as many as are free there, at most `bytes`, in whole
   *  `granule`s; returns how many. The caller unmaps them. */
  size_t shrink(size_t bytes, size_t granule);
  /** Drops every block. Constant time. */
  void reset();

  void* allocate(size_t bytes, size_t alignment);
  void free(void* block);
  /** In place where it fits or the next block is free; else null and nothing has changed. */
  bool resize_in_place(void* block, size_t bytes);
  /** Bytes the caller of `allocate` may use. */
  size_t usable_bytes(const void* block) const;
  size_t requested_bytes(const void* block) const;

  HeapStats stats() const;

  /** Walks every block, list and bitmap. Null iff all invariants hold, else the broken one. */
  const char* check() const;

  /** Calls `visit(context, offset, bytes, used)` for each block in order of address. */
  void walk(void (*visit)(void*, size_t, size_t, bool), void* context) const;

 private:
  Heap() = default;
};

}  // namespace ep

// How the memory of a pool is packed where it lies: what is live moves down, in order, over what is
// not, and up again to where it was.
//
//   whole    │control│ A │....│ B │ C │..............│ D │
//   packed   │control│ A │ B │ C │ D │ given back ........
//
// Down and up go through the region's own mapping of its chunks, so that the pool's window can be
// closed, or show something else, meanwhile.
#pragma once

#include <cstdint>
#include <vector>

#include "chunks.hpp"
#include "seal.hpp"

namespace ep {

/** Bytes of a heap that need not be kept, from its base on. */
struct Hole {
  uint64_t begin;
  uint64_t end;
};

/** The granules of a pool in the order of its window. */
class Strip {
 public:
  /** `memory`: where the region's granule 0 lies. */
  Strip(const std::vector<Run>& runs, uint64_t granule_bytes, char* memory);

  uint64_t bytes() const { return bytes_; }

  /** A run and where it begins in the window. */
  struct Stretch {
    uint64_t begin;
    uint64_t bytes;
    Run run;
  };
  const std::vector<Stretch>& stretches() const { return stretches_; }

  /** Moves what lies outside of `holes` (ascending, inside the strip) to the start; returns how
   *  many bytes that is. What is behind them is undefined then. */
  uint64_t pack(const std::vector<Hole>& holes) const;
  /** The reverse. Returns the bytes that had to move. */
  uint64_t unpack(const std::vector<Hole>& holes) const;

  /** Where `bytes` from `offset` on lie, in order. */
  std::vector<MemorySpan> spans(uint64_t offset, uint64_t bytes) const;
  /** Copies of them out and in. */
  void read(uint64_t offset, char* out, uint64_t bytes) const;
  void write(uint64_t offset, const char* from, uint64_t bytes) const;

 private:
  const Stretch& stretch_at(uint64_t offset) const;
  char* at(uint64_t offset) const;
  /** Bytes that follow, or precede, an offset without a gap. */
  uint64_t reach(uint64_t offset) const;
  uint64_t reach_back(uint64_t offset) const;
  void move_down(uint64_t to, uint64_t from, uint64_t bytes) const;
  void move_up(uint64_t to_end, uint64_t from_end, uint64_t bytes) const;

  std::vector<Stretch> stretches_;
  uint64_t granule_bytes_;
  char* memory_;
  uint64_t bytes_ = 0;
};

/** Bytes outside of `holes`. */
uint64_t packed_bytes(uint64_t bytes, const std::vector<Hole>& holes);

}  // namespace ep

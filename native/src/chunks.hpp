// Which chunk of the region belongs to which pool, and where the next run comes from.
//
// A granule is the least the region hands out: 16 KiB on ordinary pages, 2 MiB on huge ones. An
// extent is 2 MiB of the file, what one huge page can back. A plain data structure without system
// calls; Region locks.
#pragma once

#include <cstdint>
#include <memory>

namespace ep {

/** Granules that follow each other in the file. */
struct Run {
  uint32_t first;
  uint32_t count;
};

class Chunks {
 public:
  /** `per_extent` granules make an extent: 128, or 1 where a granule is one. */
  Chunks(uint32_t granules, uint32_t per_extent);

  /** Where a run is going to be mapped. */
  struct Site {
    uint32_t after;   // the granule behind the pool's last one in the file, or kNone
    uint32_t phase;   // granules from the last 2 MiB boundary of addresses
    bool free_phase;  // nothing is mapped yet: the window takes over the file's phase
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  /**
   * The best free run of at most `wanted` granules; count 0 iff nothing is free. In this order:
   *   what follows the pool's last run, for it costs no mapping;
   *   for an extent or more: whole extents, congruent to the address modulo 2 MiB, from the
   *   smallest run that has them all, else from the longest;
   *   the smallest run that is long enough, which spares whole extents, else the longest.
   * Linear in the granules, but for the first.
   */
  Run pick(uint32_t wanted, const Site& site) const;

  void assign(const Run& run, uint16_t owner);
  void release(const Run& run);

  uint32_t granules() const { return granules_; }
  uint32_t free_granules() const { return free_; }
  uint32_t longest_run() const;
  /** Pool id, 0 for free. */
  uint16_t owner(uint32_t granule) const { return owners_[granule]; }

  /** The last, or the first, whole extent that is all of one owner: its first granule; kNone iff
   *  there is none. */
  uint32_t last_extent_of(uint16_t owner) const;
  uint32_t first_extent_of(uint16_t owner) const;

 private:
  Run next_free_run(uint32_t from) const;
  Run pick_extents(uint32_t wanted, const Site& site) const;
  Run pick_plain(uint32_t wanted) const;
  bool is_extent_of(uint32_t first, uint16_t owner) const;

  std::unique_ptr<uint16_t[]> owners_;
  uint32_t granules_;
  uint32_t per_extent_;
  uint32_t free_;
};

}  // namespace ep

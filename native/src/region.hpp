// The region: memory (Master), addresses (Windows), who has which chunk (Chunks), the budget of
// mappings. Pools map and unmap; the region only keeps the books, under one short lock that is
// never held across a system call that takes long.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "chunks.hpp"
#include "compressor.hpp"
#include "edgepool.h"
#include "master.hpp"
#include "packing.hpp"
#include "parked_pools.hpp"
#include "windows.hpp"
#include "workspace.hpp"

namespace ep {

/** The unit of ep_region_map, and of the region on ordinary pages. */
inline constexpr uint64_t kGranuleBytes = 16384;

/** One mapping of a pool. The nodes are made with the region, one for each mapping of the budget,
 *  so that a pool that grows in the middle of an allocation allocates nothing itself. */
struct RunNode {
  Run run;
  uint32_t window_granule;  // where in the window, in granules
  uint32_t previous;        // the pool's mapping before this one; kNoNode for its first
};
inline constexpr uint32_t kNoNode = UINT32_MAX;
/** In place of a pool's id: the chunk's memory is the system's for now. */
inline constexpr uint16_t kLent = EP_OWNER_LENT;

/** What a pool holds of the region. Belongs to the pool, changes under the region's lock. */
struct Holding {
  uint16_t id = 0;
  uint32_t last_node = kNoNode;
  uint32_t nodes = 0;
  uint32_t granules = 0;
  bool phase_fixed = false;  // the first run must not choose where the window starts
};

/** A piece to be mapped next. */
struct Piece {
  Run run;
  uint32_t window_granule;
};

/** Where a part of a holding lies in the region's file. */
struct Stretch {
  uint64_t offset;
  uint64_t bytes;
};

}  // namespace ep

struct ep_region {
 public:
  static constexpr uint32_t kMaxPools = 1024;

  int32_t start(const ep_region_options& options, ep_error* error);

  /** An id and a window for a new pool. EP_E_REGION_FULL iff there is none left. */
  int32_t open_pool(ep_pool* pool, uint64_t window_bytes, ep::Holding* holding, char** window,
                    ep_error* error, const char* name);
  /** Takes everything back. The caller has closed the window. */
  void close_pool(ep::Holding* holding, char* window, uint64_t window_bytes);
  /** A further window of the pool with this id, whose chunks are the pool's too. */
  int32_t open_part(ep_pool* pool, uint16_t id, uint64_t window_bytes, ep::Holding* holding,
                    char** window, ep_error* error, const char* name);
  void close_part(ep::Holding* holding, char* window, uint64_t window_bytes);

  /**
   * Assigns the next run of at most `wanted` granules. EP_E_REGION_FULL iff nothing is free,
   * EP_E_MAPPINGS iff it would be a mapping too many. `phase` is where the window starts, in
   * granules from a 2 MiB boundary; a pool without runs may still choose it.
   */
  ep_status assign(ep::Holding* holding, uint32_t wanted, uint32_t phase, ep::Piece* out);
  /** Takes `granules` off the end of the holding. The caller has unmapped them. */
  void release_last(ep::Holding* holding, uint32_t granules);
  /** Bytes that `assign` would give until the chunks or the mappings end, at most `limit_bytes`. */
  uint64_t obtainable_bytes(const ep::Holding& holding, uint64_t limit_bytes, uint32_t phase);

  /** What the holding has now, in the order of its window. */
  ep::Strip strip(const ep::Holding& holding);

  /** True iff `bytes` are free, after pools that lie parked were packed where that makes it so. The
   *  caller holds no lock but that of a pool that is not parked. */
  bool make_room(uint64_t bytes);
  ep::ParkedPools& parked() { return parked_; }

  /** As ep_region_compress. */
  int32_t compress(uint32_t compression, ep_error* error);
  /** Null: nothing is compressed. */
  const ep::Compressor* compressor() const { return compressor_.load(); }
  /** Its memory is there from the first compressor on. */
  ep::Workspace* workspace() { return &workspace_; }

  /** As ep_region_lend and ep_region_take_back. */
  int32_t lend(uint64_t bytes, ep_error* error);
  int32_t take_back(uint64_t bytes, ep_error* error);

  /** Maps a piece at `address` and makes it present. False with errno set iff the kernel cannot. */
  bool map(char* address, const ep::Piece& piece) const;

  /** Where the first `bytes` of a holding lie in `memfd()`, in order; fewer where it has fewer. */
  std::vector<ep::Stretch> stretches(const ep::Holding& holding, uint64_t bytes);
  int memfd() const { return master_.fd(); }

  void get_stats(ep_region_stats* out);
  uint32_t map_owners(uint16_t* owners, uint32_t capacity);

  uint64_t granule_bytes() const { return granule_bytes_; }
  uint64_t capacity_bytes() const { return capacity_bytes_; }
  uint64_t free_bytes();
  uint32_t pools();

 private:
  char* take_window(ep_pool* pool, uint64_t bytes, const char* name, ep_error* error);
  bool merges(const ep::Holding& holding, const ep::Run& run) const;
  ep_status assign_locked(ep::Holding* holding, uint32_t wanted, uint32_t phase, ep::Piece* out);
  void release_last_locked(ep::Holding* holding, uint32_t granules);
  void free_node(ep::Holding* holding);
  int32_t take_workspace(ep_error* error);
  uint32_t claim_extent();
  uint32_t first_lent_extent();
  void free_extent(uint32_t first);

  std::mutex mutex_;
  uint64_t capacity_bytes_ = 0;
  uint64_t granule_bytes_ = ep::kGranuleBytes;
  ep::Master master_;
  ep::Windows windows_;
  std::unique_ptr<ep::Chunks> chunks_;
  std::unique_ptr<ep::RunNode[]> nodes_;
  uint32_t free_node_ = ep::kNoNode;
  uint32_t mappings_ = 0;
  uint32_t mapping_budget_ = 0;
  uint32_t pools_ = 0;
  uint64_t extents_lent_ = 0;  // since the start
  uint64_t extents_taken_back_ = 0;
  std::array<bool, kMaxPools> ids_{};
  ep::ParkedPools parked_;
  std::atomic<const ep::Compressor*> compressor_{nullptr};
  ep::Workspace workspace_;
  ep::Holding workspace_holding_;
};

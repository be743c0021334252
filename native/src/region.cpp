#include "region.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "error.hpp"
#include "limits.hpp"

namespace ep {
namespace {

constexpr uint32_t kDefaultBudget = 4096;
// Addresses for windows: the least window for every pool that there can be, and room for large
// ones to lie scattered.
constexpr uint64_t kLeastWindowBytes = 2 * kSlotBytes;
constexpr uint64_t kAddressesPerByte = 8;
constexpr uint64_t kMaxCapacityBytes = uint64_t{1} << 40;
// Granules are counted in 32 bits and owners kept in 16: far beyond any board.
static_assert(kMaxCapacityBytes / kGranuleBytes < UINT32_MAX);

// The budget must hold the region when every extent of it is mapped by itself, and the process
// must be able to hold the budget: each mapping can split the addresses around it once more.
int32_t check_budget(uint64_t capacity_bytes, uint32_t budget, ep_error* error) {
  const uint64_t extents = capacity_bytes / kExtentBytes;
  if (extents > budget) {
    return fail(error, EP_E_MAPPINGS, {capacity_bytes, budget * kExtentBytes, kExtentBytes},
                "region: %llu MiB need %llu mappings of 2 MiB, region.mapping_budget allows %u; "
                "raise it or lower region.capacity_mb",
                static_cast<unsigned long long>(capacity_bytes >> 20),
                static_cast<unsigned long long>(extents), budget);
  }
  const uint64_t most = max_map_count("") / 2;
  if (budget > most) {
    return fail(error, EP_E_MAPPINGS,
                "region: region.mapping_budget %u is above half of vm.max_map_count; "
                "lower it to %llu or raise the sysctl",
                budget, static_cast<unsigned long long>(most));
  }
  return EP_OK;
}

}  // namespace
}  // namespace ep

using ep::fail;

int32_t ep_region::start(const ep_region_options& options, ep_error* error) {
  if (options.capacity_bytes == 0) {
    return fail(error, EP_E_ARGUMENT, "region: capacity is 0; set region.capacity_mb");
  }
  if (options.lock > EP_LOCK_REQUIRED || options.pages > EP_PAGES_HUGETLB) {
    return fail(error, EP_E_ARGUMENT, "region: unknown region.lock or region.pages");
  }
  int32_t status = ep::Master::check_room(options, options.capacity_bytes, error);
  if (status != EP_OK) return status;
  if (options.capacity_bytes > ep::kMaxCapacityBytes) {
    return fail(error, EP_E_ARGUMENT, "region: more than 1 TiB; lower region.capacity_mb");
  }
  capacity_bytes_ =
      (options.capacity_bytes + ep::kExtentBytes - 1) / ep::kExtentBytes * ep::kExtentBytes;
  mapping_budget_ = options.mapping_budget == 0 ? ep::kDefaultBudget : options.mapping_budget;
  status = ep::check_budget(capacity_bytes_, mapping_budget_, error);
  if (status == EP_OK) status = master_.take(options, capacity_bytes_, error);
  if (status != EP_OK) return status;
  status = windows_.reserve(
      capacity_bytes_ * ep::kAddressesPerByte + kMaxPools * ep::kLeastWindowBytes, error);
  if (status != EP_OK) return status;

  if (master_.hugetlb()) granule_bytes_ = ep::kExtentBytes;
  chunks_ = std::make_unique<ep::Chunks>(static_cast<uint32_t>(capacity_bytes_ / granule_bytes_),
                                         static_cast<uint32_t>(ep::kExtentBytes / granule_bytes_));
  nodes_ = std::make_unique<ep::RunNode[]>(mapping_budget_);
  for (uint32_t i = mapping_budget_; i-- > 0;) {
    nodes_[i].previous = free_node_;
    free_node_ = i;
  }
  return EP_OK;
}

char* ep_region::take_window(ep_pool* pool, uint64_t bytes, const char* name, ep_error* error) {
  char* const window = windows_.take(bytes, pool);
  if (window == nullptr) {
    fail(error, EP_E_REGION_FULL,
         "pool %s: no %llu MiB of addresses left for its window; lower its quota or destroy a pool",
         name, static_cast<unsigned long long>(bytes >> 20));
  }
  return window;
}

int32_t ep_region::open_part(ep_pool* pool, uint16_t id, uint64_t window_bytes,
                             ep::Holding* holding, char** window, ep_error* error,
                             const char* name) {
  const std::lock_guard lock(mutex_);
  *window = take_window(pool, window_bytes, name, error);
  if (*window == nullptr) return EP_E_REGION_FULL;
  holding->id = id;
  return EP_OK;
}

void ep_region::close_part(ep::Holding* holding, char* window, uint64_t window_bytes) {
  const std::lock_guard lock(mutex_);
  windows_.give_back(window, window_bytes);
  release_last_locked(holding, holding->granules);
  *holding = {};
}

int32_t ep_region::open_pool(ep_pool* pool, uint64_t window_bytes, ep::Holding* holding,
                             char** window, ep_error* error, const char* name) {
  const std::lock_guard lock(mutex_);
  const auto id = std::find(ids_.begin() + 1, ids_.end(), false);
  if (id == ids_.end()) {
    return fail(error, EP_E_REGION_FULL, "pool %s: the region has %u pools; destroy one first",
                name, kMaxPools - 1);
  }
  *window = take_window(pool, window_bytes, name, error);
  if (*window == nullptr) return EP_E_REGION_FULL;
  *id = true;
  holding->id = static_cast<uint16_t>(id - ids_.begin());
  pools_ += 1;
  return EP_OK;
}

void ep_region::close_pool(ep::Holding* holding, char* window, uint64_t window_bytes) {
  const std::lock_guard lock(mutex_);
  windows_.give_back(window, window_bytes);
  release_last_locked(holding, holding->granules);
  pools_ -= 1;
  ids_[holding->id] = false;
  *holding = {};
}

// Runs that follow each other in the window and in the file become one mapping in the kernel. It
// never joins mappings of huge pages.
bool ep_region::merges(const ep::Holding& holding, const ep::Run& run) const {
  if (holding.last_node == ep::kNoNode || master_.hugetlb()) return false;
  const ep::Run& last = nodes_[holding.last_node].run;
  return last.first + last.count == run.first;
}

ep_status ep_region::assign(ep::Holding* holding, uint32_t wanted, uint32_t phase, ep::Piece* out) {
  const std::lock_guard lock(mutex_);
  return assign_locked(holding, wanted, phase, out);
}

ep_status ep_region::assign_locked(ep::Holding* holding, uint32_t wanted, uint32_t phase,
                                   ep::Piece* out) {
  const bool first = holding->last_node == ep::kNoNode && !holding->phase_fixed;
  const uint32_t per_extent = static_cast<uint32_t>(ep::kExtentBytes / granule_bytes_);
  ep::Chunks::Site site{ep::Chunks::kNone, (phase + holding->granules) % per_extent, first};
  if (holding->last_node != ep::kNoNode) {
    const ep::Run& last = nodes_[holding->last_node].run;
    site.after = last.first + last.count;
  }
  const ep::Run run = chunks_->pick(wanted, site);
  if (run.count == 0) return EP_E_REGION_FULL;
  if (merges(*holding, run)) {
    nodes_[holding->last_node].run.count += run.count;
  } else {
    if (free_node_ == ep::kNoNode) return EP_E_MAPPINGS;
    const uint32_t index = free_node_;
    free_node_ = nodes_[index].previous;
    nodes_[index] = {run, holding->granules, holding->last_node};
    holding->last_node = index;
    holding->nodes += 1;
    mappings_ += 1;
  }
  chunks_->assign(run, holding->id);
  *out = {run, holding->granules};
  holding->granules += run.count;
  return EP_OK;
}

void ep_region::free_node(ep::Holding* holding) {
  const uint32_t index = holding->last_node;
  holding->last_node = nodes_[index].previous;
  holding->nodes -= 1;
  mappings_ -= 1;
  nodes_[index].previous = free_node_;
  free_node_ = index;
}

void ep_region::release_last(ep::Holding* holding, uint32_t granules) {
  const std::lock_guard lock(mutex_);
  release_last_locked(holding, granules);
}

void ep_region::release_last_locked(ep::Holding* holding, uint32_t granules) {
  holding->granules -= granules;
  while (granules != 0) {
    ep::Run& last = nodes_[holding->last_node].run;
    const uint32_t count = std::min(granules, last.count);
    last.count -= count;
    chunks_->release({last.first + last.count, count});
    granules -= count;
    if (last.count == 0) free_node(holding);
  }
}

ep::Strip ep_region::strip(const ep::Holding& holding) {
  const std::lock_guard lock(mutex_);
  std::vector<ep::Run> runs(holding.nodes);
  uint32_t node = holding.last_node;
  for (uint32_t i = holding.nodes; i-- > 0; node = nodes_[node].previous)
    runs[i] = nodes_[node].run;
  return {runs, granule_bytes_, master_.base()};
}

bool ep_region::make_room(uint64_t bytes) {
  const uint64_t free = free_bytes();
  return free >= bytes || parked_.reclaim(bytes - free);
}

int32_t ep_region::compress(uint32_t compression, ep_error* error) {
  const ep::Compressor* compressor = nullptr;
  int32_t status = ep::find_compressor(compression, &compressor, error);
  if (status == EP_OK && compressor != nullptr) status = take_workspace(error);
  if (status == EP_OK) compressor_.store(compressor);
  return status;
}

// Through the region's own mapping, where only chunks that follow each other are one piece.
int32_t ep_region::take_workspace(ep_error* error) {
  const std::lock_guard lock(mutex_);
  if (workspace_.memory != nullptr) return EP_OK;
  const auto wanted = static_cast<uint32_t>(ep::Workspace::kBytes / granule_bytes_);
  const uint64_t longest = chunks_->longest_run() * granule_bytes_;
  const uint64_t free = chunks_->free_granules() * granule_bytes_;
  workspace_holding_.id = EP_OWNER_COMPRESSION;
  ep::Piece piece = {};
  const ep_status status = assign_locked(&workspace_holding_, wanted, 0, &piece);
  if (status != EP_OK || piece.run.count < wanted) {
    release_last_locked(&workspace_holding_, workspace_holding_.granules);
    return fail(error, EP_E_REGION_FULL, {ep::Workspace::kBytes, free, longest},
                "region: has no 2 MiB in one piece for compressing; raise region.capacity_mb or "
                "set parking.compress to none");
  }
  workspace_.memory = master_.base() + piece.run.first * granule_bytes_;
  return EP_OK;
}

uint64_t ep_region::obtainable_bytes(const ep::Holding& holding, uint64_t limit_bytes,
                                     uint32_t phase) {
  // Tried under one lock and taken back, so that nobody sees it.
  const std::lock_guard lock(mutex_);
  ep::Holding trial = holding;
  const auto limit = static_cast<uint32_t>(limit_bytes / granule_bytes_);
  ep::Piece piece;
  while (trial.granules - holding.granules < limit) {
    const uint32_t rest = limit - (trial.granules - holding.granules);
    if (assign_locked(&trial, rest, phase, &piece) != EP_OK) break;
  }
  const uint32_t granules = trial.granules - holding.granules;
  release_last_locked(&trial, granules);
  return granules * granule_bytes_;
}

bool ep_region::map(char* address, const ep::Piece& piece) const {
  const size_t bytes = piece.run.count * granule_bytes_;
  const auto offset = static_cast<off_t>(piece.run.first * granule_bytes_);
  void* mapped =
      mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, master_.fd(), offset);
  if (mapped == MAP_FAILED) return false;
  madvise(address, bytes, MADV_DONTFORK);
  madvise(address, bytes, MADV_DONTDUMP);
  return ep::populate(address, bytes);
}

std::vector<ep::Stretch> ep_region::stretches(const ep::Holding& holding, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  std::vector<ep::Stretch> all;
  for (uint32_t node = holding.last_node; node != ep::kNoNode; node = nodes_[node].previous) {
    const ep::Run& run = nodes_[node].run;
    all.push_back({run.first * granule_bytes_, run.count * granule_bytes_});
  }
  std::reverse(all.begin(), all.end());
  uint64_t left = bytes;
  for (ep::Stretch& stretch : all) {
    stretch.bytes = std::min(stretch.bytes, left);
    left -= stretch.bytes;
  }
  std::erase_if(all, [](const ep::Stretch& stretch) { return stretch.bytes == 0; });
  return all;
}

void ep_region::get_stats(ep_region_stats* out) {
  const std::lock_guard lock(mutex_);
  *out = {};
  const uint64_t free = chunks_->free_granules() * granule_bytes_;
  const uint64_t lent = (extents_lent_ - extents_taken_back_) * ep::kExtentBytes;
  out->capacity_bytes = capacity_bytes_;
  out->assigned_bytes = capacity_bytes_ - free - lent;
  out->mapped_bytes = out->assigned_bytes;
  out->unassigned_bytes = free;
  out->largest_run_bytes = chunks_->longest_run() * granule_bytes_;
  out->page_bytes =
      master_.hugetlb() ? ep::kExtentBytes : static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  out->lent_bytes = lent;
  out->extents_lent = extents_lent_;
  out->extents_taken_back = extents_taken_back_;
  out->mappings = mappings_;
  out->mapping_budget = mapping_budget_;
  out->pools = pools_;
  out->locked = master_.locked() ? 1 : 0;
  out->transparent_huge = master_.transparent_huge() ? 1 : 0;
}

uint32_t ep_region::map_owners(uint16_t* owners, uint32_t capacity) {
  const std::lock_guard lock(mutex_);
  const auto per_granule = static_cast<uint32_t>(granule_bytes_ / ep::kGranuleBytes);
  const uint32_t total = chunks_->granules() * per_granule;
  for (uint32_t i = 0; i < std::min(total, capacity); ++i) {
    owners[i] = chunks_->owner(i / per_granule);
  }
  return total;
}

uint64_t ep_region::free_bytes() {
  const std::lock_guard lock(mutex_);
  return chunks_->free_granules() * granule_bytes_;
}

uint32_t ep_region::pools() {
  const std::lock_guard lock(mutex_);
  return pools_;
}

// ── C ABI ──

uint32_t ep_abi_version(void) { return EP_ABI_VERSION; }

int32_t ep_region_create(const ep_region_options* options, ep_region** out, ep_error* error) {
  if (options == nullptr || out == nullptr) {
    return fail(error, EP_E_ARGUMENT, "region: no options or no place for the handle");
  }
  auto region = std::make_unique<ep_region>();
  const int32_t status = region->start(*options, error);
  if (status == EP_OK) *out = region.release();
  return status;
}

int32_t ep_region_destroy(ep_region* region, ep_error* error) {
  if (region == nullptr) return EP_OK;
  const uint32_t pools = region->pools();
  if (pools != 0) {
    return fail(error, EP_E_BUSY, "region: %u pools are left; destroy them first", pools);
  }
  delete region;
  return EP_OK;
}

void ep_region_get_stats(ep_region* region, ep_region_stats* out) { region->get_stats(out); }

uint32_t ep_region_map(ep_region* region, uint16_t* owners, uint32_t capacity) {
  return region->map_owners(owners, capacity);
}

int32_t ep_region_compress(ep_region* region, uint32_t compression, ep_error* error) {
  return region->compress(compression, error);
}

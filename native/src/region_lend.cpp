// Memory of the region that is the system's for a time, in whole extents: smaller holes would cost
// the region its huge pages. An extent belongs to kLent while its pages come and go, so no pool can
// be given it meanwhile, and the lock is not held across the system calls.
#include "error.hpp"
#include "region.hpp"

uint32_t ep_region::claim_extent() {
  const std::lock_guard lock(mutex_);
  const uint32_t first = chunks_->last_extent_of(0);
  if (first == ep::Chunks::kNone) return first;
  chunks_->assign({first, static_cast<uint32_t>(ep::kExtentBytes / granule_bytes_)}, ep::kLent);
  extents_lent_ += 1;
  return first;
}

uint32_t ep_region::first_lent_extent() {
  const std::lock_guard lock(mutex_);
  return chunks_->first_extent_of(ep::kLent);
}

void ep_region::free_extent(uint32_t first) {
  const std::lock_guard lock(mutex_);
  chunks_->release({first, static_cast<uint32_t>(ep::kExtentBytes / granule_bytes_)});
  extents_taken_back_ += 1;
}

int32_t ep_region::lend(uint64_t bytes, ep_error* error) {
  for (uint64_t left = bytes; left >= ep::kExtentBytes; left -= ep::kExtentBytes) {
    const uint32_t first = claim_extent();
    if (first == ep::Chunks::kNone) return EP_OK;
    if (master_.give_extent(first * granule_bytes_)) continue;
    const int32_t status = ep::fail_errno(error, "fallocate(FALLOC_FL_PUNCH_HOLE)", "region");
    free_extent(first);
    return status;
  }
  return EP_OK;
}

int32_t ep_region::take_back(uint64_t bytes, ep_error* error) {
  for (uint64_t left = bytes; left >= ep::kExtentBytes; left -= ep::kExtentBytes) {
    const uint32_t first = first_lent_extent();
    if (first == ep::Chunks::kNone) return EP_OK;
    const int32_t status = master_.retake_extent(first * granule_bytes_, error);
    if (status != EP_OK) return status;
    free_extent(first);
  }
  return EP_OK;
}

// ── C ABI ──

int32_t ep_region_lend(ep_region* region, uint64_t bytes, ep_error* error) {
  return region->lend(bytes, error);
}

int32_t ep_region_take_back(ep_region* region, uint64_t bytes, ep_error* error) {
  return region->take_back(bytes, error);
}

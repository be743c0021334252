#include "pool_part.hpp"

#include <algorithm>

#include "pool_state.hpp"

namespace ep {

int32_t PoolPart::open(ep_pool* pool, uint64_t window_bytes, const char* what, ep_error* error) {
  what_ = what;
  return pool->open_part(this, window_bytes, error);
}

int32_t PoolPart::resize(uint64_t bytes, ep_error* error) {
  return pool_->resize_part(this, bytes, error);
}

void PoolPart::close() {
  if (pool_ != nullptr) pool_->close_part(this);
}

std::vector<Stretch> PoolPart::stretches(uint64_t bytes) const {
  return pool_->region_->stretches(holding_, bytes);
}

int PoolPart::memfd() const { return pool_->region_->memfd(); }

}  // namespace ep

int32_t ep_pool::open_part(ep::PoolPart* part, uint64_t window_bytes, ep_error* error) {
  // One slot more, for it may start anywhere in its first 2 MiB.
  const uint64_t reserved = round_up(window_bytes) + ep::kSlotBytes;
  const int32_t status = region_->open_part(this, holding_.id, reserved, &part->holding_,
                                            &part->window_, error, name_);
  if (status != EP_OK) return status;
  part->pool_ = this;
  part->base_ = part->window_;
  part->window_bytes_ = round_up(window_bytes);
  part->reserved_bytes_ = reserved;
  hold();
  return EP_OK;
}

void ep_pool::close_part(ep::PoolPart* part) {
  const std::lock_guard lock(mutex_);
  const uint64_t mapped = part->holding_.granules * region_->granule_bytes();
  if (mapped != 0) ep::Windows::close(part->base_, mapped);
  parts_mapped_bytes_ -= mapped;
  parts_bytes_ -= part->bytes_;
  parts_runs_ -= part->holding_.nodes;
  if (mapped != 0) parts_ -= 1;
  region_->close_part(&part->holding_, part->window_, part->reserved_bytes_);
  part->pool_ = nullptr;
  release();
}

int32_t ep_pool::resize_part(ep::PoolPart* part, uint64_t bytes, ep_error* error) {
  const std::lock_guard lock(mutex_);
  if (bytes == 0 || bytes > part->window_bytes_) {
    return ep::fail(error, EP_E_ARGUMENT, "pool %s: %s of %llu bytes; its window allows 1 to %llu",
                    name_, part->what_, static_cast<unsigned long long>(bytes),
                    static_cast<unsigned long long>(part->window_bytes_));
  }
  const uint32_t runs = part->holding_.nodes;
  const uint64_t before = part->holding_.granules * region_->granule_bytes();
  const uint64_t wanted = round_up(bytes);
  // What is asked for counts against the quota, not what a larger page rounds it up to.
  const uint64_t others = mapped_bytes() + parts_bytes_ - part->bytes_;
  ep_status status = EP_OK;
  if (bytes > part->bytes_ && others + bytes > quota_bytes_) status = EP_E_POOL_FULL;
  if (status == EP_OK && wanted > before) status = map_part(part, wanted);
  if (status != EP_OK) {
    const ep::Figures f = figures(bytes);
    failures_ += 1;
    return ep::fail(error, status, f,
                    "pool %s has no room for %s: requested %llu bytes, available %llu, largest "
                    "free %llu: raise its quota, or use fewer or smaller frames",
                    name_, part->what_, static_cast<unsigned long long>(bytes),
                    static_cast<unsigned long long>(f.available_bytes),
                    static_cast<unsigned long long>(f.largest_free_bytes));
  }
  if (wanted < before) {
    ep::Windows::cut(part->base_, wanted, before);
    region_->release_last(&part->holding_,
                          static_cast<uint32_t>((before - wanted) / region_->granule_bytes()));
  }
  if (before == 0) parts_ += 1;
  parts_mapped_bytes_ += wanted - before;
  parts_bytes_ += bytes - part->bytes_;
  parts_peak_bytes_ = std::max(parts_peak_bytes_, parts_bytes_);
  parts_runs_ += part->holding_.nodes - runs;
  part->bytes_ = bytes;
  return EP_OK;
}

// Up to `wanted` mapped bytes, all or nothing.
ep_status ep_pool::map_part(ep::PoolPart* part, uint64_t wanted) {
  const uint64_t granule = region_->granule_bytes();
  const uint64_t before = part->holding_.granules * granule;
  if (!region_->make_room(wanted - before)) return EP_E_REGION_FULL;
  ep_status status = EP_OK;
  while (status == EP_OK && part->holding_.granules * granule < wanted) {
    const auto phase =
        static_cast<uint32_t>((part->base_ - part->window_) / static_cast<std::ptrdiff_t>(granule));
    const uint64_t rest = wanted - part->holding_.granules * granule;
    ep::Piece piece;
    status = region_->assign(&part->holding_, static_cast<uint32_t>(rest / granule), phase, &piece);
    if (status != EP_OK) break;
    if (piece.window_granule == 0) {
      part->base_ = part->window_ + piece.run.first * granule % ep::kSlotBytes;
    }
    if (!region_->map(part->base_ + piece.window_granule * granule, piece)) status = EP_E_MAPPINGS;
  }
  if (status == EP_OK) return EP_OK;
  const uint64_t excess = part->holding_.granules * granule - before;
  if (excess != 0) ep::Windows::cut(part->base_, before, before + excess);
  region_->release_last(&part->holding_, static_cast<uint32_t>(excess / granule));
  return status;
}

// A pool's life and its figures, and the C ABI of pools and recordings.
#include <algorithm>
#include <cstring>
#include <memory>

#include "pool_state.hpp"

using ep::fail;

namespace {

constexpr uint64_t kEmergencyBytes = uint64_t{64} << 10;

unsigned long long number(uint64_t value) { return value; }

}  // namespace

// ── Life ──

int32_t ep_pool::start(ep_region* region, const ep_pool_options& options, ep_error* error) {
  region_ = region;
  const size_t length = options.name == nullptr ? sizeof name_ : std::strlen(options.name);
  if (length >= sizeof name_) {
    return fail(error, EP_E_ARGUMENT, "pool: a name of at most %zu bytes is needed",
                sizeof name_ - 1);
  }
  std::memcpy(name_, options.name, length + 1);
  const uint32_t chunk = options.chunk_bytes;
  if (chunk != 0 && chunk != 16384 && chunk != 32768 && chunk != 2097152) {
    return fail(error, EP_E_ARGUMENT, "pool %s: chunk of %u bytes; take 16384, 32768 or 2097152",
                name_, chunk);
  }
  chunk_bytes_ = std::max<uint64_t>(chunk, region->granule_bytes());
  const uint64_t most = ep::Heap::kMaxBytes / ep::kSlotBytes * ep::kSlotBytes - 2 * ep::kSlotBytes;
  if (options.quota_bytes == 0 || options.quota_bytes > most || options.window_bytes > most) {
    return fail(error, EP_E_ARGUMENT, "pool %s: quota of %llu bytes; take 1 to %llu", name_,
                number(options.quota_bytes), number(most));
  }
  quota_bytes_ = round_up(options.quota_bytes);
  window_bytes_ = options.window_bytes == 0 ? quota_bytes_ : round_up(options.window_bytes);
  if (quota_bytes_ > window_bytes_ || options.planned_bytes > quota_bytes_) {
    return fail(error, EP_E_ARGUMENT,
                "pool %s: planned %llu, quota %llu, window %llu bytes must not decrease", name_,
                number(options.planned_bytes), number(quota_bytes_), number(window_bytes_));
  }
  emergency_bytes_ = round_up(kEmergencyBytes);
  // One slot more, for the window may start anywhere in its first 2 MiB.
  reserved_bytes_ = window_bytes_ + emergency_bytes_ + ep::kSlotBytes;
  const int32_t status =
      region->open_pool(this, reserved_bytes_, &holding_, &window_, error, name_);
  if (status != EP_OK) return status;
  base_ = window_;
  if (options.planned_bytes == 0) return EP_OK;
  const int32_t grown = grow(options.planned_bytes, error);
  if (grown != EP_OK) stop();
  return grown;
}

void ep_pool::stop() {
  if (mapped_bytes() != 0) ep::Windows::close(base_, mapped_bytes());
  region_->close_pool(&holding_, window_, reserved_bytes_);
}

int32_t ep_pool::reset(ep_error* error) {
  if (busy()) return fail(error, EP_E_BUSY, "pool %s: in use; unload its model first", name_);
  const std::lock_guard lock(mutex_);
  if (heap_ != nullptr) heap_->reset();
  // What workers drew from the emergency reserve goes back.
  if (mapped_bytes() > quota_bytes_) trim_locked(quota_bytes_);
  most_mapped_bytes_ = mapped_bytes();
  return EP_OK;
}

int32_t ep_pool::set_quota(uint64_t quota_bytes, ep_error* error) {
  const std::lock_guard lock(mutex_);
  if (check_resident(error) != EP_OK) return EP_E_STATE;
  if (quota_bytes == 0 || quota_bytes > window_bytes_) {
    return fail(error, EP_E_ARGUMENT, "pool %s: quota of %llu bytes; its window allows 1 to %llu",
                name_, number(quota_bytes), number(window_bytes_));
  }
  if (round_up(quota_bytes) < mapped_bytes() + parts_bytes_) {
    return fail(error, EP_E_BUSY, "pool %s: %llu bytes are mapped; trim it before a quota of %llu",
                name_, number(mapped_bytes() + parts_mapped_bytes_), number(quota_bytes));
  }
  quota_bytes_ = round_up(quota_bytes);
  return EP_OK;
}

int32_t ep_pool::fail_mapping(ep_error* error, ep_status status, uint64_t mapped_bytes) const {
  const uint64_t more = mapped_bytes - this->mapped_bytes();
  ep::Figures f = figures(more);
  const char* remedy = "";
  if (status == EP_E_POOL_FULL) remedy = "the pool's quota is used up; raise it";
  if (status == EP_E_REGION_FULL) remedy = "the region is full; raise region.capacity_mb";
  if (status == EP_E_MAPPINGS) remedy = "the mappings are used up; raise region.mapping_budget";
  return fail(error, status, f,
              "pool %s: %llu bytes requested, %llu available, largest free %llu: %s", name_,
              number(f.requested_bytes), number(f.available_bytes), number(f.largest_free_bytes),
              remedy);
}

int32_t ep_pool::grow(uint64_t mapped_bytes, ep_error* error) {
  const std::lock_guard lock(mutex_);
  if (check_resident(error) != EP_OK) return EP_E_STATE;
  if (mapped_bytes <= this->mapped_bytes()) return EP_OK;
  ep_status status = EP_E_POOL_FULL;
  if (mapped_bytes - this->mapped_bytes() <= room_bytes(quota_bytes_))
    status = map_more(round_up(mapped_bytes) - this->mapped_bytes());
  return status == EP_OK ? EP_OK : fail_mapping(error, status, mapped_bytes);
}

void ep_pool::trim(uint64_t mapped_bytes) {
  const std::lock_guard lock(mutex_);
  trim_locked(mapped_bytes);
}

void ep_pool::trim_locked(uint64_t mapped_bytes) {
  const uint64_t before = this->mapped_bytes();
  if (heap_ == nullptr || mapped_bytes >= before) return;
  const uint64_t cut = heap_->shrink(before - mapped_bytes, chunk_bytes_);
  if (cut == 0) return;
  ep::Windows::cut(base_, before - cut, before);
  region_->release_last(&holding_, static_cast<uint32_t>(cut / region_->granule_bytes()));
}

// ── Figures ──

ep::Refusal ep_pool::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

void ep_pool::clear_refusal() {
  const std::lock_guard lock(mutex_);
  refusal_ = {};
}

int32_t ep_pool::check(ep_error* error) {
  const std::lock_guard lock(mutex_);
  if (check_resident(error) != EP_OK) return EP_E_STATE;
  if (heap_ == nullptr) return EP_OK;
  const char* broken = heap_->check();
  if (broken == nullptr && heap_->size_bytes() != mapped_bytes()) broken = "the heap's size";
  if (broken == nullptr) return EP_OK;
  return fail(error, EP_E_STATE, "pool %s: the heap is broken: %s", name_, broken);
}

void ep_pool::get_stats(ep_pool_stats* out) {
  const std::lock_guard lock(mutex_);
  const ep::HeapStats heap = heap_ == nullptr ? parking_.stats : heap_->stats();
  *out = {};
  out->id = holding_.id;
  out->chunk_bytes = static_cast<uint32_t>(chunk_bytes_);
  out->quota_bytes = quota_bytes_;
  out->mapped_bytes = mapped_bytes() + parts_mapped_bytes_;
  out->live_bytes = heap.live_bytes + parts_mapped_bytes_;
  out->requested_bytes = heap.requested_bytes + parts_bytes_;
  // At most: the two peaks need not have come at once.
  out->peak_live_bytes = heap.peak_live_bytes + parts_peak_bytes_;
  out->free_bytes = heap.free_bytes;
  out->largest_free_bytes = heap.largest_free_bytes;
  out->allocations = heap.allocations;
  out->frees = heap.frees;
  out->failures = failures_;
  out->live_blocks = heap.live_blocks + parts_;
  out->runs = holding_.nodes + parts_runs_;
  {
    const std::lock_guard threads_lock(threads_mutex_);
    out->threads = threads_;
  }
  const auto share = [](uint64_t part, uint64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  out->external_fragmentation = share(heap.free_bytes - heap.largest_free_bytes, out->mapped_bytes);
  out->internal_fragmentation = share(out->live_bytes - out->requested_bytes, out->live_bytes);
  out->utilisation = share(out->peak_live_bytes, most_mapped_bytes_ + parts_mapped_bytes_);
  out->headroom = 1.0 - share(out->peak_live_bytes, quota_bytes_);
}

uint32_t ep_pool::blocks(ep_block* blocks, uint32_t capacity) {
  struct Visit {
    ep_block* blocks;
    uint32_t capacity;
    uint32_t count;
  } visit{blocks, capacity, 0};
  const std::lock_guard lock(mutex_);
  if (heap_ == nullptr) return 0;
  heap_->walk(
      [](void* context, size_t offset, size_t bytes, bool used) {
        auto* v = static_cast<Visit*>(context);
        if (v->count < v->capacity) v->blocks[v->count] = {offset, bytes, used ? 1u : 0u, 0};
        v->count += 1;
      },
      &visit);
  return visit.count;
}

void ep_pool::fail_nth(uint64_t n) {
  const std::lock_guard lock(mutex_);
  fail_countdown_ = n;
}

int32_t ep_pool::place(const uint8_t* ends, uint32_t count, ep_error* error) {
  if (ends == nullptr && count != 0) {
    return fail(error, EP_E_ARGUMENT, "pool %s: the ends of %u allocations are missing", name_,
                count);
  }
  const std::lock_guard lock(mutex_);
  ends_.assign(ends, ends + (count + 7) / 8);
  ends_count_ = count;
  ends_used_ = 0;
  return EP_OK;
}

int32_t ep_pool::record(uint32_t capacity, ep_error* error) {
  const std::lock_guard lock(mutex_);
  return recording_.start(capacity) ? EP_OK : ep::fail_errno(error, "mmap", "recording");
}

uint32_t ep_pool::records(ep_record* records, uint32_t capacity) {
  const std::lock_guard lock(mutex_);
  return recording_.copy(records, capacity);
}

// ── C ABI ──

int32_t ep_pool_create(ep_region* region, const ep_pool_options* options, ep_pool** out,
                       ep_error* error) {
  if (region == nullptr || options == nullptr || out == nullptr) {
    return fail(error, EP_E_ARGUMENT, "pool: no region, no options or no place for the handle");
  }
  auto pool = std::make_unique<ep_pool>();
  const int32_t status = pool->start(region, *options, error);
  if (status == EP_OK) *out = pool.release();
  return status;
}

int32_t ep_pool_destroy(ep_pool* pool, ep_error* error) {
  if (pool == nullptr) return EP_OK;
  if (pool->busy()) {
    return fail(error, EP_E_BUSY, "pool %s: in use; unload its model first", pool->name());
  }
  pool->stop();
  delete pool;
  return EP_OK;
}

int32_t ep_pool_reset(ep_pool* pool, ep_error* error) { return pool->reset(error); }

int32_t ep_pool_set_quota(ep_pool* pool, uint64_t quota_bytes, ep_error* error) {
  return pool->set_quota(quota_bytes, error);
}

int32_t ep_pool_grow(ep_pool* pool, uint64_t mapped_bytes, ep_error* error) {
  return pool->grow(mapped_bytes, error);
}

int32_t ep_pool_trim(ep_pool* pool, uint64_t mapped_bytes, ep_error*) {
  pool->trim(mapped_bytes);
  return EP_OK;
}

void* ep_pool_alloc(ep_pool* pool, uint64_t bytes, uint64_t alignment) {
  return pool->allocate(bytes, alignment, false);
}

void ep_pool_free(ep_pool* pool, void* block) { pool->free(block); }
void ep_pool_get_stats(ep_pool* pool, ep_pool_stats* out) { pool->get_stats(out); }
int32_t ep_pool_check(ep_pool* pool, ep_error* error) { return pool->check(error); }

uint32_t ep_pool_blocks(ep_pool* pool, ep_block* blocks, uint32_t capacity) {
  return pool->blocks(blocks, capacity);
}

void ep_pool_fail_nth(ep_pool* pool, uint64_t n) { pool->fail_nth(n); }

int32_t ep_pool_place(ep_pool* pool, const uint8_t* ends, uint32_t count, ep_error* error) {
  return pool->place(ends, count, error);
}

int32_t ep_pool_record(ep_pool* pool, uint32_t capacity, ep_error* error) {
  return pool->record(capacity, error);
}

uint32_t ep_pool_records(ep_pool* pool, ep_record* records, uint32_t capacity) {
  return pool->records(records, capacity);
}

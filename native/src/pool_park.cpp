// A pool that is parked: its window's contents stay as they are, are packed where they lie, go
// elsewhere and come back; the window shows them again at the same addresses, bit for bit.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "pool_state.hpp"

using ep::fail;

namespace {

// What is between two of these moves as one piece, and a smaller hole with it.
constexpr uint64_t kLeastHoleBytes = 4096;

uint64_t page_bytes() { return static_cast<uint64_t>(sysconf(_SC_PAGESIZE)); }

std::vector<ep::Hole> holes_of(const ep::Heap& heap) {
  std::vector<ep::Hole> holes;
  heap.walk_unused(
      [](void* context, size_t begin, size_t end) {
        if (end - begin < kLeastHoleBytes) return;
        static_cast<std::vector<ep::Hole>*>(context)->push_back({begin, end});
      },
      &holes);
  std::sort(holes.begin(), holes.end(),
            [](const ep::Hole& a, const ep::Hole& b) { return a.begin < b.begin; });
  return holes;
}

/** Puts a private copy of the page in its place. Who looks there sees the same all the time. */
bool keep_page(uintptr_t page) {
  const uint64_t bytes = page_bytes();
  void* const copy =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return false;
  std::memcpy(copy, reinterpret_cast<const void*>(page), bytes);
  madvise(copy, bytes, MADV_DONTFORK);
  madvise(copy, bytes, MADV_DONTDUMP);
  void* const place = reinterpret_cast<void*>(page);
  if (mremap(copy, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place) return true;
  munmap(copy, bytes);
  return false;
}

}  // namespace

int32_t ep_pool::check_resident(ep_error* error) const {
  if (parking_.residence == EP_RESIDENT) return EP_OK;
  return fail(error, EP_E_STATE, "pool %s: is parked; restore its model first", name_);
}

// ── Parking ──

int32_t ep_pool::park(std::vector<uintptr_t> pages, ep_error* error) {
  {
    const std::lock_guard lock(mutex_);
    if (check_resident(error) != EP_OK) return EP_E_STATE;
    if (heap_ == nullptr || parts_ != 0) {
      return fail(error, EP_E_STATE, "pool %s: only a model's pool can be parked", name_);
    }
    parking_ = {};
    parking_.residence = EP_PARKED;
    parking_.stats = heap_->stats();
    parking_.heap_bytes = mapped_bytes();
    parking_.mapped_bytes = mapped_bytes();
    parking_.holes = holes_of(*heap_);
    parking_.blocks = ep::Blocks(ep::packed_bytes(mapped_bytes(), parking_.holes));
    parking_.compressor = region_->compressor();
    std::sort(pages.begin(), pages.end());
    pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
    parking_.pages = std::move(pages);
    // Every entry finds no heap from now on.
    parking_.heap = heap_;
    heap_ = nullptr;
  }
  region_->parked().add(this);
  return EP_OK;
}

// A page of the system's cannot stand in a window of huge pages.
bool ep_pool::can_pack() const {
  return parking_.residence == EP_PARKED &&
         (parking_.pages.empty() || region_->granule_bytes() < ep::kSlotBytes);
}

uint64_t ep_pool::spare_bytes() const {
  const std::lock_guard lock(mutex_);
  if (!can_pack()) return 0;
  return parking_.heap_bytes -
         (parking_.compressor == nullptr ? round_up(parking_.blocks.bytes()) : 0);
}

uint64_t ep_pool::pack() {
  // Nobody else packs it meanwhile.
  region_->parked().remove(this);
  std::unique_lock lock(mutex_);
  const uint64_t given_back = pack_whole(&lock);
  const bool whole = parking_.residence == EP_PARKED;
  lock.unlock();
  if (whole) region_->parked().add(this);
  return given_back;
}

uint64_t ep_pool::give_way() {
  std::unique_lock lock(mutex_);
  return pack_whole(&lock);
}

void ep_pool::move_together(std::unique_lock<ep::Lock>* lock) {
  const ep::Strip strip = region_->strip(holding_);
  ep::Blocks blocks = parking_.blocks;
  lock->unlock();
  strip.pack(parking_.holes);
  if (parking_.compressor != nullptr) {
    blocks = ep::compress(strip, blocks.live_bytes(), *parking_.compressor, region_->workspace());
  }
  lock->lock();
  parking_.blocks = std::move(blocks);
}

uint64_t ep_pool::pack_whole(std::unique_lock<ep::Lock>* lock) {
  if (!can_pack()) return 0;
  for (const uintptr_t page : parking_.pages) {
    if (!keep_page(page)) return 0;
  }
  move_together(lock);
  parking_.residence = EP_PACKED;
  parking_.stats.free_bytes = parking_.stats.largest_free_bytes = 0;
  const uint64_t before = mapped_bytes();
  const uint64_t kept = round_up(parking_.blocks.bytes());
  if (kept >= before) return 0;
  close_window(kept, before);
  region_->release_last(&holding_,
                        static_cast<uint32_t>((before - kept) / region_->granule_bytes()));
  parking_.mapped_bytes = kept;
  return before - kept;
}

// All but the pages on which threads sleep, each of which is a private copy now.
void ep_pool::close_window(uint64_t from, uint64_t to) {
  for (const uintptr_t page : parking_.pages) {
    const uint64_t offset = page - reinterpret_cast<uintptr_t>(base_);
    if (offset < from || offset >= to) continue;
    if (offset > from) ep::Windows::close(base_ + from, offset - from);
    from = offset + page_bytes();
  }
  if (to > from) ep::Windows::close(base_ + from, to - from);
}

// ── Elsewhere ──

bool ep_pool::find_block(uint32_t number, ep::Block* out) const {
  const std::lock_guard lock(mutex_);
  if (number >= parking_.blocks.count()) return false;
  *out = parking_.blocks.at(number);
  return true;
}

int32_t ep_pool::look_packed(uint64_t offset, uint64_t bytes, std::vector<ep::MemorySpan>* out,
                             ep_error* error) {
  const std::lock_guard lock(mutex_);
  if (parking_.residence != EP_PACKED) {
    return fail(error, EP_E_STATE, "pool %s: is not packed", name_);
  }
  const uint64_t packed_bytes = parking_.blocks.bytes();
  if (offset > packed_bytes || bytes > packed_bytes - offset) {
    return fail(error, EP_E_ARGUMENT, "pool %s: has %llu packed bytes", name_,
                static_cast<unsigned long long>(packed_bytes));
  }
  *out = region_->strip(holding_).spans(offset, bytes);
  return EP_OK;
}

int32_t ep_pool::read_packed(uint64_t offset, void* out, uint64_t bytes, ep_error* error) {
  std::vector<ep::MemorySpan> spans;
  const int32_t status = look_packed(offset, bytes, &spans, error);
  auto* to = static_cast<char*>(out);
  for (const ep::MemorySpan& span : spans) {
    std::memcpy(to, span.at, span.bytes);
    to += span.bytes;
  }
  return status;
}

int32_t ep_pool::send_away(ep_error* error) {
  // Nothing of it can be packed any more: who looks for memory on its way back need not ask it.
  region_->parked().remove(this);
  const std::lock_guard lock(mutex_);
  if (parking_.residence != EP_PACKED) {
    return fail(error, EP_E_STATE, "pool %s: is not packed", name_);
  }
  if (parking_.mapped_bytes != 0) close_window(0, parking_.mapped_bytes);
  region_->release_last(&holding_, holding_.granules);
  // Its addresses stay: the next chunks must suit them.
  holding_.phase_fixed = true;
  parking_.residence = EP_AWAY;
  parking_.mapped_bytes = 0;
  parking_.written_bytes = 0;
  return EP_OK;
}

int32_t ep_pool::open_packed(uint64_t offset, uint64_t bytes, std::vector<ep::MemorySpan>* out,
                             ep_error* error) {
  const std::lock_guard lock(mutex_);
  if (parking_.residence != EP_AWAY) {
    return fail(error, EP_E_STATE, "pool %s: is not away", name_);
  }
  const uint64_t packed_bytes = parking_.blocks.bytes();
  if ((offset != 0 && offset != parking_.written_bytes) || bytes > packed_bytes - offset) {
    return fail(error, EP_E_ARGUMENT, "pool %s: pieces come in order, %llu bytes in all", name_,
                static_cast<unsigned long long>(packed_bytes));
  }
  const uint64_t wanted = round_up(packed_bytes);
  const ep_status status = hold_bytes(wanted);
  if (status != EP_OK) return fail_mapping(error, status, wanted);
  parking_.written_bytes = offset;
  *out = region_->strip(holding_).spans(offset, bytes);
  return EP_OK;
}

void ep_pool::have_packed(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  parking_.written_bytes += bytes;
  if (parking_.written_bytes == parking_.blocks.bytes()) parking_.residence = EP_PACKED;
}

int32_t ep_pool::write_packed(uint64_t offset, const void* from, uint64_t bytes, ep_error* error) {
  std::vector<ep::MemorySpan> spans;
  const int32_t status = open_packed(offset, bytes, &spans, error);
  if (status != EP_OK) return status;
  const auto* at = static_cast<const char*>(from);
  for (const ep::MemorySpan& span : spans) {
    std::memcpy(span.at, at, span.bytes);
    at += span.bytes;
  }
  have_packed(bytes);
  return EP_OK;
}

// As after a reset, with nothing mapped.
void ep_pool::drop_away() {
  const std::lock_guard lock(mutex_);
  ep::Windows::close(base_, parking_.heap_bytes);
  region_->release_last(&holding_, holding_.granules);
  holding_.phase_fixed = false;
  parking_ = {};
  most_mapped_bytes_ = 0;
}

// ── Restoring ──

// All or nothing; maps nothing.
ep_status ep_pool::hold_bytes(uint64_t bytes) {
  const uint64_t granule = region_->granule_bytes();
  const uint64_t before = mapped_bytes();
  if (bytes <= before) return EP_OK;
  if (!region_->make_room(bytes - before)) return EP_E_REGION_FULL;
  while (mapped_bytes() < bytes) {
    const uint64_t rest = bytes - mapped_bytes();
    ep::Piece piece;
    const ep_status status =
        region_->assign(&holding_, static_cast<uint32_t>(rest / granule), phase_granules(), &piece);
    if (status == EP_OK) continue;
    region_->release_last(&holding_, static_cast<uint32_t>((mapped_bytes() - before) / granule));
    return status;
  }
  return EP_OK;
}

// What was closed, and whole extents around it and around the pages that stood in: a huge page
// returns as a whole.
bool ep_pool::open_window(const ep::Strip& strip) {
  const uint64_t granule = region_->granule_bytes();
  const auto map = [&](const ep::Strip::Stretch& stretch, uint64_t from, uint64_t to) {
    if (from == to) return true;
    const auto first = static_cast<uint32_t>((from - stretch.begin) / granule);
    const ep::Run run = {stretch.run.first + first, static_cast<uint32_t>((to - from) / granule)};
    return region_->map(base_ + from, {run, static_cast<uint32_t>(from / granule)});
  };
  const auto stale = [&](uint64_t from, uint64_t to) {
    if (to > parking_.mapped_bytes) return true;
    const auto base = reinterpret_cast<uintptr_t>(base_);
    return std::any_of(parking_.pages.begin(), parking_.pages.end(),
                       [&](uintptr_t page) { return page - base >= from && page - base < to; });
  };
  for (const ep::Strip::Stretch& stretch : strip.stretches()) {
    const uint64_t end = stretch.begin + stretch.bytes;
    uint64_t pending = stretch.begin;
    for (uint64_t at = stretch.begin; at < end;) {
      const uint64_t into = reinterpret_cast<uintptr_t>(base_ + at) % ep::kSlotBytes;
      const uint64_t next = std::min(end, at + ep::kSlotBytes - into);
      if (!stale(at, next)) {
        if (!map(stretch, pending, at)) return false;
        pending = next;
      }
      at = next;
    }
    if (!map(stretch, pending, end)) return false;
  }
  return true;
}

uint64_t ep_pool::move_apart(const ep::Strip& strip, std::unique_lock<ep::Lock>* lock) {
  lock->unlock();
  const bool sound = parking_.compressor == nullptr ||
                     ep::expand(strip, parking_.blocks, *parking_.compressor, region_->workspace());
  // It was not out of the process, or was proved to be what was sealed.
  if (!sound) ep::broken_invariant("what was compressed does not expand", base_);
  const uint64_t moved_bytes = strip.unpack(parking_.holes);
  lock->lock();
  parking_.blocks = ep::Blocks(parking_.blocks.live_bytes());
  return moved_bytes;
}

int32_t ep_pool::unpack(std::unique_lock<ep::Lock>* lock, uint64_t* moved_bytes, ep_error* error) {
  const ep_status status = hold_bytes(parking_.heap_bytes);
  if (status != EP_OK) return fail_mapping(error, status, parking_.heap_bytes);
  const ep::Strip strip = region_->strip(holding_);
  *moved_bytes = move_apart(strip, lock);
  // The contents first, then the window: whoever looks at one of its pages sees what was there.
  if (open_window(strip)) return EP_OK;
  parking_.residence = EP_PARKED;
  const uint64_t given_back = pack_whole(lock);
  if (parking_.residence != EP_PACKED) {
    ep::broken_invariant("a window can neither be opened nor closed", base_);
  }
  return fail_mapping(error, EP_E_MAPPINGS, mapped_bytes() + given_back);
}

int32_t ep_pool::restore(uint64_t* moved_bytes, ep_error* error) {
  *moved_bytes = 0;
  region_->parked().remove(this);
  std::unique_lock lock(mutex_);
  if (parking_.residence == EP_RESIDENT || parking_.residence == EP_AWAY) {
    return fail(error, EP_E_STATE,
                parking_.residence == EP_AWAY ? "pool %s: its bytes are not back"
                                              : "pool %s: is not parked",
                name_);
  }
  if (parking_.residence == EP_PACKED) {
    const int32_t status = unpack(&lock, moved_bytes, error);
    if (status != EP_OK) return status;
  }
  heap_ = parking_.heap;
  holding_.phase_fixed = false;
  parking_ = {};
  return EP_OK;
}

void ep_pool::get_parking(ep_parking* out) const {
  const std::lock_guard lock(mutex_);
  *out = {};
  out->residence = parking_.residence;
  out->held_bytes = mapped_bytes();
  out->window_bytes = parking_.residence == EP_RESIDENT ? mapped_bytes() : parking_.heap_bytes;
  out->packed_bytes = parking_.blocks.bytes();
  out->live_bytes = parking_.blocks.live_bytes();
}

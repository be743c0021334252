#include "chunks.hpp"

#include <algorithm>

namespace ep {

Chunks::Chunks(uint32_t granules, uint32_t per_extent)
    : owners_(std::make_unique<uint16_t[]>(granules)),
      granules_(granules),
      per_extent_(per_extent),
      free_(granules) {}

Run Chunks::next_free_run(uint32_t from) const {
  const uint16_t* const begin = owners_.get();
  const uint16_t* const end = begin + granules_;
  const uint16_t* const first = std::find(begin + from, end, uint16_t{0});
  const uint16_t* const last = std::find_if(first, end, [](uint16_t owner) { return owner != 0; });
  return {static_cast<uint32_t>(first - begin), static_cast<uint32_t>(last - first)};
}

Run Chunks::pick(uint32_t wanted, const Site& site) const {
  if (free_ == 0 || wanted == 0) return {0, 0};
  if (site.after < granules_ && owners_[site.after] == 0) {
    Run run = {site.after, 0};
    const uint32_t limit = std::min(wanted, granules_ - site.after);
    while (run.count < limit && owners_[run.first + run.count] == 0) run.count += 1;
    return run;
  }
  if (wanted >= per_extent_) {
    const Run extents = pick_extents(wanted, site);
    if (extents.count != 0) return extents;
  }
  return pick_plain(wanted);
}

Run Chunks::pick_extents(uint32_t wanted, const Site& site) const {
  const uint32_t phase = site.free_phase ? 0 : site.phase;
  Run best = {0, 0};
  uint32_t best_room = 0;  // of the free run that `best` is taken from
  for (Run run = next_free_run(0); run.count != 0; run = next_free_run(run.first + run.count)) {
    const uint32_t end = run.first + run.count;
    const uint32_t skip = (phase + per_extent_ - run.first % per_extent_) % per_extent_;
    if (skip >= run.count) continue;
    const uint32_t first = run.first + skip;
    // Whole extents only: from the first boundary in it to the last.
    const uint32_t boundary = (first + per_extent_ - 1) / per_extent_ * per_extent_;
    const uint32_t last_boundary = end / per_extent_ * per_extent_;
    if (last_boundary <= boundary) continue;
    const bool whole = end - first >= wanted;
    const uint32_t count = whole ? wanted : last_boundary - first;
    const bool better = whole && best.count == wanted ? run.count < best_room : count > best.count;
    if (better) {
      best = {first, count};
      best_room = run.count;
    }
  }
  return best;
}

Run Chunks::pick_plain(uint32_t wanted) const {
  Run best = {0, 0};
  for (Run run = next_free_run(0); run.count != 0; run = next_free_run(run.first + run.count)) {
    const bool better = best.count < wanted ? run.count > best.count
                                            : run.count >= wanted && run.count < best.count;
    if (better) best = run;
  }
  best.count = std::min(best.count, wanted);
  return best;
}

void Chunks::assign(const Run& run, uint16_t owner) {
  std::fill_n(owners_.get() + run.first, run.count, owner);
  free_ -= run.count;
}

void Chunks::release(const Run& run) {
  std::fill_n(owners_.get() + run.first, run.count, uint16_t{0});
  free_ += run.count;
}

bool Chunks::is_extent_of(uint32_t first, uint16_t owner) const {
  const uint16_t* const begin = owners_.get() + first;
  return std::all_of(begin, begin + per_extent_, [&](uint16_t other) { return other == owner; });
}

uint32_t Chunks::last_extent_of(uint16_t owner) const {
  for (uint32_t end = granules_ / per_extent_ * per_extent_; end != 0; end -= per_extent_) {
    if (is_extent_of(end - per_extent_, owner)) return end - per_extent_;
  }
  return kNone;
}

uint32_t Chunks::first_extent_of(uint16_t owner) const {
  for (uint32_t first = 0; first + per_extent_ <= granules_; first += per_extent_) {
    if (is_extent_of(first, owner)) return first;
  }
  return kNone;
}

uint32_t Chunks::longest_run() const {
  uint32_t longest = 0;
  for (Run run = next_free_run(0); run.count != 0; run = next_free_run(run.first + run.count)) {
    longest = std::max(longest, run.count);
  }
  return longest;
}

}  // namespace ep

// Loads and unloads models in random order, three being there at a time, and tells after each
// switch, as one line of JSON, how the memory stands.
//
//   edgepool-bench-switch LIBRARY reset|keep SWITCHES SEED (PATH MAPPED QUOTA REQUESTED ENDS)...
//
// With quotas of 0 the runtime allocates as it does without edgepool: from whatever allocator this
// process was started with. With quotas each model has a pool: `reset`, a pool of its own that goes
// with it, as the program does it; `keep`, one of three pools that stay, each as large as the
// largest model needs, in which nothing is reset: the heap is what the unload left.
// Exit status: 0 told, 1 refused, 2 wrong usage.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <random>

#include "bench_session.hpp"

namespace {

using bench::Entry;
using bench::Loaded;
using bench::Session;

constexpr size_t kResident = 3;
constexpr double kReserve = 0.3;
constexpr uint64_t kLeastForInternal = 400000;
constexpr uint32_t kProbeEvery = 50;

/** A place in which one model after the other lives. */
struct Seat {
  Loaded loaded;
  ep_pool* kept = nullptr;  // the pool that stays
  uint64_t requested_bytes = 0;
};

struct Bench {
  std::vector<Entry> entries;
  Session session;
  Seat seats[kResident];
  bool pooled;
  bool keep;
  uint64_t largest_quota;
  uint64_t largest_mapped;
  uint64_t held_before;
};

ep_pool* pool_of(const Seat& seat) { return seat.kept != nullptr ? seat.kept : seat.loaded.pool; }

int32_t load_kept(const Bench& bench, const Entry& entry, Seat* seat, ep_error* error) {
  ep_pool_grow(seat->kept, entry.mapped_bytes, nullptr);
  const auto bits = static_cast<uint32_t>(8 * entry.ends.size());
  ep_pool_place(seat->kept, entry.ends.data(), bits, nullptr);
  ep_model_options options = {};
  options.name = "model";
  options.path = entry.path.c_str();
  options.threads = 1;
  options.delegate = EP_DELEGATE_AUTO;
  const int32_t status =
      ep_model_load(bench.session.runtime, seat->kept, &options, &seat->loaded.model, error);
  ep_pool_trim(seat->kept, 0, nullptr);
  return status;
}

void leave(Seat* seat) {
  if (seat->kept == nullptr) {
    bench::unload(&seat->loaded);
  } else if (seat->loaded.model != nullptr) {
    ep_model_unload(seat->loaded.model, 0, nullptr);
  }
  seat->loaded = {};
  seat->requested_bytes = 0;
}

/** Whether the largest model would still get its pool. */
bool largest_fits(const Bench& bench, bool try_it) {
  ep_region_stats stats = {};
  ep_region_get_stats(bench.session.region, &stats);
  if (stats.unassigned_bytes < bench.largest_mapped) return false;
  if (!try_it) return true;
  ep_pool_options options = {};
  options.name = "probe";
  options.quota_bytes = bench.largest_quota;
  options.planned_bytes = bench.largest_mapped;
  ep_pool* probe = nullptr;
  if (ep_pool_create(bench.session.region, &options, &probe, nullptr) != EP_OK) return false;
  ep_pool_destroy(probe, nullptr);
  return true;
}

struct Standing {
  uint64_t requested = 0;
  uint64_t held = 0;
  uint64_t in_region = 0;
};

Standing standing_of(const Bench& bench) {
  Standing standing;
  for (const Seat& seat : bench.seats) standing.requested += seat.requested_bytes;
  if (!bench.pooled) {
    const uint64_t now = bench::held_bytes();
    standing.held = now - std::min(now, bench.held_before);
    return standing;
  }
  for (const Seat& seat : bench.seats) {
    if (pool_of(seat) == nullptr) continue;
    ep_pool_stats stats = {};
    ep_pool_get_stats(pool_of(seat), &stats);
    standing.held += stats.mapped_bytes;
  }
  ep_region_stats region = {};
  ep_region_get_stats(bench.session.region, &region);
  standing.in_region = region.capacity_bytes;
  return standing;
}

void tell(const Bench& bench, const Seat& seat, size_t model, uint64_t load_ns, bool failed,
          bool fits) {
  const Standing standing = standing_of(bench);
  ep_pool_stats stats = {};
  if (pool_of(seat) != nullptr) ep_pool_get_stats(pool_of(seat), &stats);
  printf("{\"model\":%zu,\"load_ns\":%" PRIu64 ",\"failed\":%d,\"requested\":%" PRIu64
         ",\"held\":%" PRIu64 ",\"capacity\":%" PRIu64 ",\"rss\":%" PRIu64
         ",\"external\":%.9f,\"internal\":%.9f,\"fits\":%d}\n",
         model, load_ns, failed ? 1 : 0, standing.requested, standing.held, standing.in_region,
         bench::held_bytes(), stats.external_fragmentation,
         stats.live_bytes > kLeastForInternal ? stats.internal_fragmentation : 0.0, fits ? 1 : 0);
}

int32_t start(Bench* bench, const char* library, ep_error* error) {
  std::vector<uint64_t> quotas;
  for (const Entry& entry : bench->entries) quotas.push_back(entry.quota_bytes);
  std::sort(quotas.rbegin(), quotas.rend());
  bench->pooled = quotas.front() != 0;
  bench->largest_quota = quotas.front();
  for (const Entry& entry : bench->entries) {
    bench->largest_mapped = std::max(bench->largest_mapped, entry.mapped_bytes);
  }
  uint64_t sum = 0;
  for (size_t i = 0; i < kResident; ++i) {
    sum += bench->keep ? quotas.front() : quotas[std::min(i, quotas.size() - 1)];
  }
  const auto capacity = static_cast<uint64_t>(static_cast<double>(sum) / (1 - kReserve));
  int32_t status = bench::open_session(library, capacity, &bench->session, error);
  for (size_t i = 0; status == EP_OK && bench->pooled && bench->keep && i < kResident; ++i) {
    ep_pool_options options = {};
    options.name = "seat";
    options.quota_bytes = bench->largest_quota;
    status = ep_pool_create(bench->session.region, &options, &bench->seats[i].kept, error);
  }
  bench->held_before = bench::held_bytes();
  return status;
}

void switch_once(Bench* bench, Seat* seat, size_t model, uint32_t count) {
  const Entry& entry = bench->entries[model];
  leave(seat);
  const bool fits = !bench->pooled || largest_fits(*bench, count % kProbeEvery == 0);
  const uint64_t begin = bench::now_ns();
  const int32_t status = seat->kept != nullptr
                             ? load_kept(*bench, entry, seat, nullptr)
                             : bench::load(bench->session, entry, &seat->loaded, nullptr);
  const uint64_t end = bench::now_ns();
  if (status == EP_OK) seat->requested_bytes = entry.requested_bytes;
  if (count >= kResident) tell(*bench, *seat, model, end - begin, status != EP_OK, fits);
}

}  // namespace

int main(int count, char** words) {
  if (count < 10 || (count - 5) % 5 != 0) {
    fprintf(stderr,
            "usage: edgepool-bench-switch LIBRARY reset|keep SWITCHES SEED "
            "(PATH MAPPED QUOTA REQUESTED ENDS)...\n");
    return 2;
  }
  Bench bench = {};
  bench.entries = bench::entries_of(words + 5, count - 5);
  bench.keep = strcmp(words[2], "keep") == 0;
  ep_error error = {};
  if (start(&bench, words[1], &error) != EP_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  std::mt19937_64 random(bench::number(words[4]));
  const uint64_t switches = bench::number(words[3]) + kResident;
  for (uint32_t i = 0; i < switches; ++i) {
    const size_t seat = i < kResident ? i : random() % kResident;
    switch_once(&bench, &bench.seats[seat], random() % bench.entries.size(), i);
  }
  return 0;
}

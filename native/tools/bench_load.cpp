// Loads one model again and again in a process of its own and tells, as one line of JSON a load,
// how long each part took. With a pool of 0 bytes the runtime allocates as it does without
// edgepool: from whatever allocator this process was started with. Everything else is the same,
// the warm-up included, which is part of starting the runtime and not of a load.
//
//   edgepool-bench-load LIBRARY MODEL THREADS DELEGATE POOL_BYTES ENDS LOADS INVOKES warm|cold
//                       HEAP_BYTES
//
// DELEGATE is the number of an ep_delegate. ENDS is for ep_pool_place, hexadecimal, or `-`.
// HEAP_BYTES is 0 for a fresh heap; else so much is allocated first, and every second part of it,
// at random, given back: small blocks of the process's allocator without a pool, small pools of the
// region with one. Cold: before each load the file's pages are dropped from the page cache
// (posix_fadvise, POSIX_FADV_DONTNEED). Exit status: 0 told, 1 refused, 2 wrong usage.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "bench_session.hpp"
#include "edgepool.h"

namespace {

using bench::held_bytes;
using bench::now_ns;
using bench::number;

constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kChunk = 16384;
constexpr uint32_t kMostFillers = 900;
constexpr size_t kLeastBlock = 256;
// Below the size from which glibc maps a block by itself, which would never be a hole.
constexpr size_t kMostBlock = size_t{96} << 10;

struct Arguments {
  const char* library;
  const char* model;
  uint32_t threads;
  uint32_t delegate;
  uint64_t pool_bytes;
  std::vector<uint8_t> ends;
  uint32_t loads;
  uint32_t invokes;
  bool cold;
  uint64_t heap_bytes;
};

struct Process {
  ep_region* region = nullptr;
  ep_runtime* runtime = nullptr;
  ep_pool* pool = nullptr;
};

// Every page of the file into the page cache, or none of it.
bool prepare_cache(const char* path, bool cold) {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  bool done = true;
  if (cold) {
    done = posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0;
  } else {
    static char buffer[65536];
    ssize_t part = 0;
    do part = read(descriptor, buffer, sizeof buffer);
    while (part > 0);
    done = part == 0;
  }
  close(descriptor);
  return done;
}

// Blocks of many sizes, every second one given back; returns the idle share of what they hold.
double age_allocator(uint64_t bytes) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> exponent(std::log(kLeastBlock), std::log(kMostBlock));
  const uint64_t before = held_bytes();
  std::vector<std::pair<void*, size_t>> blocks;
  for (uint64_t sum = 0; sum < bytes;) {
    const auto size = static_cast<size_t>(std::exp(exponent(random)));
    void* const block = malloc(size);
    if (block == nullptr) break;
    memset(block, 1, size);
    blocks.emplace_back(block, size);
    sum += size;
  }
  std::shuffle(blocks.begin(), blocks.end(), random);
  uint64_t live = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    if (i % 2 == 0) {
      free(blocks[i].first);
    } else {
      live += blocks[i].second;
    }
  }
  const uint64_t held = held_bytes() - std::min(before, held_bytes());
  return held == 0 ? 0 : 1 - std::min(1.0, static_cast<double>(live) / static_cast<double>(held));
}

// The same for a region: pools of many sizes, every second one destroyed.
double age_region(ep_region* region, uint64_t bytes) {
  std::mt19937 random(1);
  const uint64_t mean = std::max<uint64_t>(bytes / kMostFillers, 2 * kChunk);
  std::uniform_int_distribution<uint64_t> chunks(1, 2 * mean / kChunk);
  std::vector<ep_pool*> pools;
  for (uint64_t sum = 0; sum < bytes && pools.size() < kMostFillers;) {
    ep_pool_options options = {};
    options.name = "filler";
    options.quota_bytes = chunks(random) * kChunk;
    options.planned_bytes = options.quota_bytes;
    ep_pool* pool = nullptr;
    if (ep_pool_create(region, &options, &pool, nullptr) != EP_OK) break;
    pools.push_back(pool);
    sum += options.quota_bytes;
  }
  std::shuffle(pools.begin(), pools.end(), random);
  for (size_t i = 0; i < pools.size(); i += 2) ep_pool_destroy(pools[i], nullptr);
  ep_region_stats stats = {};
  ep_region_get_stats(region, &stats);
  return static_cast<double>(stats.unassigned_bytes) / static_cast<double>(stats.capacity_bytes);
}

int32_t start(const Arguments& arguments, Process* session, ep_error* error) {
  ep_region_options region = {};
  const bool pooled = arguments.pool_bytes != 0;
  region.capacity_bytes = 16 * kMib + (pooled ? arguments.pool_bytes + arguments.heap_bytes : 0);
  region.lock = EP_LOCK_PREFERRED;
  const int32_t status = ep_region_create(&region, &session->region, error);
  if (status != EP_OK) return status;
  const ep_runtime_options runtime = {arguments.library, 0};
  return ep_runtime_open(session->region, &runtime, &session->runtime, error);
}

void tell(const ep_model_info& info, uint64_t pool_ns, uint64_t total_ns,
          const std::vector<uint64_t>& invoke_ns) {
  printf("{\"total_ns\":%" PRIu64 ",\"map_ns\":%" PRIu64 ",\"read_ns\":%" PRIu64
         ",\"check_ns\":%" PRIu64 ",\"interpreter_ns\":%" PRIu64 ",\"delegate_ns\":%" PRIu64,
         total_ns, pool_ns + info.map_ns, info.read_ns, info.check_ns, info.interpreter_ns,
         info.delegate_ns);
  printf(",\"tensors_ns\":%" PRIu64 ",\"first_invoke_ns\":%" PRIu64 ",\"faults\":%" PRIu64
         ",\"delegate\":%" PRIu32 ",\"invoke_ns\":[",
         info.tensors_ns, info.first_invoke_ns, info.load_minor_faults, info.delegate);
  for (size_t i = 0; i < invoke_ns.size(); ++i) {
    printf("%s%" PRIu64, i == 0 ? "" : ",", invoke_ns[i]);
  }
  printf("]}\n");
}

int32_t load(const Arguments& arguments, Process* session, ep_error* error) {
  if (!prepare_cache(arguments.model, arguments.cold)) return EP_E_FILE;
  const uint64_t begin = now_ns();
  if (arguments.pool_bytes != 0 && session->pool == nullptr) {
    ep_pool_options pool = {};
    pool.name = "model";
    pool.quota_bytes = arguments.pool_bytes;
    pool.planned_bytes = arguments.pool_bytes;
    const int32_t status = ep_pool_create(session->region, &pool, &session->pool, error);
    if (status != EP_OK) return status;
  }
  if (session->pool != nullptr) {
    const auto bits = static_cast<uint32_t>(8 * arguments.ends.size());
    ep_pool_place(session->pool, arguments.ends.data(), bits, nullptr);
  }
  const uint64_t mapped = now_ns();
  ep_model_options options = {};
  options.name = "model";
  options.path = arguments.model;
  options.threads = arguments.threads;
  options.delegate = arguments.delegate;
  ep_model* model = nullptr;
  int32_t status = ep_model_load(session->runtime, session->pool, &options, &model, error);
  if (status != EP_OK) return status;
  const uint64_t end = now_ns();
  ep_model_info info = {};
  ep_model_get_info(model, &info);
  std::vector<uint64_t> invoke_ns;
  for (uint32_t i = 0; status == EP_OK && i < arguments.invokes; ++i) {
    ep_invoke_stats stats = {};
    status = ep_model_invoke(model, &stats, error);
    invoke_ns.push_back(stats.duration_ns);
  }
  if (status == EP_OK) tell(info, mapped - begin, end - begin, invoke_ns);
  ep_model_unload(model, 1, nullptr);
  return status;
}

}  // namespace

int main(int count, char** words) {
  if (count != 11) {
    fprintf(
        stderr,
        "usage: edgepool-bench-load LIBRARY MODEL THREADS DELEGATE POOL_BYTES ENDS LOADS INVOKES "
        "warm|cold HEAP_BYTES\n");
    return 2;
  }
  const Arguments arguments = {words[1],
                               words[2],
                               static_cast<uint32_t>(number(words[3])),
                               static_cast<uint32_t>(number(words[4])),
                               number(words[5]),
                               bench::bytes_of(words[6]),
                               static_cast<uint32_t>(number(words[7])),
                               static_cast<uint32_t>(number(words[8])),
                               strcmp(words[9], "cold") == 0,
                               number(words[10])};
  Process session;
  ep_error error = {};
  int32_t status = start(arguments, &session, &error);
  double idle = 0;
  if (status == EP_OK && arguments.heap_bytes != 0) {
    idle = arguments.pool_bytes == 0 ? age_allocator(arguments.heap_bytes)
                                     : age_region(session.region, arguments.heap_bytes);
  }
  if (status == EP_OK) printf("{\"idle_share\":%.6f}\n", idle);
  for (uint32_t i = 0; status == EP_OK && i < arguments.loads; ++i) {
    status = load(arguments, &session, &error);
  }
  if (status == EP_OK) return 0;
  fprintf(stderr, "%s\n", error.message[0] == '\0' ? "the model cannot be read" : error.message);
  return 1;
}

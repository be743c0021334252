#include "bench_session.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace bench {
namespace {

constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kRuntimeBytes = 16 * kMib;
constexpr int kWords = 5;

}  // namespace

uint64_t now_ns() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000000000U + static_cast<uint64_t>(time.tv_nsec);
}

uint64_t held_bytes() {
  FILE* const file = fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  char line[256];
  uint64_t kib = 0;
  while (fgets(line, sizeof line, file) != nullptr) {
    if (strncmp(line, "RssAnon:", 8) == 0) kib = strtoull(line + 8, nullptr, 10);
  }
  fclose(file);
  return kib * 1024;
}

std::vector<uint8_t> bytes_of(const char* hexadecimal) {
  std::vector<uint8_t> bytes;
  for (const char* at = hexadecimal; at[0] != '\0' && at[1] != '\0'; at += 2) {
    const char digits[3] = {at[0], at[1], '\0'};
    bytes.push_back(static_cast<uint8_t>(strtoul(digits, nullptr, 16)));
  }
  return bytes;
}

uint64_t number(const char* word) { return strtoull(word, nullptr, 10); }

std::vector<Entry> entries_of(char** words, int count) {
  std::vector<Entry> entries;
  for (int i = 0; i + kWords <= count; i += kWords) {
    entries.push_back({words[i], number(words[i + 1]), number(words[i + 2]), number(words[i + 3]),
                       bytes_of(words[i + 4])});
  }
  return entries;
}

int32_t open_session(const char* library, uint64_t capacity_bytes, Session* session,
                     ep_error* error) {
  ep_region_options region = {};
  region.capacity_bytes = kRuntimeBytes + capacity_bytes;
  region.lock = EP_LOCK_PREFERRED;
  const int32_t status = ep_region_create(&region, &session->region, error);
  if (status != EP_OK) return status;
  const ep_runtime_options runtime = {library, 0};
  return ep_runtime_open(session->region, &runtime, &session->runtime, error);
}

int32_t load(const Session& session, const Entry& entry, Loaded* out, ep_error* error) {
  int32_t status = EP_OK;
  if (entry.quota_bytes != 0) {
    ep_pool_options pool = {};
    pool.name = "model";
    pool.quota_bytes = entry.quota_bytes;
    pool.planned_bytes = entry.mapped_bytes;
    status = ep_pool_create(session.region, &pool, &out->pool, error);
    if (status != EP_OK) return status;
    const auto bits = static_cast<uint32_t>(8 * entry.ends.size());
    ep_pool_place(out->pool, entry.ends.data(), bits, nullptr);
  }
  ep_model_options options = {};
  options.name = "model";
  options.path = entry.path.c_str();
  options.threads = 1;
  options.delegate = EP_DELEGATE_AUTO;
  status = ep_model_load(session.runtime, out->pool, &options, &out->model, error);
  if (status != EP_OK) {
    unload(out);
  } else if (out->pool != nullptr) {
    ep_pool_trim(out->pool, 0, nullptr);
  }
  return status;
}

void unload(Loaded* loaded) {
  if (loaded->model != nullptr) ep_model_unload(loaded->model, 1, nullptr);
  if (loaded->pool != nullptr) ep_pool_destroy(loaded->pool, nullptr);
  *loaded = {};
}

}  // namespace bench

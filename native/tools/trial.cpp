// Loads a model in a process of its own and tells on stdout, as one line of JSON, what became of
// it: once in a pool that may grow, which shows its peak, then in pools of the peak and a fifth
// and more until one is large enough, because blocks of a full pool may lie so that a large one
// does not fit between them. A model that crashes the runtime crashes this program and nothing
// else; who started it sees the signal.
//
//   edgepool-trial LIBRARY MODEL NAME THREADS DELEGATE CHUNK_BYTES CAPACITY_BYTES
//
// LIBRARY has the TensorFlow Lite C API, DELEGATE is the number of an ep_delegate, CAPACITY_BYTES
// is the size of the region for the trial. Exit status: 0 told, 2 wrong usage.
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "edgepool.h"

namespace {

struct Arguments {
  const char* library;
  const char* model;
  const char* name;
  uint32_t threads;
  uint32_t delegate;
  uint32_t chunk_bytes;
  uint64_t capacity_bytes;
};

struct Findings {
  ep_model_info info;
  uint64_t peak_bytes;
  uint64_t live_bytes;
  uint64_t pool_bytes;
};

std::string quoted(const char* text) {
  std::string out = "\"";
  for (const char* at = text; *at != '\0'; ++at) {
    const auto byte = static_cast<unsigned char>(*at);
    if (byte == '"' || byte == '\\') out += '\\';
    if (byte >= 0x20) {
      out += *at;
    } else {
      char escape[8];
      snprintf(escape, sizeof(escape), "\\u%04x", byte);
      out += escape;
    }
  }
  return out + '"';
}

void tell_failure(const ep_error& error) {
  printf("{\"ok\":false,\"status\":%d,\"message\":%s}\n", error.status,
         quoted(error.message).c_str());
}

void tell_success(const Findings& findings) {
  printf(
      "{\"ok\":true,\"peak_bytes\":%llu,\"live_bytes\":%llu,\"pool_bytes\":%llu,"
      "\"file_bytes\":%llu,\"delegate\":%u,\"delegate_tried\":%u,\"load_ns\":%llu}\n",
      static_cast<unsigned long long>(findings.peak_bytes),
      static_cast<unsigned long long>(findings.live_bytes),
      static_cast<unsigned long long>(findings.pool_bytes),
      static_cast<unsigned long long>(findings.info.file_bytes), findings.info.delegate,
      findings.info.delegate_tried, static_cast<unsigned long long>(findings.info.load_ns));
}

int32_t open_runtime(const Arguments& arguments, ep_region** region, ep_runtime** runtime,
                     ep_error* error) {
  ep_region_options region_options = {};
  region_options.capacity_bytes = arguments.capacity_bytes;
  region_options.pages = EP_PAGES_ORDINARY;
  const int32_t status = ep_region_create(&region_options, region, error);
  if (status != EP_OK) return status;
  const ep_runtime_options runtime_options = {arguments.library, 0};
  return ep_runtime_open(*region, &runtime_options, runtime, error);
}

/** Loads and unloads in a pool of its own; what is not planned is mapped as it is needed. */
int32_t load_once(const Arguments& arguments, ep_region* region, ep_runtime* runtime,
                  uint64_t quota_bytes, uint64_t planned_bytes, Findings* findings,
                  ep_error* error) {
  ep_pool_options pool_options = {};
  pool_options.name = arguments.name;
  pool_options.quota_bytes = quota_bytes;
  pool_options.planned_bytes = planned_bytes;
  pool_options.chunk_bytes = arguments.chunk_bytes;
  ep_pool* pool = nullptr;
  int32_t status = ep_pool_create(region, &pool_options, &pool, error);
  if (status != EP_OK) return status;
  ep_model_options model_options = {};
  model_options.name = arguments.name;
  model_options.path = arguments.model;
  model_options.threads = arguments.threads;
  model_options.delegate = arguments.delegate;
  ep_model* model = nullptr;
  status = ep_model_load(runtime, pool, &model_options, &model, error);
  if (status == EP_OK) {
    ep_pool_stats stats = {};
    ep_pool_get_stats(pool, &stats);
    ep_model_get_info(model, &findings->info);
    findings->peak_bytes = stats.peak_live_bytes;
    findings->live_bytes = stats.live_bytes;
    findings->pool_bytes = quota_bytes;
    // The unload is part of the trial: it may crash too.
    status = ep_model_unload(model, 1, error);
  }
  const int32_t destroyed = ep_pool_destroy(pool, status == EP_OK ? error : nullptr);
  return status != EP_OK ? status : destroyed;
}

uint64_t round_up(uint64_t bytes, uint64_t step) { return (bytes + step - 1) / step * step; }

int32_t try_model(const Arguments& arguments, Findings* findings, ep_error* error) {
  int32_t status = ep_model_check_file(arguments.model, 0, error);
  if (status != EP_OK) return status;
  ep_region* region = nullptr;
  ep_runtime* runtime = nullptr;
  status = open_runtime(arguments, &region, &runtime, error);
  if (status != EP_OK) return status;
  status = load_once(arguments, region, runtime, arguments.capacity_bytes, 0, findings, error);
  const uint64_t peak = findings->peak_bytes;
  for (uint64_t percent = 120; status == EP_OK; percent += 5) {
    const uint64_t size = round_up(peak * percent / 100, arguments.chunk_bytes);
    status = load_once(arguments, region, runtime, size, size, findings, error);
    if (status != EP_E_POOL_FULL) break;
    status = EP_OK;
  }
  return status;
}

}  // namespace

int main(int count, char** words) {
  if (count != 8) {
    fprintf(stderr,
            "usage: edgepool-trial LIBRARY MODEL NAME THREADS DELEGATE CHUNK_BYTES "
            "CAPACITY_BYTES\n");
    return 2;
  }
  // A crash is an expected answer of this program: nobody needs its core.
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const Arguments arguments = {words[1],
                               words[2],
                               words[3],
                               static_cast<uint32_t>(strtoul(words[4], nullptr, 10)),
                               static_cast<uint32_t>(strtoul(words[5], nullptr, 10)),
                               static_cast<uint32_t>(strtoul(words[6], nullptr, 10)),
                               strtoull(words[7], nullptr, 10)};
  ep_error error = {};
  Findings findings = {};
  if (try_model(arguments, &findings, &error) == EP_OK) {
    tell_success(findings);
  } else {
    tell_failure(error);
  }
  return 0;
}

// Loads a model once in a process of its own and tells on stdout, as one line of JSON, what became
// of it. A model that crashes the runtime crashes this program and nothing else; who started it
// sees the signal.
//
//   edgepool-trial LIBRARY MODEL NAME THREADS DELEGATE CAPACITY_BYTES
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
  uint64_t capacity_bytes;
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

void tell_success(const ep_model_info& info, const ep_pool_stats& pool) {
  printf(
      "{\"ok\":true,\"peak_bytes\":%llu,\"live_bytes\":%llu,\"file_bytes\":%llu,\"delegate\":%u,"
      "\"delegate_tried\":%u,\"load_ns\":%llu}\n",
      static_cast<unsigned long long>(pool.peak_live_bytes),
      static_cast<unsigned long long>(pool.live_bytes),
      static_cast<unsigned long long>(info.file_bytes), info.delegate, info.delegate_tried,
      static_cast<unsigned long long>(info.load_ns));
}

/** Everything up to a loaded model. What was taken goes with the process. */
int32_t load(const Arguments& arguments, ep_model** model, ep_pool** pool, ep_error* error) {
  int32_t status = ep_model_check_file(arguments.model, 0, error);
  if (status != EP_OK) return status;
  ep_region_options region_options = {};
  region_options.capacity_bytes = arguments.capacity_bytes;
  region_options.pages = EP_PAGES_ORDINARY;
  ep_region* region = nullptr;
  status = ep_region_create(&region_options, &region, error);
  if (status != EP_OK) return status;
  const ep_runtime_options runtime_options = {arguments.library, 0};
  ep_runtime* runtime = nullptr;
  status = ep_runtime_open(region, &runtime_options, &runtime, error);
  if (status != EP_OK) return status;
  ep_pool_options pool_options = {};
  pool_options.name = arguments.name;
  pool_options.quota_bytes = arguments.capacity_bytes;
  status = ep_pool_create(region, &pool_options, pool, error);
  if (status != EP_OK) return status;
  ep_model_options model_options = {};
  model_options.name = arguments.name;
  model_options.path = arguments.model;
  model_options.threads = arguments.threads;
  model_options.delegate = arguments.delegate;
  return ep_model_load(runtime, *pool, &model_options, model, error);
}

}  // namespace

int main(int count, char** words) {
  if (count != 7) {
    fprintf(stderr, "usage: edgepool-trial LIBRARY MODEL NAME THREADS DELEGATE CAPACITY_BYTES\n");
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
                               strtoull(words[6], nullptr, 10)};
  ep_error error = {};
  ep_model* model = nullptr;
  ep_pool* pool = nullptr;
  if (load(arguments, &model, &pool, &error) != EP_OK) {
    tell_failure(error);
    return 0;
  }
  ep_model_info info = {};
  ep_model_get_info(model, &info);
  ep_pool_stats stats = {};
  ep_pool_get_stats(pool, &stats);
  tell_success(info, stats);
  fflush(stdout);
  // The unload is part of the trial: it may crash too. The runtime's own pool goes with the process.
  return ep_model_unload(model, 1, nullptr) == EP_OK ? 0 : 1;
}

#include "runtime.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "error.hpp"
#include "graph.hpp"
#include "ladder.hpp"
#include "warmup.hpp"

namespace ep {
namespace {

constexpr uint64_t kDefaultPoolBytes = uint64_t{8} << 20;
// Mapped at once, so that opening and later delegates seldom have to map.
constexpr uint64_t kPlannedPoolBytes = uint64_t{1} << 20;

std::mutex registry_lock;
std::vector<std::unique_ptr<ep_runtime>>& registry() {
  // Never destroyed: the runtime's own destructors run through its entries at exit.
  static auto* const runtimes = new std::vector<std::unique_ptr<ep_runtime>>;
  return *runtimes;
}

int32_t make_pool(ep_region* region, const ep_runtime_options& options, ep_pool** out,
                  ep_error* error) {
  ep_pool_options pool = {};
  pool.name = "runtime";
  pool.quota_bytes = options.pool_quota_bytes == 0 ? kDefaultPoolBytes : options.pool_quota_bytes;
  pool.planned_bytes = std::min(pool.quota_bytes, kPlannedPoolBytes);
  return ep_pool_create(region, &pool, out, error);
}

/** Loads and runs a tiny model of `type`, so that what the runtime makes once for itself lands in
 *  its pool: with helper threads, and a second time with the delegate. */
int32_t warm_up(ep_runtime* runtime, ep_type type, ep_delegate delegate, ep_error* error) {
  constexpr uint32_t kThreads = 2;
  const std::vector<uint8_t> file = make_warmup_model(type);
  // Operators refer to the bytes in place, 16-byte aligned as in a file that is mapped.
  void* const block = pool_allocate(runtime->pool, file.size(), 64);
  Outcome outcome = Outcome::kNoMemory;
  Graph graph(runtime, runtime->pool);
  if (block != nullptr) {
    std::copy(file.begin(), file.end(), static_cast<uint8_t*>(block));
    outcome = graph.build({static_cast<const uint8_t*>(block), file.size(), kThreads,
                           uses_xnnpack(delegate), xnnpack_flags(delegate)});
    if (outcome == Outcome::kDone) outcome = graph.invoke(EP_PHASE_FIRST_INVOKE);
    graph.destroy();
    pool_free(runtime->pool, block);
  }
  // A delegate may refuse operators of a type; models will be tried with fewer of its flags too.
  if (outcome == Outcome::kDone || (outcome == Outcome::kRefused && uses_xnnpack(delegate))) {
    return EP_OK;
  }
  if (outcome == Outcome::kNoMemory) {
    const Refusal refusal = pool_refusal(runtime->pool);
    return fail(error, refusal.status == EP_OK ? EP_E_POOL_FULL : refusal.status,
                {refusal.requested_bytes, refusal.available_bytes, refusal.largest_free_bytes},
                "%s: its warm-up does not fit into the pool runtime: requested %" PRIu64
                " bytes, available %" PRIu64 ", largest free %" PRIu64 "; raise the pool's quota",
                runtime->path.c_str(), refusal.requested_bytes, refusal.available_bytes,
                refusal.largest_free_bytes);
  }
  return fail(error, EP_E_LIBRARY, "%s: the library does not run a plain model: %s",
              runtime->path.c_str(), graph.message());
}

int32_t warm_up_all(ep_runtime* runtime, ep_error* error) {
  const struct {
    ep_type type;
    ep_delegate delegate;
  } steps[] = {
      {EP_TYPE_FLOAT32, EP_DELEGATE_NONE},     {EP_TYPE_INT8, EP_DELEGATE_NONE},
      {EP_TYPE_UINT8, EP_DELEGATE_NONE},       {EP_TYPE_FLOAT32, EP_DELEGATE_XNNPACK},
      {EP_TYPE_INT8, EP_DELEGATE_XNNPACK_QS8}, {EP_TYPE_UINT8, EP_DELEGATE_XNNPACK_QU8},
  };
  for (const auto& step : steps) {
    if (uses_xnnpack(step.delegate) && runtime->api.xnnpack_create == nullptr) continue;
    const int32_t status = warm_up(runtime, step.type, step.delegate, error);
    if (status != EP_OK) return status;
  }
  return EP_OK;
}

/** Everything behind dlopen. What was re-pointed stays so if a later step fails: outside a scope
 *  the entries do what libc does. */
int32_t open_runtime(ep_region* region, const ep_runtime_options& options, ep_runtime* runtime,
                     ep_error* error) {
  const char* path = runtime->path.c_str();
  int32_t status = load_api(runtime->handle, path, &runtime->api, error);
  if (status != EP_OK) return status;
  runtime->version = runtime->api.version();
  status = make_pool(region, options, &runtime->pool, error);
  if (status != EP_OK) return status;
  status = bind_library(runtime->handle, path, &runtime->binding, error);
  if (status != EP_OK) {
    ep_pool_destroy(runtime->pool, nullptr);
    return status;
  }
  // From here on the library's globals may lie in the pool, also if the warm-up fails half way.
  pool_hold(runtime->pool);
  status = warm_up_all(runtime, error);
  if (status != EP_OK) return status;
  populate_images(runtime->binding);
  return EP_OK;
}

}  // namespace

bool occupy(ep_runtime* runtime, ep_pool* pool) {
  const std::lock_guard<std::mutex> lock(runtime->lock);
  auto& occupied = runtime->occupied;
  if (pool != nullptr) {
    if (std::find(occupied.begin(), occupied.end(), pool) != occupied.end()) return false;
    occupied.push_back(pool);
  }
  runtime->models += 1;
  return true;
}

void vacate(ep_runtime* runtime, ep_pool* pool) {
  const std::lock_guard<std::mutex> lock(runtime->lock);
  std::erase(runtime->occupied, pool);
  runtime->models -= 1;
}

}  // namespace ep

int32_t ep_runtime_open(ep_region* region, const ep_runtime_options* options, ep_runtime** out,
                        ep_error* error) {
  if (region == nullptr || options == nullptr || options->library_path == nullptr ||
      out == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT,
                    "ep_runtime_open: region, options.library_path and out must be given");
  }
  const std::lock_guard<std::mutex> lock(ep::registry_lock);
  void* const handle = dlopen(options->library_path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (handle == nullptr) return ep::fail(error, EP_E_LIBRARY, "%s", dlerror());
  for (const auto& known : ep::registry()) {
    if (known->handle != handle) continue;
    known->users += 1;
    *out = known.get();
    return EP_OK;
  }
  auto runtime = std::make_unique<ep_runtime>();
  runtime->path = options->library_path;
  runtime->handle = handle;
  const int32_t status = ep::open_runtime(region, *options, runtime.get(), error);
  if (status != EP_OK) return status;
  runtime->users = 1;
  *out = runtime.get();
  ep::registry().push_back(std::move(runtime));
  return EP_OK;
}

int32_t ep_runtime_close(ep_runtime* runtime, ep_error* error) {
  if (runtime == nullptr) return ep::fail(error, EP_E_ARGUMENT, "ep_runtime_close: NULL");
  const std::lock_guard<std::mutex> lock(runtime->lock);
  if (runtime->models > 0 && runtime->users <= 1) {
    return ep::fail(error, EP_E_BUSY, "%s: %" PRIu32 " models are loaded; unload them first",
                    runtime->path.c_str(), runtime->models);
  }
  if (runtime->users > 0) runtime->users -= 1;
  return EP_OK;
}

void ep_runtime_get_stats(ep_runtime* runtime, ep_runtime_stats* out) {
  *out = {};
  snprintf(out->version, sizeof out->version, "%s", runtime->version.c_str());
  out->entries_runtime = runtime->binding.entries_runtime;
  out->entries_cxx = runtime->binding.entries_cxx;
  out->libraries = runtime->binding.libraries;
  out->has_xnnpack = runtime->api.xnnpack_create != nullptr ? 1 : 0;
  const ep::AllocationCounters& counters = ep::allocation_counters;
  out->pool_allocations = counters.pooled.load(std::memory_order_relaxed);
  out->foreign_allocations = counters.foreign.load(std::memory_order_relaxed);
  out->foreign_bytes = counters.foreign_bytes.load(std::memory_order_relaxed);
}

ep_pool* ep_runtime_pool(ep_runtime* runtime) { return runtime->pool; }

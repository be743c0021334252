#include <cerrno>
#include <cstdio>
#include <cstring>

#include "trial.hpp"

namespace trial {
namespace {

int32_t fail(ep_error* error, int32_t status, const char* model, const char* what) {
  error->status = status;
  error->system_errno = errno;
  snprintf(error->message, sizeof(error->message), "model %s: %s", model, what);
  return status;
}

/** Where the pool's window starts: a block's address less its offset. */
int32_t find_base(ep_pool* pool, const char* model, uint64_t* base_address, ep_error* error) {
  void* const block = ep_pool_alloc(pool, 16, 16);
  if (block == nullptr) return fail(error, EP_E_POOL_FULL, model, "its pool has no room at all");
  ep_block first = {};
  ep_pool_blocks(pool, &first, 1);
  *base_address = reinterpret_cast<uint64_t>(block) - first.offset_bytes;
  ep_pool_free(pool, block);
  return EP_OK;
}

int32_t start_recording(ep_pool* pool, const Arguments& arguments, uint32_t capacity,
                        Findings* findings, ep_error* error) {
  const int32_t status = find_base(pool, arguments.name, &findings->base_address, error);
  return status != EP_OK ? status : ep_pool_record(pool, capacity, error);
}

/** None where there were more than there was room for. */
std::vector<ep_record> take_records(ep_pool* pool, uint32_t capacity) {
  const uint32_t made = ep_pool_records(pool, nullptr, 0);
  std::vector<ep_record> records(made > capacity ? 0 : made);
  ep_pool_records(pool, records.data(), static_cast<uint32_t>(records.size()));
  return records;
}

int32_t run_model(ep_pool* pool, ep_model* model, const Arguments& arguments, Findings* findings,
                  ep_error* error) {
  int32_t status = EP_OK;
  for (uint32_t i = 0; status == EP_OK && i < arguments.invokes; ++i) {
    status = ep_model_invoke(model, nullptr, error);
  }
  ep_pool_get_stats(pool, &findings->stats);
  ep_model_get_info(model, &findings->info);
  if (findings->stats.peak_live_bytes > findings->peak_bytes) {
    findings->peak_bytes = findings->stats.peak_live_bytes;
  }
  return status;
}

int32_t load_into(ep_pool* pool, ep_runtime* runtime, const Arguments& arguments,
                  uint32_t record_capacity, Findings* findings, ep_error* error) {
  int32_t status = EP_OK;
  if (record_capacity != 0) {
    status = start_recording(pool, arguments, record_capacity, findings, error);
    if (status != EP_OK) return status;
  }
  status = ep_pool_place(pool, findings->ends.bits.data(), findings->ends.count, error);
  if (status != EP_OK) return status;
  ep_model_options options = {};
  options.name = arguments.name;
  options.path = arguments.model;
  options.threads = arguments.threads;
  options.delegate = arguments.delegate;
  options.delegate_library = arguments.delegate_library;
  options.delegate_options = arguments.delegate_options;
  ep_model* model = nullptr;
  status = ep_model_load(runtime, pool, &options, &model, error);
  if (status != EP_OK) return status;
  status = run_model(pool, model, arguments, findings, error);
  if (status == EP_OK && record_capacity != 0) {
    findings->records = take_records(pool, record_capacity);
    ep_pool_record(pool, 0, nullptr);
  }
  // The unload is part of the trial: it may crash too.
  const int32_t unloaded = ep_model_unload(model, 1, status == EP_OK ? error : nullptr);
  return status != EP_OK ? status : unloaded;
}

}  // namespace

int32_t load_once(const Arguments& arguments, ep_region* region, ep_runtime* runtime,
                  const PoolSize& size, Findings* findings, ep_error* error) {
  ep_pool_options options = {};
  options.name = arguments.name;
  options.quota_bytes = size.quota_bytes;
  options.planned_bytes = size.planned_bytes;
  options.chunk_bytes = size.chunk_bytes;
  ep_pool* pool = nullptr;
  int32_t status = ep_pool_create(region, &options, &pool, error);
  if (status != EP_OK) return status;
  status = load_into(pool, runtime, arguments, size.record_capacity, findings, error);
  const int32_t destroyed = ep_pool_destroy(pool, status == EP_OK ? error : nullptr);
  return status != EP_OK ? status : destroyed;
}

int32_t write_records(const Arguments& arguments, const Findings& findings, ep_error* error) {
  if (findings.records.empty()) {
    return fail(error, EP_E_NO_MEMORY, arguments.name, "more operations than there was room for");
  }
  FILE* const file = fopen(arguments.record_file, "wb");
  if (file == nullptr) {
    return fail(error, EP_E_FILE, arguments.name, "its record cannot be written");
  }
  const auto count = static_cast<uint32_t>(findings.records.size());
  const uint32_t sizes[2] = {sizeof(ep_record), count};
  const uint64_t places[2] = {findings.base_address, 0};
  bool written = fwrite("EPTRACE1", 8, 1, file) == 1;
  written = written && fwrite(sizes, sizeof(sizes), 1, file) == 1;
  written = written && fwrite(places, sizeof(places), 1, file) == 1;
  written = written && (count == 0 ||
                        fwrite(findings.records.data(), sizeof(ep_record), count, file) == count);
  if (fclose(file) != 0 || !written) {
    return fail(error, EP_E_FILE, arguments.name, "its record cannot be written whole");
  }
  return EP_OK;
}

}  // namespace trial

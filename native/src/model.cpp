#include "model.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "error.hpp"
#include "threads.hpp"

namespace ep {
namespace {

void describe(const TfLiteApi& api, const TfLiteTensor* tensor, ep_tensor_info* out) {
  *out = {};
  const char* name = api.tensor_name(tensor);
  snprintf(out->name, sizeof out->name, "%s", name == nullptr ? "" : name);
  out->type = api.tensor_type(tensor);
  out->rank = api.tensor_rank(tensor);
  for (int32_t i = 0; i < std::min(out->rank, 8); ++i) {
    out->shape[i] = api.tensor_dimension(tensor, i);
  }
  out->bytes = api.tensor_bytes(tensor);
  const TfLiteQuantizationParams quantisation = api.tensor_quantization(tensor);
  out->scale = quantisation.scale;
  out->zero_point = quantisation.zero_point;
}

const TfLiteTensor* find_input(ep_model* model, uint32_t index) {
  const bool exists =
      model != nullptr && model->graph.interpreter() != nullptr && index < model->info.inputs;
  return exists ? model->runtime->api.input(model->graph.interpreter(), static_cast<int32_t>(index))
                : nullptr;
}

const TfLiteTensor* find_output(ep_model* model, uint32_t index) {
  const bool exists =
      model != nullptr && model->graph.interpreter() != nullptr && index < model->info.outputs;
  return exists
             ? model->runtime->api.output(model->graph.interpreter(), static_cast<int32_t>(index))
             : nullptr;
}

const char* name_of(const ep_model* model) { return model == nullptr ? "(null)" : model->name; }

int32_t check_size(const ep_model* model, const char* which, uint32_t index,
                   const TfLiteTensor* tensor, uint64_t given, ep_error* error) {
  if (tensor == nullptr) {
    return fail(error, EP_E_ARGUMENT, "model %s: has no %s %" PRIu32, name_of(model), which, index);
  }
  const uint64_t bytes = model->runtime->api.tensor_bytes(tensor);
  if (bytes == given) return EP_OK;
  return fail(error, EP_E_ARGUMENT, "model %s: %s %" PRIu32 " has %" PRIu64 " bytes, not %" PRIu64,
              model->name, which, index, bytes, given);
}

rusage thread_usage() {
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  return usage;
}

uint64_t pool_allocations(ep_pool* pool) {
  if (pool == nullptr) return 0;
  ep_pool_stats stats = {};
  ep_pool_get_stats(pool, &stats);
  return stats.allocations;
}

int32_t fail_invoke(ep_model* model, Outcome outcome, ep_error* error) {
  if (outcome == Outcome::kNoMemory) return fail_no_memory(error, *model, "in a run");
  const char* message = model->graph.message();
  return fail(error, EP_E_INVOKE, "model %s: the run failed: %s", model->name,
              message[0] == '\0' ? "no reason given" : message);
}

}  // namespace

int32_t fail_no_memory(ep_error* error, const ep_model& model, const char* when) {
  ep_pool* const pool = model.graph.refused_by() != nullptr ? model.graph.refused_by() : model.pool;
  if (pool == nullptr) {
    return fail(error, EP_E_NO_MEMORY, "model %s needs more memory than the machine has (%s)",
                model.name, when);
  }
  Refusal refusal =
      model.graph.refused_by() != nullptr ? model.graph.refusal() : pool_refusal(pool);
  if (refusal.status == EP_OK) refusal.status = EP_E_POOL_FULL;
  const char* remedy = refusal.status == EP_E_POOL_FULL ? "raise the pool's quota"
                       : refusal.status == EP_E_REGION_FULL
                           ? "raise the region's capacity or unload another model"
                           : "raise the region's budget of mappings";
  return fail(error, refusal.status,
              {refusal.requested_bytes, refusal.available_bytes, refusal.largest_free_bytes},
              "model %s does not fit into pool %s (%s): requested %" PRIu64
              " bytes, available %" PRIu64 ", largest free %" PRIu64 "; %s",
              model.name, pool_name(pool), when, refusal.requested_bytes, refusal.available_bytes,
              refusal.largest_free_bytes, remedy);
}

int32_t input_tensor(ep_model* model, uint32_t index, ep_tensor_info* info, void** data) {
  const TfLiteTensor* tensor = find_input(model, index);
  if (tensor == nullptr) return EP_E_ARGUMENT;
  describe(model->runtime->api, tensor, info);
  *data = model->runtime->api.tensor_data(tensor);
  return EP_OK;
}

int32_t output_tensor(ep_model* model, uint32_t index, ep_tensor_info* info, const void** data) {
  const TfLiteTensor* tensor = find_output(model, index);
  if (tensor == nullptr) return EP_E_ARGUMENT;
  describe(model->runtime->api, tensor, info);
  *data = model->runtime->api.tensor_data(tensor);
  return EP_OK;
}

}  // namespace ep

void ep_model_get_info(ep_model* model, ep_model_info* out) { *out = model->info; }

int32_t ep_model_input_info(ep_model* model, uint32_t index, ep_tensor_info* out) {
  const ep::ModelCall call(model);
  if (call.refused()) return EP_E_STATE;
  void* data = nullptr;
  return ep::input_tensor(model, index, out, &data);
}

int32_t ep_model_output_info(ep_model* model, uint32_t index, ep_tensor_info* out) {
  const ep::ModelCall call(model);
  if (call.refused()) return EP_E_STATE;
  const void* data = nullptr;
  return ep::output_tensor(model, index, out, &data);
}

int32_t ep_model_write_input(ep_model* model, uint32_t index, const void* bytes,
                             uint64_t size_bytes, ep_error* error) {
  const ep::ModelCall call(model);
  if (call.refused()) return ep::fail_parked(model, error);
  const TfLiteTensor* tensor = ep::find_input(model, index);
  const int32_t status = ep::check_size(model, "input", index, tensor, size_bytes, error);
  if (status == EP_OK && size_bytes > 0) {
    memcpy(model->runtime->api.tensor_data(tensor), bytes, size_bytes);
  }
  return status;
}

int32_t ep_model_read_output(ep_model* model, uint32_t index, void* bytes, uint64_t size_bytes,
                             ep_error* error) {
  const ep::ModelCall call(model);
  if (call.refused()) return ep::fail_parked(model, error);
  const TfLiteTensor* tensor = ep::find_output(model, index);
  const int32_t status = ep::check_size(model, "output", index, tensor, size_bytes, error);
  if (status == EP_OK && size_bytes > 0) {
    memcpy(bytes, model->runtime->api.tensor_data(tensor), size_bytes);
  }
  return status;
}

int32_t ep_model_invoke(ep_model* model, ep_invoke_stats* stats, ep_error* error) {
  const ep::ModelCall call(model);
  if (call.refused()) return ep::fail_parked(model, error);
  if (model == nullptr || model->graph.interpreter() == nullptr) {
    return ep::fail(error, EP_E_STATE, "model %s: is not ready", ep::name_of(model));
  }
  ep::touch_stack();
  if (stats == nullptr) {
    const ep::Outcome outcome = model->graph.invoke();
    return outcome == ep::Outcome::kDone ? EP_OK : ep::fail_invoke(model, outcome, error);
  }
  const uint64_t allocations = ep::pool_allocations(model->pool);
  const rusage before = ep::thread_usage();
  const uint64_t start = ep::now_ns();
  const ep::Outcome outcome = model->graph.invoke();
  stats->duration_ns = ep::now_ns() - start;
  const rusage after = ep::thread_usage();
  stats->minor_faults = static_cast<uint64_t>(after.ru_minflt - before.ru_minflt);
  stats->major_faults = static_cast<uint64_t>(after.ru_majflt - before.ru_majflt);
  stats->pool_allocations = ep::pool_allocations(model->pool) - allocations;
  return outcome == ep::Outcome::kDone ? EP_OK : ep::fail_invoke(model, outcome, error);
}

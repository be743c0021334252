#include <sys/resource.h>

#include <cinttypes>
#include <cstdlib>
#include <cstring>
#include <new>

#include "check.hpp"
#include "error.hpp"
#include "ladder.hpp"
#include "model.hpp"
#include "model_file.hpp"
#include "model_park.hpp"
#include "threads.hpp"

namespace ep {
namespace {

constexpr size_t kFileAlignment = 64;
constexpr uint32_t kMaxThreads = 64;

uint64_t minor_faults() {
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<uint64_t>(usage.ru_minflt);
}

int32_t check_options(const ep_runtime* runtime, const ep_model_options* options,
                      ep_model* const* out, ep_error* error) {
  if (runtime == nullptr || options == nullptr || out == nullptr) {
    return fail(error, EP_E_ARGUMENT, "ep_model_load: runtime, options and out must be given");
  }
  const char* name = options->name;
  if (name == nullptr || name[0] == '\0' || strlen(name) > 63) {
    return fail(error, EP_E_ARGUMENT, "model name: give 1 to 63 bytes");
  }
  if ((options->path == nullptr) == (options->bytes == nullptr)) {
    return fail(error, EP_E_ARGUMENT, "model %s: give either a path or bytes", name);
  }
  if (options->threads > kMaxThreads) {
    return fail(error, EP_E_ARGUMENT, "model %s: threads is %" PRIu32 "; give 1 to %" PRIu32, name,
                options->threads, kMaxThreads);
  }
  const bool external = options->delegate == EP_DELEGATE_EXTERNAL;
  if (external != (options->delegate_library != nullptr)) {
    return fail(error, EP_E_ARGUMENT,
                "model %s: the delegate external and a library for it go together; give both",
                name);
  }
  if (options->delegate > EP_DELEGATE_EXTERNAL) {
    return fail(error, EP_E_ARGUMENT, "model %s: there is no delegate %" PRIu32, name,
                options->delegate);
  }
  const bool needs_xnnpack = uses_xnnpack(static_cast<ep_delegate>(options->delegate));
  if (needs_xnnpack && runtime->api.xnnpack_create == nullptr) {
    return fail(error, EP_E_REFUSED,
                "model %s: %s has no XNNPACK; set the delegate to auto or none", name,
                runtime->path.c_str());
  }
  return EP_OK;
}

/** The file's bytes, into a block of the pool. */
int32_t take_bytes(ep_model* model, const ep_model_options& options, ep_error* error) {
  const uint64_t start = now_ns();
  const uint64_t limit =
      options.max_file_bytes == 0 ? kDefaultMaxFileBytes : options.max_file_bytes;
  ModelFile file;
  uint64_t size = options.size_bytes;
  if (options.path != nullptr) {
    const int32_t status = file.open(options.path, options.max_file_bytes, &size, error);
    if (status != EP_OK) return status;
  } else if (size == 0 || size > limit) {
    return fail(error, EP_E_NOT_A_MODEL, "model %s: %" PRIu64 " bytes given; give 1 to %" PRIu64,
                model->name, size, limit);
  }
  if (model->pool != nullptr) pool_set_phase(model->pool, EP_PHASE_READ);
  const uint64_t map_start = now_ns();
  model->bytes = allocate_file(model->pool, size);
  model->info.map_ns = now_ns() - map_start;
  if (model->bytes == nullptr) return fail_no_memory(error, *model, "while loading");
  if (options.path != nullptr) {
    const int32_t status = file.read_all(model->bytes, size, error);
    if (status != EP_OK) return status;
  } else {
    memcpy(model->bytes, options.bytes, size);
  }
  model->info.file_bytes = size;
  model->info.read_ns = now_ns() - start - model->info.map_ns;
  return EP_OK;
}

int32_t refuse(const ep_model& model, ep_delegate delegate, ep_error* error) {
  const char* message = model.graph.message();
  return fail(error, EP_E_REFUSED, "model %s: the runtime refused it (delegate %s): %s", model.name,
              delegate_name(delegate), message[0] == '\0' ? "no reason given" : message);
}

/** Builds the graph with the first delegate of the ladder that the runtime takes. */
int32_t build_graph(ep_model* model, const Ladder& ladder, ep_error* error) {
  model->info.delegate_tried = ladder.rungs[0];
  for (uint32_t i = 0; i < ladder.count; ++i) {
    const ep_delegate rung = ladder.rungs[i];
    model->info.attempts = i + 1;
    model->info.delegate = rung;
    model->graph_options = {
        model->bytes,        model->info.file_bytes,
        model->info.threads, uses_xnnpack(rung) || rung == EP_DELEGATE_EXTERNAL,
        xnnpack_flags(rung), rung == EP_DELEGATE_EXTERNAL ? &model->external : nullptr};
    switch (model->graph.build(model->graph_options)) {
      case Outcome::kDone:
        return EP_OK;
      case Outcome::kNoMemory:
        return fail_no_memory(error, *model, "while loading");
      case Outcome::kRefused:
        break;
    }
  }
  return refuse(*model, ladder.rungs[ladder.count - 1], error);
}

int32_t first_invoke(ep_model* model, ep_error* error) {
  const TfLiteApi& api = model->runtime->api;
  TfLiteInterpreter* const interpreter = model->graph.interpreter();
  for (int32_t i = 0; i < api.input_count(interpreter); ++i) {
    TfLiteTensor* const tensor = api.input(interpreter, i);
    void* const data = api.tensor_data(tensor);
    if (data != nullptr) memset(data, 0, api.tensor_bytes(tensor));
  }
  const uint64_t start = now_ns();
  const Outcome outcome = model->graph.warm_up();
  model->info.first_invoke_ns = now_ns() - start;
  if (outcome == Outcome::kNoMemory) return fail_no_memory(error, *model, "in its first run");
  if (outcome == Outcome::kRefused) {
    return fail(error, EP_E_INVOKE, "model %s: the first run failed: %s", model->name,
                model->graph.message());
  }
  return EP_OK;
}

int32_t load_steps(ep_model* model, const ep_model_options& options, ep_error* error) {
  int32_t status = take_bytes(model, options, error);
  if (status != EP_OK) return status;
  const uint64_t check_start = now_ns();
  ModelTraits traits = {};
  status = check_model(model->name, model->bytes, model->info.file_bytes, &traits, error);
  if (status != EP_OK) return status;
  model->info.check_ns = now_ns() - check_start;
  model->info.open_size = traits.open_size ? 1 : 0;
  if (options.delegate_library != nullptr) {
    status = model->external.open(model->runtime, options.delegate_library,
                                  options.delegate_options, error);
    if (status != EP_OK) return status;
  }
  const auto wanted = static_cast<ep_delegate>(options.delegate);
  const bool has_xnnpack = model->runtime->api.xnnpack_create != nullptr;
  status = build_graph(model, delegate_ladder(wanted, traits, has_xnnpack), error);
  return status != EP_OK ? status : first_invoke(model, error);
}

void fill_info(ep_model* model) {
  const TfLiteApi& api = model->runtime->api;
  const Graph::Times& times = model->graph.times();
  model->info.inputs = static_cast<uint32_t>(api.input_count(model->graph.interpreter()));
  model->info.outputs = static_cast<uint32_t>(api.output_count(model->graph.interpreter()));
  model->info.delegate_ns = times.delegate_ns;
  model->info.interpreter_ns = times.interpreter_ns;
  model->info.tensors_ns = times.tensors_ns;
}

/** Leaves the pool empty, also of what the runtime forgot when an exception went through it.
 *  Returns how many blocks that were. */
uint64_t release(ep_model* model, bool reset) {
  model->graph.destroy();
  free_file(model);
  uint64_t left_behind = 0;
  if (model->pool != nullptr) {
    ep_pool_stats stats = {};
    ep_pool_get_stats(model->pool, &stats);
    left_behind = stats.live_blocks;
    pool_set_phase(model->pool, EP_PHASE_NONE);
    pool_release(model->pool);
    if (reset || left_behind > 0) ep_pool_reset(model->pool, nullptr);
  }
  vacate(model->runtime, model->pool);
  delete model;
  return left_behind;
}

int32_t claim_pool(ep_runtime* runtime, ep_pool* pool, const char* name, ep_error* error) {
  if (!occupy(runtime, pool)) {
    return fail(error, EP_E_BUSY, "model %s: pool %s holds a model; unload it first", name,
                pool_name(pool));
  }
  if (pool == nullptr) return EP_OK;
  ep_pool_stats stats = {};
  ep_pool_get_stats(pool, &stats);
  if (stats.live_blocks > 0) {
    vacate(runtime, pool);
    return fail(error, EP_E_STATE, "model %s: pool %s is not empty; a model needs one of its own",
                name, pool_name(pool));
  }
  pool_hold(pool);
  return EP_OK;
}

}  // namespace

uint8_t* allocate_file(ep_pool* pool, size_t bytes) {
  void* block = nullptr;
  if (pool != nullptr) return static_cast<uint8_t*>(pool_allocate(pool, bytes, kFileAlignment));
  return posix_memalign(&block, kFileAlignment, bytes) == 0 ? static_cast<uint8_t*>(block)
                                                            : nullptr;
}

void free_file(ep_model* model) {
  if (model->bytes == nullptr) return;
  if (model->pool != nullptr) {
    pool_free(model->pool, model->bytes);
  } else {
    free(model->bytes);
  }
  model->bytes = nullptr;
}

}  // namespace ep

int32_t ep_model_load(ep_runtime* runtime, ep_pool* pool, const ep_model_options* options,
                      ep_model** out, ep_error* error) {
  const uint64_t start = ep::now_ns();
  ep::touch_stack();
  const uint64_t faults = ep::minor_faults();
  int32_t status = ep::check_options(runtime, options, out, error);
  if (status != EP_OK) return status;
  status = ep::claim_pool(runtime, pool, options->name, error);
  if (status != EP_OK) return status;
  auto* const model = new (std::nothrow) ep_model(runtime, pool);
  if (model == nullptr) {
    if (pool != nullptr) ep::pool_release(pool);
    ep::vacate(runtime, pool);
    return ep::fail(error, EP_E_NO_MEMORY, "model %s: no memory for its handle", options->name);
  }
  memcpy(model->name, options->name, strlen(options->name));
  model->info.threads = options->threads == 0 ? 1 : options->threads;
  status = ep::load_steps(model, *options, error);
  if (status != EP_OK) {
    ep::release(model, true);
    return status;
  }
  ep::fill_info(model);
  if (pool != nullptr) ep::pool_set_phase(pool, EP_PHASE_NONE);
  model->info.load_ns = ep::now_ns() - start;
  model->info.load_minor_faults = ep::minor_faults() - faults;
  *out = model;
  return EP_OK;
}

int32_t ep_model_unload(ep_model* model, int32_t reset, ep_error* error) {
  if (model == nullptr) return ep::fail(error, EP_E_ARGUMENT, "ep_model_unload: model is NULL");
  ep_parking parking = {};
  ep_model_get_parking(model, &parking);
  if (parking.residence == EP_AWAY) {
    ep::forget_away(model);
  } else if (parking.residence != EP_RESIDENT) {
    const int32_t status = ep_model_restore(model, error);
    if (status != EP_OK) return status;
  }
  char name[64];
  memcpy(name, model->name, sizeof name);
  const uint64_t left_behind = ep::release(model, reset != 0);
  if (left_behind > 0 && reset == 0) {
    return ep::fail(error, EP_E_STATE,
                    "model %s: the runtime left %" PRIu64 " blocks behind; they were dropped", name,
                    left_behind);
  }
  return EP_OK;
}

#include <cinttypes>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "error.hpp"
#include "model.hpp"
#include "threads.hpp"

namespace ep {
namespace {

using Shape = std::vector<int32_t>;

std::vector<Shape> input_shapes(const ep_model& model) {
  const TfLiteApi& api = model.runtime->api;
  std::vector<Shape> shapes;
  for (uint32_t i = 0; i < model.info.inputs; ++i) {
    const TfLiteTensor* tensor = api.input(model.graph.interpreter(), static_cast<int32_t>(i));
    Shape& shape = shapes.emplace_back();
    for (int32_t d = 0; d < api.tensor_rank(tensor); ++d) {
      shape.push_back(api.tensor_dimension(tensor, d));
    }
  }
  return shapes;
}

/** Empties the pool of what an exception left in it, and puts the file back. */
bool renew_pool(ep_model* model) {
  const size_t size = model->info.file_bytes;
  void* const copy = malloc(size);
  if (copy == nullptr) return false;
  memcpy(copy, model->bytes, size);
  pool_release(model->pool);
  const bool dropped = ep_pool_reset(model->pool, nullptr) == EP_OK;
  pool_hold(model->pool);
  if (dropped) {
    model->graph.pool_was_dropped();
    model->bytes = allocate_file(model->pool, size);
    if (model->bytes != nullptr) memcpy(model->bytes, copy, size);
  }
  free(copy);
  return dropped && model->bytes != nullptr;
}

uint64_t elements(const Shape& shape) {
  uint64_t count = 1;
  for (const int32_t side : shape) {
    if (__builtin_mul_overflow(count, static_cast<uint64_t>(side), &count)) return UINT64_MAX;
  }
  return count;
}

/** Makes the graph anew with these shapes of its inputs. After a resize that failed: an interpreter
 *  that was stopped in the middle is in no known state. For smaller shapes: an arena only grows. */
bool rebuild(ep_model* model, const std::vector<Shape>& shapes) {
  model->graph.destroy();
  if (model->graph.must_drop_pool() && !renew_pool(model)) return false;
  model->graph_options.bytes = model->bytes;
  if (model->graph.build(model->graph_options) != Outcome::kDone) return false;
  const std::vector<Shape> fresh = input_shapes(*model);
  for (uint32_t i = 0; i < shapes.size(); ++i) {
    if (fresh[i] == shapes[i]) continue;
    const auto rank = static_cast<uint32_t>(shapes[i].size());
    if (model->graph.resize(i, shapes[i].data(), rank) != Outcome::kDone) return false;
  }
  return true;
}

int32_t check_shape(const ep_model* model, uint32_t index, const int32_t* shape, uint32_t rank,
                    ep_error* error) {
  if (model == nullptr || shape == nullptr || rank > 8) {
    return fail(error, EP_E_ARGUMENT, "ep_model_resize_input: give a model and at most 8 numbers");
  }
  if (index >= model->info.inputs) {
    return fail(error, EP_E_ARGUMENT, "model %s: has no input %" PRIu32, model->name, index);
  }
  for (uint32_t i = 0; i < rank; ++i) {
    if (shape[i] >= 1) continue;
    return fail(error, EP_E_ARGUMENT,
                "model %s: input %" PRIu32 ": dimension %" PRIu32 " is %" PRId32 "; give 1 or more",
                model->name, index, i, shape[i]);
  }
  if (model->graph.interpreter() == nullptr) {
    return fail(error, EP_E_STATE, "model %s: is not ready; unload it", model->name);
  }
  return EP_OK;
}

int32_t not_restored(ep_model* model, ep_error* error) {
  model->graph.destroy();
  return fail(error, EP_E_STATE, "model %s: could not be restored after a refused shape; unload it",
              model->name);
}

}  // namespace
}  // namespace ep

int32_t ep_model_resize_input(ep_model* model, uint32_t index, const int32_t* shape, uint32_t rank,
                              ep_error* error) {
  const ep::ModelCall call(model);
  if (call.refused()) return ep::fail_parked(model, error);
  int32_t status = ep::check_shape(model, index, shape, rank, error);
  if (status != EP_OK) return status;
  ep::touch_stack();
  const std::vector<ep::Shape> former = ep::input_shapes(*model);
  std::vector<ep::Shape> wanted = former;
  wanted[index].assign(shape, shape + rank);
  const bool smaller = ep::elements(wanted[index]) < ep::elements(former[index]);
  if (smaller && ep::rebuild(model, wanted)) return EP_OK;
  if (smaller && !ep::rebuild(model, former)) return ep::not_restored(model, error);
  const ep::Outcome outcome = model->graph.resize(index, shape, rank);
  if (outcome == ep::Outcome::kDone) return EP_OK;
  status = outcome == ep::Outcome::kNoMemory
               ? ep::fail_no_memory(error, *model, "with that shape")
               : ep::fail(error, EP_E_REFUSED, "model %s: the runtime refused the shape: %s",
                          model->name, model->graph.message());
  return ep::rebuild(model, former) ? status : ep::not_restored(model, error);
}

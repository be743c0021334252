// ep_convert: `convert` with scratch of its own, for callers that are no worker.
#include <cstdlib>
#include <memory>

#include "convert.hpp"
#include "error.hpp"
#include "model.hpp"

namespace {

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

}  // namespace

int32_t ep_convert(const void* pixels, const ep_frame* frame, ep_model* model, uint32_t index,
                   const ep_convert_options* options, ep_error* error) {
  if (pixels == nullptr || frame == nullptr || model == nullptr || options == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "convert: pixels, frame, model or options is null");
  }
  const ep::ModelCall call(model);
  if (call.refused()) return ep::fail_parked(model, error);
  ep_tensor_info input;
  void* tensor = nullptr;
  if (ep::input_tensor(model, index, &input, &tensor) != EP_OK) {
    return ep::fail(error, EP_E_ARGUMENT, "convert: the model has no input %u", index);
  }
  const size_t bytes = ep::convert_scratch_bytes(*frame, input);
  const std::unique_ptr<void, Free> scratch(bytes == 0 ? nullptr : std::malloc(bytes));
  if (bytes > 0 && scratch == nullptr) {
    return ep::fail(error, EP_E_NO_MEMORY, "convert: out of memory for %zu bytes of rows", bytes);
  }
  return ep::convert(pixels, *frame, *options, input, tensor, scratch.get(), bytes, error);
}

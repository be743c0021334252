#include "tflite.hpp"

#include <dlfcn.h>

#include <cstdio>

#include "error.hpp"

namespace ep {
namespace {

template <typename Function>
bool find(void* handle, const char* symbol, Function** out) {
  *out = reinterpret_cast<Function*>(dlsym(handle, symbol));
  return *out != nullptr;
}

/** The name of the first symbol that is missing, null if none is. */
const char* find_all(void* handle, TfLiteApi* api) {
  const char* missing = nullptr;
  const auto need = [&](const char* symbol, auto** out) {
    if (!find(handle, symbol, out) && missing == nullptr) missing = symbol;
  };
  need("TfLiteVersion", &api->version);
  need("TfLiteModelCreate", &api->model_create);
  need("TfLiteModelDelete", &api->model_delete);
  need("TfLiteInterpreterOptionsCreate", &api->options_create);
  need("TfLiteInterpreterOptionsDelete", &api->options_delete);
  need("TfLiteInterpreterOptionsSetNumThreads", &api->options_set_threads);
  need("TfLiteInterpreterOptionsAddDelegate", &api->options_add_delegate);
  need("TfLiteInterpreterOptionsSetErrorReporter", &api->options_set_reporter);
  need("TfLiteInterpreterCreate", &api->interpreter_create);
  need("TfLiteInterpreterDelete", &api->interpreter_delete);
  need("TfLiteInterpreterAllocateTensors", &api->allocate_tensors);
  need("TfLiteInterpreterInvoke", &api->invoke);
  need("TfLiteInterpreterResizeInputTensor", &api->resize_input);
  need("TfLiteInterpreterGetInputTensorCount", &api->input_count);
  need("TfLiteInterpreterGetOutputTensorCount", &api->output_count);
  need("TfLiteInterpreterGetInputTensor", &api->input);
  need("TfLiteInterpreterGetOutputTensor", &api->output);
  need("TfLiteTensorType", &api->tensor_type);
  need("TfLiteTensorNumDims", &api->tensor_rank);
  need("TfLiteTensorDim", &api->tensor_dimension);
  need("TfLiteTensorByteSize", &api->tensor_bytes);
  need("TfLiteTensorData", &api->tensor_data);
  need("TfLiteTensorName", &api->tensor_name);
  need("TfLiteTensorQuantizationParams", &api->tensor_quantization);
  return missing;
}

}  // namespace

int32_t load_api(void* handle, const char* path, TfLiteApi* api, ep_error* error) {
  *api = {};
  const char* missing = find_all(handle, api);
  if (missing != nullptr) {
    return fail(error, EP_E_LIBRARY, "%s: lacks %s; give a library with the TensorFlow Lite C API",
                path, missing);
  }
  find(handle, "TfLiteInterpreterResetVariableTensors", &api->reset_variables);
  const bool has_xnnpack = find(handle, "TfLiteXNNPackDelegateCreate", &api->xnnpack_create) &&
                           find(handle, "TfLiteXNNPackDelegateDelete", &api->xnnpack_delete);
  if (!has_xnnpack) api->xnnpack_create = nullptr;
  return EP_OK;
}

XnnpackOptions::XnnpackOptions(const char* version, uint32_t threads, uint32_t flags) {
  int major = 0;
  int minor = 0;
  sscanf(version, "%d.%d", &major, &minor);
  const bool has_runtime_flags = major > 2 || (major == 2 && minor >= 19);
  words[0] = threads;
  words[has_runtime_flags ? 2 : 1] = flags;
}

}  // namespace ep

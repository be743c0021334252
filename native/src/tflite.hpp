// The TensorFlow Lite C API as this library uses it: a table of functions from dlopen.
//
// Signatures are those of tensorflow/lite/c/c_api.h and delegates/xnnpack/xnnpack_delegate.h, which
// keep them from version to version. Tried with 2.9.0 on x86-64 and AArch64.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdint>

#include "edgepool.h"

struct TfLiteModel;
struct TfLiteInterpreter;
struct TfLiteInterpreterOptions;
struct TfLiteTensor;
struct TfLiteDelegate;

namespace ep {

struct TfLiteQuantizationParams {
  float scale;
  int32_t zero_point;
};

/** TfLiteStatus: kTfLiteOk. Every other value is a failure. */
inline constexpr int kTfLiteOk = 0;

using TfLiteReporter = void (*)(void* user_data, const char* format, va_list arguments);

struct TfLiteApi {
  const char* (*version)();
  TfLiteModel* (*model_create)(const void* bytes, size_t size);
  void (*model_delete)(TfLiteModel*);
  TfLiteInterpreterOptions* (*options_create)();
  void (*options_delete)(TfLiteInterpreterOptions*);
  void (*options_set_threads)(TfLiteInterpreterOptions*, int32_t);
  void (*options_add_delegate)(TfLiteInterpreterOptions*, TfLiteDelegate*);
  void (*options_set_reporter)(TfLiteInterpreterOptions*, TfLiteReporter, void* user_data);
  TfLiteInterpreter* (*interpreter_create)(const TfLiteModel*, const TfLiteInterpreterOptions*);
  void (*interpreter_delete)(TfLiteInterpreter*);
  int (*allocate_tensors)(TfLiteInterpreter*);
  int (*invoke)(TfLiteInterpreter*);
  int (*resize_input)(TfLiteInterpreter*, int32_t index, const int* shape, int32_t rank);
  int32_t (*input_count)(const TfLiteInterpreter*);
  int32_t (*output_count)(const TfLiteInterpreter*);
  TfLiteTensor* (*input)(const TfLiteInterpreter*, int32_t index);
  const TfLiteTensor* (*output)(const TfLiteInterpreter*, int32_t index);
  int (*tensor_type)(const TfLiteTensor*);
  int32_t (*tensor_rank)(const TfLiteTensor*);
  int32_t (*tensor_dimension)(const TfLiteTensor*, int32_t index);
  size_t (*tensor_bytes)(const TfLiteTensor*);
  void* (*tensor_data)(const TfLiteTensor*);
  const char* (*tensor_name)(const TfLiteTensor*);
  TfLiteQuantizationParams (*tensor_quantization)(const TfLiteTensor*);
  /** Experimental in the API, so it may be null. */
  int (*reset_variables)(TfLiteInterpreter*);
  /** Null in a library built without XNNPACK. */
  TfLiteDelegate* (*xnnpack_create)(const void* options);
  void (*xnnpack_delete)(TfLiteDelegate*);
};

/** Fills `api` from a library opened with dlopen. EP_E_LIBRARY iff a symbol is missing; the message
 *  names it. XNNPACK's may be missing. */
int32_t load_api(void* handle, const char* path, TfLiteApi* api, ep_error* error);

/** XNNPACK's flags for quantised operators. */
inline constexpr uint32_t kXnnpackQs8 = 1;
inline constexpr uint32_t kXnnpackQu8 = 2;

/**
 * TfLiteXNNPackDelegateOptions of any version: the struct has grown at its end and once in the
 * middle (`runtime_flags` before `flags`, from 2.19 on). All that this library does not set is
 * zero, which is the default of every field. The library's own ...OptionsDefault is not called: it
 * returns the struct by value, in registers or through memory depending on its size.
 */
struct XnnpackOptions {
  XnnpackOptions(const char* version, uint32_t threads, uint32_t flags);
  uint32_t words[64] = {};
};

}  // namespace ep

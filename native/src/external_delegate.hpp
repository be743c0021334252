// A delegate that comes as a library of its own, an NPU's for example, with the two entry points of
// TensorFlow Lite's external delegates (tensorflow/lite/delegates/external/external_delegate.h).
#pragma once

#include <string>
#include <vector>

#include "runtime.hpp"

namespace ep {

/**
 * Its allocator entries are re-pointed as the runtime's are: what it allocates on a thread that
 * works for a model, or that such a thread has started, lies in that model's pool; what other
 * threads of it allocate is counted as foreign. Memory that it maps itself is not seen.
 */
class ExternalDelegate {
 public:
  /** `options`: lines of `key=value`, may be null. EP_E_LIBRARY iff the library cannot be opened or
   *  lacks an entry point, EP_E_ARGUMENT iff a line is no option. The library is never unloaded. */
  int32_t open(ep_runtime* runtime, const char* library, const char* options, ep_error* error);

  /** Null where it refuses; what it says then is in `message()` of this thread. In a scope. */
  TfLiteDelegate* create();
  void destroy(TfLiteDelegate* delegate) { destroy_(delegate); }

  /** What a delegate has reported on this thread since the last `create`. */
  static const char* message();

 private:
  int32_t warm_up(ep_runtime* runtime);

  using Create = TfLiteDelegate*(char** keys, char** values, size_t count,
                                 void (*report)(const char*));
  using Destroy = void(TfLiteDelegate*);

  Create* create_ = nullptr;
  Destroy* destroy_ = nullptr;
  std::vector<std::string> words_;  // key, value, key, value
  std::vector<char*> keys_;
  std::vector<char*> values_;
};

}  // namespace ep

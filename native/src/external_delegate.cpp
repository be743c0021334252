#include "external_delegate.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "error.hpp"
#include "graph.hpp"

namespace ep {
namespace {

thread_local char reported[200] __attribute__((tls_model("initial-exec")));

/** Called by the delegate, in a pool's scope: nothing here allocates. */
void report(const char* message) {
  std::snprintf(reported, sizeof reported, "%s", message == nullptr ? "" : message);
  std::replace(reported, reported + sizeof reported, '\n', ' ');
}

/** Each line of `text` as its key and its value. False iff one has no key. */
bool split(const char* text, std::vector<std::string>* words) {
  for (std::string rest = text == nullptr ? "" : text; !rest.empty();) {
    const size_t end = rest.find('\n');
    const std::string line = rest.substr(0, end);
    rest = end == std::string::npos ? "" : rest.substr(end + 1);
    const size_t equals = line.find('=');
    if (equals == 0 || equals == std::string::npos) return false;
    words->push_back(line.substr(0, equals));
    words->push_back(line.substr(equals + 1));
  }
  return true;
}

/** True the first time that a library is asked for. Never forgets: none is ever unloaded. */
bool is_new(void* handle) {
  static std::mutex lock;
  static auto* const known = new std::vector<void*>;
  const std::lock_guard guard(lock);
  if (std::find(known->begin(), known->end(), handle) != known->end()) return false;
  known->push_back(handle);
  return true;
}

}  // namespace

const char* ExternalDelegate::message() { return reported; }

int32_t ExternalDelegate::open(ep_runtime* runtime, const char* library, const char* options,
                               ep_error* error) {
  if (!split(options, &words_)) {
    return fail(error, EP_E_ARGUMENT, "delegate %s: its options must be key=value", library);
  }
  for (size_t i = 0; i < words_.size(); ++i) {
    (i % 2 == 0 ? keys_ : values_).push_back(words_[i].data());
  }
  void* const handle = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps dlerror's text for each thread
  if (handle == nullptr) return fail(error, EP_E_LIBRARY, "delegate %s", dlerror());
  create_ = reinterpret_cast<Create*>(dlsym(handle, "tflite_plugin_create_delegate"));
  destroy_ = reinterpret_cast<Destroy*>(dlsym(handle, "tflite_plugin_destroy_delegate"));
  if (create_ == nullptr || destroy_ == nullptr) {
    return fail(error, EP_E_LIBRARY,
                "delegate %s: lacks tflite_plugin_create_delegate or _destroy_delegate; give the "
                "library of an external delegate",
                library);
  }
  if (!is_new(handle)) return EP_OK;
  Binding binding;
  ep_error unbound = {};
  const int32_t bound = bind_library(handle, library, &binding, &unbound);
  if (bound != EP_OK && bound != EP_E_BIND) {
    if (error != nullptr) *error = unbound;
    return bound;
  }
  return warm_up(runtime);
}

/** What the library makes once for itself must not lie in a pool that is dropped. */
int32_t ExternalDelegate::warm_up(ep_runtime* runtime) {
  Scope scope;
  scope.pool = runtime->pool;
  scope.fallback = runtime->pool;
  const Enter enter(&scope);
  TfLiteDelegate* const delegate = create();
  if (delegate != nullptr) destroy(delegate);
  return EP_OK;
}

TfLiteDelegate* ExternalDelegate::create() {
  reported[0] = '\0';
  return create_(keys_.data(), values_.data(), keys_.size(), report);
}

}  // namespace ep

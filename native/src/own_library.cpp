#include "own_library.hpp"

namespace ep {
namespace {

// A sanitizer must see every call of the library's, and refuses this flag.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kOwnNamesFirst = 0;
#else
constexpr int kOwnNamesFirst = RTLD_DEEPBIND;
#endif

}  // namespace

void* open_own_library(const char* file) {
  return dlopen(file, RTLD_NOW | RTLD_LOCAL | kOwnNamesFirst);
}

const char* why_not() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps dlerror's text for each thread
  const char* const reason = dlerror();
  return reason == nullptr ? "a function or memory is missing" : reason;
}

}  // namespace ep

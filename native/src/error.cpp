#include "error.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ep {
namespace {

constexpr Figures kNoFigures{0, 0, 0};

__attribute__((format(printf, 4, 0))) int32_t fill(ep_error* error, ep_status status,
                                                   const Figures& figures, const char* format,
                                                   va_list arguments) {
  if (error == nullptr) return status;
  error->status = status;
  error->system_errno = 0;
  error->requested_bytes = figures.requested_bytes;
  error->available_bytes = figures.available_bytes;
  error->largest_free_bytes = figures.largest_free_bytes;
  std::vsnprintf(error->message, sizeof error->message, format, arguments);
  // Names come from the user and may hold anything; the message stays one line.
  for (char* c = error->message; *c != '\0'; ++c) {
    if (static_cast<unsigned char>(*c) < ' ') *c = ' ';
  }
  return status;
}

}  // namespace

int32_t fail(ep_error* error, ep_status status, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fill(error, status, kNoFigures, format, arguments);
  va_end(arguments);
  return status;
}

int32_t fail(ep_error* error, ep_status status, const Figures& figures, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fill(error, status, figures, format, arguments);
  va_end(arguments);
  return status;
}

int32_t fail_errno(ep_error* error, const char* call, const char* subject) {
  const int number = errno;
  const char* text = strerrordesc_np(number);
  fail(error, EP_E_SYSTEM, "%s: %s failed: %s (errno %d)", subject, call,
       text == nullptr ? "unknown error" : text, number);
  if (error != nullptr) error->system_errno = number;
  return EP_E_SYSTEM;
}

void broken_invariant(const char* what, const void* address) {
  char line[256];
  const int length =
      std::snprintf(line, sizeof line, "edgepool: broken invariant: %s at %p\n", what, address);
  const ssize_t written = write(STDERR_FILENO, line, static_cast<size_t>(length));
  static_cast<void>(written);  // The process ends either way.
  std::abort();
}

}  // namespace ep

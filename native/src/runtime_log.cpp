#include "runtime_log.hpp"

#include <unistd.h>

#include <string_view>

namespace ep {
namespace {

constexpr std::string_view kDropped = "INFO: ";

/** Where in a line the stream stands: a line longer than the buffer comes in pieces. */
struct Line {
  bool at_start = true;
  bool dropped = false;
};

/** The stream's own lock keeps callers apart. */
ssize_t write_lines(void* cookie, const char* text, size_t bytes) {
  auto* const state = static_cast<Line*>(cookie);
  std::string_view rest(text, bytes);
  while (!rest.empty()) {
    const size_t newline = rest.find('\n');
    const bool whole = newline != std::string_view::npos;
    const std::string_view line = whole ? rest.substr(0, newline + 1) : rest;
    if (state->at_start) state->dropped = line.starts_with(kDropped);
    if (!state->dropped && write(STDERR_FILENO, line.data(), line.size()) < 0) return 0;
    state->at_start = whole;
    rest.remove_prefix(line.size());
  }
  return static_cast<ssize_t>(bytes);
}

FILE* open_stream() {
  static Line line;
  static char buffer[4096];
  FILE* const stream = fopencookie(
      &line, "w", {.read = nullptr, .write = write_lines, .seek = nullptr, .close = nullptr});
  // A buffer of the stream's own would be allocated at the first line, in some model's pool or not.
  if (stream != nullptr) setvbuf(stream, buffer, _IOLBF, sizeof buffer);
  return stream;
}

}  // namespace

FILE** runtime_stderr() {
  static FILE* stream = open_stream();
  return stream == nullptr ? nullptr : &stream;
}

}  // namespace ep

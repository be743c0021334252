#include "check_context.hpp"

#include <cstdarg>
#include <cstdio>

#include "error.hpp"

namespace ep {
namespace {

int32_t verdict(CheckContext& context, ep_status status, const char* format, va_list arguments,
                const char* advice) {
  char detail[320];
  std::vsnprintf(detail, sizeof(detail), format, arguments);
  char place[32] = "";
  if (context.subgraph > 0) {
    std::snprintf(place, sizeof(place), "subgraph %u: ", context.subgraph);
  }
  return fail(context.error, status, "model '%s': %s%s: %s", context.name, place, detail, advice);
}

}  // namespace

bool CheckContext::damaged(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  status = verdict(*this, EP_E_MALFORMED, format, arguments, "the file is damaged, copy it again");
  va_end(arguments);
  return false;
}

bool CheckContext::unsupported(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  status =
      verdict(*this, EP_E_UNSUPPORTED, format, arguments, "convert the model again without it");
  va_end(arguments);
  return false;
}

bool CheckContext::spend(uint64_t elements) {
  if (elements > budget) return damaged("its tables name each other without end");
  budget -= elements;
  return true;
}

}  // namespace ep

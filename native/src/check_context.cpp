#include "check_context.hpp"

#include <cstdarg>
#include <cstdio>

#include "error.hpp"

namespace ep {
namespace {

constexpr size_t kDetailBytes = 320;

int32_t verdict(const CheckContext& context, ep_status status, const char* detail,
                const char* advice) {
  char place[32] = "";
  if (context.subgraph > 0) {
    std::snprintf(place, sizeof(place), "subgraph %u: ", context.subgraph);
  }
  return fail(context.error, status, "model '%s': %s%s: %s", context.name, place, detail, advice);
}

}  // namespace

bool CheckContext::damaged(const char* format, ...) {
  char detail[kDetailBytes];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(detail, sizeof(detail), format, arguments);
  va_end(arguments);
  status = verdict(*this, EP_E_MALFORMED, detail, "the file is damaged, copy it again");
  return false;
}

bool CheckContext::unsupported(const char* format, ...) {
  char detail[kDetailBytes];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(detail, sizeof(detail), format, arguments);
  va_end(arguments);
  status = verdict(*this, EP_E_UNSUPPORTED, detail, "convert the model again without it");
  return false;
}

bool CheckContext::spend(uint64_t elements) {
  if (elements > budget) return damaged("its tables name each other without end");
  budget -= elements;
  return true;
}

}  // namespace ep

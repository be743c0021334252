// One way to fill an ep_error. Every message is one line, names its subject and says what to do.
#pragma once

#include "edgepool.h"

namespace ep {

/** Fills `error` (may be null) with a printf-style message and returns `status`. */
__attribute__((format(printf, 3, 4))) int32_t fail(ep_error* error, ep_status status,
                                                   const char* format, ...);

/** As `fail`, with the three figures of the 2x range. */
struct Figures {
  uint64_t requested_bytes;
  uint64_t available_bytes;
  uint64_t largest_free_bytes;
};
__attribute__((format(printf, 4, 5))) int32_t fail(ep_error* error, ep_status status,
                                                   const Figures& figures, const char* format, ...);

/** EP_E_SYSTEM with the call's name and errno's text. */
int32_t fail_errno(ep_error* error, const char* call, const char* subject);

/** Ends the process with one line on standard error: an invariant is broken, so nothing that the
 *  memory holds can be trusted. Never for input. Allocates nothing. */
[[noreturn]] void broken_invariant(const char* what, const void* address);

}  // namespace ep

// Which delegates to try, in order: the runtime refuses a model as a whole when one operator does
// not suit the delegate, and only trying tells.
#pragma once

#include <array>
#include <cstdint>

#include "check.hpp"
#include "edgepool.h"

namespace ep {

struct Ladder {
  std::array<ep_delegate, 5> rungs;
  uint32_t count;
};

/** EP_DELEGATE_AUTO: from the quantised operators that the file can use down to none. Any other:
 *  that one only. Without XNNPACK in the library EP_DELEGATE_AUTO is EP_DELEGATE_NONE. */
Ladder delegate_ladder(ep_delegate wanted, const ModelTraits& traits, bool has_xnnpack);

bool uses_xnnpack(ep_delegate delegate);
uint32_t xnnpack_flags(ep_delegate delegate);
/** As messages and reports name it: "none", "xnnpack", "xnnpack qs8", ... */
const char* delegate_name(ep_delegate delegate);

}  // namespace ep

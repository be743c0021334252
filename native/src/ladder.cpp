#include "ladder.hpp"

#include "tflite.hpp"

namespace ep {

Ladder delegate_ladder(ep_delegate wanted, const ModelTraits& traits, bool has_xnnpack) {
  if (wanted != EP_DELEGATE_AUTO) return {{wanted}, 1};
  Ladder ladder = {{}, 0};
  const auto add = [&](ep_delegate rung) { ladder.rungs[ladder.count++] = rung; };
  if (has_xnnpack) {
    if (traits.has_int8 && traits.has_uint8) add(EP_DELEGATE_XNNPACK_QS8_QU8);
    if (traits.has_int8) add(EP_DELEGATE_XNNPACK_QS8);
    if (traits.has_uint8) add(EP_DELEGATE_XNNPACK_QU8);
    add(EP_DELEGATE_XNNPACK);
  }
  add(EP_DELEGATE_NONE);
  return ladder;
}

bool uses_xnnpack(ep_delegate delegate) {
  return delegate >= EP_DELEGATE_XNNPACK && delegate <= EP_DELEGATE_XNNPACK_QS8_QU8;
}

uint32_t xnnpack_flags(ep_delegate delegate) {
  switch (delegate) {
    case EP_DELEGATE_XNNPACK_QS8:
      return kXnnpackQs8;
    case EP_DELEGATE_XNNPACK_QU8:
      return kXnnpackQu8;
    case EP_DELEGATE_XNNPACK_QS8_QU8:
      return kXnnpackQs8 | kXnnpackQu8;
    default:
      return 0;
  }
}

const char* delegate_name(ep_delegate delegate) {
  switch (delegate) {
    case EP_DELEGATE_AUTO:
      return "auto";
    case EP_DELEGATE_NONE:
      return "none";
    case EP_DELEGATE_XNNPACK:
      return "xnnpack";
    case EP_DELEGATE_XNNPACK_QS8:
      return "xnnpack qs8";
    case EP_DELEGATE_XNNPACK_QU8:
      return "xnnpack qu8";
    case EP_DELEGATE_XNNPACK_QS8_QU8:
      return "xnnpack qs8 qu8";
    case EP_DELEGATE_EXTERNAL:
      return "external";
  }
  return "unknown";
}

}  // namespace ep

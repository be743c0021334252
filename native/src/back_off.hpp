// How long to wait before the next try: twice as long each time, up to a most. Without figures: as
// it suits a camera that is away.
#pragma once

#include <cstdint>

namespace ep {

class BackOff {
 public:
  explicit BackOff(uint64_t least_ns = 250'000'000, uint64_t most_ns = 5'000'000'000)
      : least_ns_(least_ns), most_ns_(most_ns), next_ns_(least_ns) {}

  uint64_t next_ns() {
    const uint64_t wait_ns = next_ns_;
    next_ns_ = wait_ns > most_ns_ / 2 ? most_ns_ : wait_ns * 2;
    return wait_ns;
  }
  void reset() { next_ns_ = least_ns_; }

 private:
  uint64_t least_ns_;
  uint64_t most_ns_;
  uint64_t next_ns_;
};

}  // namespace ep

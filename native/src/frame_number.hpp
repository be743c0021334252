// Numbers of a camera's frames, from 1, out of the driver's own: a gap is a frame that was lost.
#pragma once

#include <cstdint>

namespace ep {

class FrameNumber {
 public:
  /** The number of the frame that has this sequence number, which may wrap. */
  uint64_t next(uint32_t sequence) {
    const uint32_t step = sequence - last_sequence_;
    number_ += known_ && step > 0 && step <= kMostLost ? step : 1;
    known_ = true;
    last_sequence_ = sequence;
    return number_;
  }
  /** The driver begins anew; how many frames passed meanwhile nobody knows. */
  void restart() { known_ = false; }

 private:
  /** More than that at once is a driver that began anew, or one that does not count. */
  static constexpr uint32_t kMostLost = 10000;

  uint64_t number_ = 0;
  uint32_t last_sequence_ = 0;
  bool known_ = false;
};

}  // namespace ep

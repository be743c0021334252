// Where a capture thread gets its frames from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "edgepool.h"
#include "ring.hpp"

namespace ep {

class FrameSource {
 public:
  virtual ~FrameSource() = default;
  FrameSource(const FrameSource&) = delete;
  FrameSource& operator=(const FrameSource&) = delete;

  /** The largest frame that it will give. Needs nothing but the options. */
  virtual int32_t probe(ep_frame* largest, ep_error* error) = 0;

  /** Once, after `probe` and before the first `fill`: takes from `ring`'s pool what it needs. */
  virtual int32_t prepare(ep_ring* ring, ep_error* error) = 0;

  /** Frames a second that the source has of itself; 0: those that were asked for. */
  virtual double own_fps() const { return 0; }

  /** Whether frames come when the source has them, as a camera's do, and not at the frame rate.
   *  Then `await` goes before each `fill` or `skip`. */
  virtual bool has_clock() const { return false; }

  struct Arrival {
    uint64_t number;
    uint64_t captured_ns;
  };
  enum class Awaited { kFrame, kNothing, kTrouble, kEnded };

  /** Waits at most so long for the next frame. kTrouble: `error` says what happened, or with the
   *  status EP_OK that it is over; the source mends itself. kEnded: nothing comes after. */
  virtual Awaited await(int, Arrival*, ep_error*) { return Awaited::kNothing; }
  /** Lets the awaited frame go. */
  virtual void skip() {}

  enum class Outcome { kFilled, kFailed, kEnded };

  /** Puts frame `number` into a slot that is being filled; width, height, pixels and bytes into
   *  `frame`; a line for the app into `note` (128 bytes), or leaves it. kFailed: `error` says why,
   *  and the next call goes on with what comes after; kEnded: nothing comes after. */
  virtual Outcome fill(uint64_t number, uint32_t slot, ep_frame* frame, char* note,
                       ep_error* error) = 0;

  /** The slot that the frame is in which was filled last, `slot` being the one that was given:
   *  another where a device writes into slots by itself. */
  virtual uint32_t filled(uint32_t slot) const { return slot; }

  /** How frames come into slots, for people; empty where it goes without saying. Any thread. */
  virtual std::string way() { return {}; }

 protected:
  FrameSource() = default;
};

/** EP_E_ARGUMENT iff an option is out of its range. */
int32_t make_source(const ep_source_options& options, std::unique_ptr<FrameSource>* out,
                    ep_error* error);

/** Differs between all sources of the process and is never 0: SlotContent::owner. */
uint64_t next_owner();

}  // namespace ep

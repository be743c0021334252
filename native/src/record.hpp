// Every operation on one pool, in order, in memory of its own outside the region: recording a pool
// changes nothing inside it. Pool locks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

class Recording {
 public:
  Recording() = default;
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  /** Drops what was recorded and makes room for `capacity` records, every page present, so that
   *  recording itself faults nowhere. 0 switches it off. False with errno set iff there is no
   *  memory. */
  bool start(uint32_t capacity);
  bool on() const { return records_ != nullptr; }

  /** Stamps time and thread. Past the capacity only the count goes on. */
  void add(ep_record record);

  uint32_t copy(ep_record* records, uint32_t capacity) const;

 private:
  void drop();

  ep_record* records_ = nullptr;
  size_t bytes_ = 0;
  uint32_t capacity_ = 0;
  uint32_t made_ = 0;
};

}  // namespace ep

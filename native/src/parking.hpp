// What a pool knows of itself while it is parked. Kept outside of its window, which may be gone.
#pragma once

#include <cstdint>
#include <vector>

#include "blocks.hpp"
#include "edgepool.h"
#include "heap.hpp"
#include "packing.hpp"

namespace ep {

struct Parking {
  ep_residence residence = EP_RESIDENT;
  Heap* heap = nullptr;
  HeapStats stats = {};
  uint64_t heap_bytes = 0;  // of the window when it was parked
  std::vector<Hole> holes;
  Blocks blocks;                           // what is live, once it lies packed
  const Compressor* compressor = nullptr;  // of them; null: none is compressed
  uint64_t mapped_bytes = 0;               // from the window's start on
  /** Pages on which threads sleep. The kernel looks there when it wakes one for a moment, to stop
   *  or to freeze the process for example, so something must be there all the time. */
  std::vector<uintptr_t> pages;
  uint64_t written_bytes = 0;  // of the packed ones, come back from elsewhere
};

}  // namespace ep

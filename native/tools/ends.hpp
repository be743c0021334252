// Where each block of a load should lie, told from the record of one.
#pragma once

#include <cstdint>
#include <vector>

#include "edgepool.h"

namespace trial {

/** For ep_pool_place: a bit for each allocation and resize of `records`, which begin with a fresh
 *  pool and end when only steady runs would follow. */
struct Ends {
  std::vector<uint8_t> bits;
  uint32_t count;
};

Ends choose_ends(const std::vector<ep_record>& records);

}  // namespace trial

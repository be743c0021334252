// What the trial program knows: what it was asked, what it found, and how it loads a model.
#pragma once

#include <cstdint>
#include <vector>

#include "edgepool.h"
#include "ends.hpp"

namespace trial {

struct Arguments {
  const char* library;
  const char* model;
  const char* name;
  uint32_t threads;
  uint32_t delegate;
  const char* delegate_library;  // null: none
  const char* delegate_options;
  std::vector<uint32_t> chunk_bytes;
  uint64_t capacity_bytes;
  const char* record_file;  // null: nothing is recorded
  uint32_t invokes;         // after the first one, which is part of the load
};

/** The smallest pool tried in which the model loads and runs without mapping more. */
struct Fit {
  uint32_t chunk_bytes;
  uint64_t mapped_bytes;
  uint64_t pool_bytes;  // the quota to give it
};

struct Findings {
  ep_model_info info;
  ep_pool_stats stats;    // of the last load, while the model was in its pool
  uint64_t peak_bytes;    // the most of all loads
  uint64_t base_address;  // where the recorded pool's window started
  Ends ends;              // of the first load, for those after it
  std::vector<Fit> fits;
  std::vector<ep_record> records;
};

struct PoolSize {
  uint32_t chunk_bytes;
  uint64_t quota_bytes;
  uint64_t planned_bytes;
  uint32_t record_capacity;  // 0: not recorded
};

/** Loads, runs and unloads in a pool of its own; what is not planned is mapped as it is needed. */
int32_t load_once(const Arguments& arguments, ep_region* region, ep_runtime* runtime,
                  const PoolSize& size, Findings* findings, ep_error* error);

/** Writes the records: a header of 32 bytes ("EPTRACE1", size of a record, their number, the base
 *  address, a zero), then each ep_record as it lies in memory. */
int32_t write_records(const Arguments& arguments, const Findings& findings, ep_error* error);

}  // namespace trial

// The opened runtime library: its functions, its pool, what was re-pointed in it.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "binder.hpp"
#include "tflite.hpp"

/** One a process and library, never destroyed: its entries stay in use. */
struct ep_runtime {
  ep::TfLiteApi api = {};
  std::string path;
  std::string version;
  void* handle = nullptr;
  ep::Binding binding;
  /** Library globals and delegates with their thread pools; never reset. */
  ep_pool* pool = nullptr;

  std::mutex lock;
  uint32_t users = 0;
  uint32_t models = 0;             // pooled and unpooled
  std::vector<ep_pool*> occupied;  // pools that hold a model or are being loaded into
};

namespace ep {

/** Marks `pool` (may be null: unpooled) as holding a model. False iff it holds one already. */
bool occupy(ep_runtime* runtime, ep_pool* pool);
void vacate(ep_runtime* runtime, ep_pool* pool);

}  // namespace ep

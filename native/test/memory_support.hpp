// What the memory tests share: handles that give themselves back, bytes that can be recognised.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>

#include "edgepool.h"

namespace ep_test {

inline constexpr uint64_t kKib = 1024;
inline constexpr uint64_t kMib = 1024 * kKib;

struct RegionCloser {
  void operator()(ep_region* region) const {
    ep_error error{};
    EXPECT_EQ(ep_region_destroy(region, &error), EP_OK) << error.message;
  }
};
struct PoolCloser {
  void operator()(ep_pool* pool) const {
    ep_error error{};
    EXPECT_EQ(ep_pool_destroy(pool, &error), EP_OK) << error.message;
  }
};
using RegionHandle = std::unique_ptr<ep_region, RegionCloser>;
using PoolHandle = std::unique_ptr<ep_pool, PoolCloser>;

inline ep_region_options region_options(uint64_t capacity_bytes) {
  ep_region_options options{};
  options.capacity_bytes = capacity_bytes;
  options.lock = EP_LOCK_PREFERRED;
  options.pages = EP_PAGES_ORDINARY;
  return options;
}

inline RegionHandle make_region(const ep_region_options& options) {
  ep_region* region = nullptr;
  ep_error error{};
  EXPECT_EQ(ep_region_create(&options, &region, &error), EP_OK) << error.message;
  return RegionHandle(region);
}

inline RegionHandle make_region(uint64_t capacity_bytes) {
  return make_region(region_options(capacity_bytes));
}

inline ep_pool_options pool_options(const char* name, uint64_t quota_bytes,
                                    uint64_t planned_bytes = 0) {
  ep_pool_options options{};
  options.name = name;
  options.quota_bytes = quota_bytes;
  options.planned_bytes = planned_bytes;
  return options;
}

inline PoolHandle make_pool(const RegionHandle& region, const ep_pool_options& options) {
  ep_pool* pool = nullptr;
  ep_error error{};
  EXPECT_EQ(ep_pool_create(region.get(), &options, &pool, &error), EP_OK) << error.message;
  return PoolHandle(pool);
}

inline PoolHandle make_pool(const RegionHandle& region, const char* name, uint64_t quota_bytes,
                            uint64_t planned_bytes = 0) {
  return make_pool(region, pool_options(name, quota_bytes, planned_bytes));
}

inline ep_region_stats stats_of(const RegionHandle& region) {
  ep_region_stats stats{};
  ep_region_get_stats(region.get(), &stats);
  return stats;
}

inline ep_pool_stats stats_of(const PoolHandle& pool) {
  ep_pool_stats stats{};
  ep_pool_get_stats(pool.get(), &stats);
  return stats;
}

inline void expect_sound(const PoolHandle& pool) {
  ep_error error{};
  EXPECT_EQ(ep_pool_check(pool.get(), &error), EP_OK) << error.message;
}

/** EP_SEED where set, else one from the system; printed, so that a failure can be run again. */
inline uint64_t test_seed() {
  const char* given = std::getenv("EP_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::printf("EP_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

/** Fills a block with `cookie`, over and over. */
inline void fill(void* block, size_t bytes, uint32_t cookie) {
  auto* at = static_cast<unsigned char*>(block);
  size_t done = std::min(bytes, sizeof cookie);
  std::memcpy(at, &cookie, done);
  while (done < bytes) {
    const size_t more = std::min(done, bytes - done);
    std::memcpy(at + done, at, more);
    done += more;
  }
}

/** Whether every byte is as `fill` left it: the first ones, and each the same as four before it. */
inline bool filled(const void* block, size_t bytes, uint32_t cookie) {
  const auto* at = static_cast<const unsigned char*>(block);
  const size_t first = std::min(bytes, sizeof cookie);
  return std::memcmp(at, &cookie, first) == 0 && std::memcmp(at + first, at, bytes - first) == 0;
}

}  // namespace ep_test

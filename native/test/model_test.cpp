// A model in a pool: what the header promises of load, run, resize and unload.
#include <gtest/gtest.h>

#include <cstring>

#include "runtime_support.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;

TEST(Model, EveryModelLoadsIntoItsPoolAndLeavesItEmpty) {
  for (const std::string& path : model_paths()) {
    SCOPED_TRACE(path);
    ep_pool* pool = make_pool("model", 64 * kMib, 16 * kMib);
    ep_model* model = load(pool, {path});
    ASSERT_NE(model, nullptr);
    const ep_model_info info = info_of(model);
    std::printf(
        "%-45s load %.2f ms interpreter %.2f first %.2f delegate %s tried %s attempts %u faults "
        "%lu\n",
        file_name(path).c_str(), info.load_ns / 1e6, info.interpreter_ns / 1e6,
        info.first_invoke_ns / 1e6, name_of(static_cast<ep_delegate>(info.delegate)),
        name_of(static_cast<ep_delegate>(info.delegate_tried)), info.attempts,
        info.load_minor_faults);
    const ep_pool_stats stats = pool_stats(pool);
    EXPECT_GT(stats.live_bytes, info.file_bytes);
    invoke(model, 1);
    unload(model, false);
    EXPECT_EQ(pool_stats(pool).live_blocks, 0U);
    destroy_pool(pool);
  }
  EXPECT_EQ(runtime_stats().foreign_allocations, 0U);
}

}  // namespace
}  // namespace ep_test

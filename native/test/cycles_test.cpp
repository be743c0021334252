// A process that switches models for a long time stays as it was, also while the rest of the
// process is busy.
#include <gtest/gtest.h>
#include <malloc.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <thread>

#include "process_support.hpp"
#include "runtime_support.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;
constexpr int kCycles = 1000;
constexpr size_t kPools = 3;

size_t entries_of(const char* folder) {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

struct ProcessState {
  uint64_t resident_kib = 0;
  uint64_t heap_bytes = 0;
  size_t threads = 0;
  size_t descriptors = 0;
  ep_region_stats region = {};
  ep_pool_stats runtime_pool = {};
};

uint64_t resident_kib() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  statm >> total >> resident;
  return resident * 4;
}

ProcessState process_state() {
  ProcessState state;
  state.resident_kib = resident_kib();
  const struct mallinfo2 heap = mallinfo2();
  state.heap_bytes = heap.uordblks + heap.hblkhd;
  state.threads = entries_of("/proc/self/task");
  state.descriptors = entries_of("/proc/self/fd");
  state.region = region_stats();
  state.runtime_pool = pool_stats(ep_runtime_pool(runtime()));
  return state;
}

/** Pools that models move in and out of, at random. */
class Switchboard {
 public:
  Switchboard(bool reset, uint64_t seed) : reset_(reset), random_(seed), paths_(model_paths()) {
    for (Place& place : places_) place.pool = make_pool("switched", 64 * kMib, 64 * kMib);
    std::erase_if(paths_, [](const std::string& path) {
      return std::filesystem::file_size(path) > 16 * kMib;
    });
  }
  ~Switchboard() {
    for (Place& place : places_) destroy_pool(place.pool);
  }
  bool has_models() const { return !paths_.empty(); }

  void cycle() {
    Place& place = places_[random_() % kPools];
    clear(place);
    place.path = paths_[random_() % paths_.size()];
    const ep_delegate delegate = random_() % 4 == 0 ? EP_DELEGATE_NONE : EP_DELEGATE_AUTO;
    const uint32_t threads = random_() % 16 == 0 ? 2 : 1;
    place.model = load(place.pool, {place.path, delegate, threads});
  }
  void clear_all() {
    for (Place& place : places_) clear(place);
  }

 private:
  struct Place {
    ep_pool* pool = nullptr;
    ep_model* model = nullptr;
    std::string path;
  };
  void clear(Place& place) {
    if (place.model == nullptr) return;
    unload(place.model, reset_);
    place.model = nullptr;
    const ep_pool_stats stats = pool_stats(place.pool);
    EXPECT_EQ(stats.live_blocks, 0U) << place.path;
    EXPECT_LT(stats.external_fragmentation, 0.01) << place.path;
  }

  bool reset_;
  std::mt19937_64 random_;
  std::vector<std::string> paths_;
  std::array<Place, kPools> places_;
};

class Cycles : public testing::TestWithParam<bool> {};

TEST_P(Cycles, AThousandSwitchesLeaveTheProcessAsItWas) {
  const bool reset = GetParam();
  runtime();
  Switchboard board(reset, test_seed());
  if (!board.has_models()) return;
  for (int i = 0; i < 100; ++i) board.cycle();
  board.clear_all();
  const ProcessState before = process_state();
  for (int i = 0; i < kCycles; ++i) board.cycle();
  board.clear_all();
  const ProcessState after = process_state();

  EXPECT_EQ(after.region.assigned_bytes, before.region.assigned_bytes);
  EXPECT_EQ(after.region.mapped_bytes, before.region.mapped_bytes);
  EXPECT_EQ(after.region.mappings, before.region.mappings);
  EXPECT_EQ(after.runtime_pool.live_bytes, before.runtime_pool.live_bytes);
  EXPECT_EQ(after.runtime_pool.mapped_bytes, before.runtime_pool.mapped_bytes);
  EXPECT_EQ(after.threads, before.threads);
  EXPECT_EQ(after.descriptors, before.descriptors);
  // Less than the smallest block of libc a cycle; stacks that it keeps have records there.
  EXPECT_LT(after.heap_bytes, before.heap_bytes + uint64_t{16} * kCycles);
  EXPECT_LT(after.resident_kib, before.resident_kib + 1024);
  std::printf("resident %llu -> %llu KiB, libc heap %llu -> %llu bytes\n",
              static_cast<unsigned long long>(before.resident_kib),
              static_cast<unsigned long long>(after.resident_kib),
              static_cast<unsigned long long>(before.heap_bytes),
              static_cast<unsigned long long>(after.heap_bytes));
}

INSTANTIATE_TEST_SUITE_P(Unloads, Cycles, testing::Bool(), [](const auto& info) {
  return info.param ? "with_reset" : "without_reset";
});

TEST(Neighbours, LoadsGoOnBesideStringsOtherLoadsAndChildren) {
  const std::string first = shared_model("vww_96_int8.tflite");
  const std::string second = shared_model("resnet_cifar_float.tflite");
  if (first.empty()) return;
  runtime();
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> children{0};
  std::vector<std::thread> others;
  others.emplace_back([&] {
    while (!stop.load()) {
      std::ostringstream text;
      for (int i = 0; i < 100; ++i) text << i << std::string(40, 'x');
      ASSERT_EQ(text.str().size(), 4190U);
    }
  });
  others.emplace_back([&] {
    while (!stop.load()) {
      const ProcessResult child = run_host({"/bin/echo", "still here"});
      ASSERT_EQ(child.output, "still here\n");
      children.fetch_add(1);
    }
  });
  const uint64_t foreign = runtime_stats().foreign_allocations;
  const auto load_often = [](const std::string& path) {
    ep_pool* pool = make_pool("beside", 24 * kMib);
    std::string expected;
    for (int i = 0; i < 60; ++i) {
      ep_model* model = load(pool, {path});
      ASSERT_NE(model, nullptr);
      const std::string answer = run(model, 5, 1);
      if (expected.empty()) expected = answer;
      ASSERT_TRUE(answer == expected);
      unload(model, i % 2 == 0);
      ASSERT_EQ(pool_stats(pool).live_blocks, 0U);
    }
    destroy_pool(pool);
  };
  std::thread loader(load_often, second);
  load_often(first);
  loader.join();
  stop = true;
  for (std::thread& other : others) other.join();
  EXPECT_GT(children.load(), 0U);
  EXPECT_EQ(runtime_stats().foreign_allocations, foreign);
}

}  // namespace
}  // namespace ep_test

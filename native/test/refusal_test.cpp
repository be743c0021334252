// Memory that runs out in the middle of a load: a clean refusal, at whatever allocation it happens.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "runtime_support.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kKib = 1024;
constexpr uint64_t kMib = 1024 * kKib;
constexpr uint64_t kSeed = 42;

bool full_sweep() {
  const char* sweep = std::getenv("EP_SWEEP");
  return sweep != nullptr && std::strcmp(sweep, "full") == 0;
}

/** A model that stays loaded while others are refused; its answers must not change by a bit. */
class Neighbour {
 public:
  Neighbour() : pool_(make_pool("neighbour", 8 * kMib)) {
    model_ = load(pool_, {shared_model("vww_96_float.tflite")});
    expected_ = run(model_, kSeed, 1);
  }
  ~Neighbour() {
    unload(model_, true);
    destroy_pool(pool_);
  }
  void expect_unchanged() { EXPECT_EQ(run(model_, kSeed, 1), expected_); }

 private:
  ep_pool* pool_;
  ep_model* model_;
  std::string expected_;
};

void expect_figures(const ep_error& error, const std::string& path) {
  const std::string message = error.message;
  EXPECT_TRUE(error.status == EP_E_POOL_FULL || error.status == EP_E_REGION_FULL) << message;
  EXPECT_GT(error.requested_bytes, 0U) << message;
  for (const uint64_t figure :
       {error.requested_bytes, error.available_bytes, error.largest_free_bytes}) {
    EXPECT_NE(message.find(std::to_string(figure)), std::string::npos) << message;
  }
  EXPECT_NE(message.find(file_name(path)), std::string::npos) << message;
}

void expect_empty(ep_pool* pool) {
  ep_error error = {};
  EXPECT_EQ(pool_stats(pool).live_blocks, 0U);
  EXPECT_EQ(pool_stats(pool).threads, 0U);
  EXPECT_EQ(ep_pool_check(pool, &error), EP_OK) << error.message;
}

struct Sweep {
  const char* file;
  ep_delegate delegate;
  uint32_t threads;
  bool every;  // each allocation; else a spread of about 60
};

std::string describe(const testing::TestParamInfo<Sweep>& info) {
  std::string name = std::string(info.param.file) + "_" + name_of(info.param.delegate) + "_" +
                     std::to_string(info.param.threads);
  for (char& c : name) {
    if (isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

class FailingAllocation : public testing::TestWithParam<Sweep> {};

TEST_P(FailingAllocation, IsARefusedLoadAndNothingElse) {
  const Sweep sweep = GetParam();
  const LoadSpec spec = {shared_model(sweep.file), sweep.delegate, sweep.threads};
  if (spec.path.empty()) return;
  Neighbour neighbour;
  ep_pool* pool = make_pool("victim", 32 * kMib, 16 * kMib);

  ep_model* model = load(pool, spec);
  ASSERT_NE(model, nullptr);
  const std::string expected = run(model, kSeed, 1);
  unload(model, true);
  const uint64_t before = pool_stats(pool).allocations;
  model = load(pool, spec);
  const uint64_t allocations = pool_stats(pool).allocations - before;
  unload(model, true);

  const bool every = sweep.every || full_sweep();
  const uint64_t step = every ? 1 : 1 + allocations / 60;
  uint64_t refused = 0;
  for (uint64_t n = 1; n <= allocations; n += step) {
    SCOPED_TRACE(n);
    ep_error error = {};
    ep_pool_fail_nth(pool, n);
    const int32_t status = try_load(pool, spec, &model, &error);
    ep_pool_fail_nth(pool, 0);
    if (status == EP_OK) {
      // How many allocations helper threads make varies by a few from load to load.
      EXPECT_GT(n + 16, allocations);
      unload(model, true);
      continue;
    }
    refused += 1;
    expect_figures(error, spec.path);
    expect_empty(pool);
    if (refused % 16 == 0) neighbour.expect_unchanged();
  }
  EXPECT_GT(refused, every ? allocations * 9 / 10 : 20U);
  std::printf("%lu of %lu allocations refused in turn\n", static_cast<unsigned long>(refused),
              static_cast<unsigned long>(allocations));

  neighbour.expect_unchanged();
  model = load(pool, spec);
  EXPECT_EQ(run(model, kSeed, 1), expected);
  unload(model, true);
  destroy_pool(pool);
}

std::vector<Sweep> sweeps() {
  std::vector<Sweep> all;
  for (const uint32_t threads : {1U, 2U, 4U}) {
    for (const ep_delegate delegate : {EP_DELEGATE_AUTO, EP_DELEGATE_NONE}) {
      all.push_back({"vww_96_int8.tflite", delegate, threads, true});
      all.push_back({"resnet_cifar_float.tflite", delegate, threads, true});
      all.push_back({"mobilenet_v1_0.25_128_quant.tflite", delegate, threads, false});
      all.push_back({"dtln_noise_suppression.tflite", delegate, threads, false});
      all.push_back({"vww_96_float.tflite", delegate, threads, false});
      all.push_back({"mobilenet_v2_1.0_224_quant.tflite", delegate, threads, false});
      all.push_back({"tf2_mobilenet_v2_1.0_224_ptq.tflite", delegate, threads, false});
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Sweeps, FailingAllocation, testing::ValuesIn(sweeps()), describe);

}  // namespace
}  // namespace ep_test

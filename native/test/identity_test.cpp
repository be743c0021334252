// What comes out of a pooled model is, to the bit, what the library gives by itself. The reference
// is a program of its own in which nothing of this project is loaded.
#include <gtest/gtest.h>

#include "process_support.hpp"
#include "runtime_support.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;
const int kInvokes = emulated() ? 1 : 3;
constexpr int kRefusedByLibrary = 3;

struct Setting {
  ep_delegate delegate;
  uint32_t threads;
};

class Identity : public testing::TestWithParam<Setting> {};

TEST_P(Identity, OutputsEqualThoseOfTheLibraryAlone) {
  const uint64_t seed = test_seed();
  int compared = 0;
  for (const std::string& path : model_paths()) {
    SCOPED_TRACE(path);
    const ProcessResult reference = run_target(
        {build_folder() + "/ep_reference", library_path(), path,
         std::to_string(reference_flags(GetParam().delegate)), std::to_string(GetParam().threads),
         std::to_string(seed), std::to_string(kInvokes)});
    ep_pool* pool = make_pool("identity", 192 * kMib);
    ep_model* model = nullptr;
    ep_error error = {};
    const int32_t status =
        try_load(pool, {path, GetParam().delegate, GetParam().threads}, &model, &error);
    if (reference.exit_status == kRefusedByLibrary) {
      EXPECT_EQ(status, EP_E_REFUSED) << error.message;
    } else {
      ASSERT_EQ(reference.exit_status, 0) << reference.errors;
      ASSERT_EQ(status, EP_OK) << error.message;
      const std::string pooled = run(model, seed, kInvokes);
      EXPECT_FALSE(pooled.empty());
      EXPECT_TRUE(pooled == reference.output);
      compared += 1;
      unload(model, false);
    }
    EXPECT_EQ(pool_stats(pool).live_blocks, 0U);
    destroy_pool(pool);
  }
  std::printf("%d models compared\n", compared);
}

TEST(Unpooled, ModelAnswersTheSame) {
  for (const std::string& path : model_paths()) {
    SCOPED_TRACE(path);
    ep_pool* pool = make_pool("identity", 192 * kMib);
    ep_model* pooled = load(pool, {path});
    ep_model* unpooled = load(nullptr, {path});
    EXPECT_TRUE(run(pooled, 7, kInvokes) == run(unpooled, 7, kInvokes));
    unload(unpooled, false);
    unload(pooled, false);
    destroy_pool(pool);
  }
}

std::vector<Setting> settings() {
  std::vector<Setting> all;
  const auto add = [&](ep_delegate delegate) {
    all.push_back({delegate, 1});
    if (!emulated()) all.push_back({delegate, 2});
  };
  add(EP_DELEGATE_NONE);
  add(EP_DELEGATE_XNNPACK);
  add(EP_DELEGATE_XNNPACK_QS8);
  if (emulated()) return all;
  add(EP_DELEGATE_XNNPACK_QU8);
  add(EP_DELEGATE_XNNPACK_QS8_QU8);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Settings, Identity, testing::ValuesIn(settings()), [](const auto& info) {
  std::string name = name_of(info.param.delegate);
  for (char& c : name) {
    if (c == ' ') c = '_';
  }
  return name + "_threads_" + std::to_string(info.param.threads);
});

}  // namespace
}  // namespace ep_test

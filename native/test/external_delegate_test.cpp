#include "external_delegate.hpp"

#include <string>

#include "runtime_support.hpp"
#include "warmup.hpp"

namespace {

using namespace ep_test;

constexpr uint64_t kMib = 1024 * 1024;

class External : public testing::Test {
 protected:
  void SetUp() override {
    runtime();
    pool_ = make_pool("model", 16 * kMib, kMib);
  }
  void TearDown() override {
    EXPECT_EQ(pool_stats(pool_).live_blocks, 0U);
    destroy_pool(pool_);
  }

  /** A small model of this library's own, with that delegate. */
  int32_t load(const char* library, const char* options, ep_model** out) {
    const std::vector<uint8_t> bytes = ep::make_warmup_model(EP_TYPE_FLOAT32);
    ep_model_options model = {};
    model.name = "made here";
    model.bytes = bytes.data();
    model.size_bytes = bytes.size();
    model.delegate = EP_DELEGATE_EXTERNAL;
    model.delegate_library = library;
    model.delegate_options = options;
    error_ = {};
    return ep_model_load(runtime(), pool_, &model, out, &error_);
  }
  std::string message() const { return error_.message; }
  static std::string library() { return build_folder() + "/libep_test_delegate.so"; }

  ep_pool* pool_ = nullptr;
  ep_error error_ = {};
};

TEST_F(External, LiesInTheModelsPoolAndWhatItTakesElsewhereIsForeign) {
  ep_model* model = nullptr;
  ASSERT_EQ(load(library().c_str(), nullptr, &model), EP_OK) << message();
  EXPECT_EQ(info_of(model).delegate, static_cast<uint32_t>(EP_DELEGATE_EXTERNAL));
  const std::string without = run(model, 5, 2);
  const uint64_t live = pool_stats(pool_).live_bytes;
  unload(model, false);

  const ep_runtime_stats before = runtime_stats();
  const std::string options = "pool_bytes=300000\nforeign_bytes=70000";
  ASSERT_EQ(load(library().c_str(), options.c_str(), &model), EP_OK) << message();
  // Blocks have headers, also the one of no bytes that it took before.
  EXPECT_NEAR(static_cast<double>(pool_stats(pool_).live_bytes - live), 300000, 100);
  const ep_runtime_stats after = runtime_stats();
  EXPECT_EQ(after.foreign_allocations - before.foreign_allocations, 1U);
  EXPECT_EQ(after.foreign_bytes - before.foreign_bytes, 70000U);
  EXPECT_EQ(run(model, 5, 2), without);
  unload(model, false);
}

TEST_F(External, ThatDoesNotFitEndsTheLoadWithItsFiguresAndLeavesNothing) {
  ep_model* model = nullptr;
  EXPECT_EQ(load(library().c_str(), "pool_bytes=30000000", &model), EP_E_POOL_FULL);
  EXPECT_GE(error_.requested_bytes, 30000000U);
  EXPECT_NE(message().find("does not fit into pool model"), std::string::npos) << message();
  ASSERT_EQ(load(library().c_str(), nullptr, &model), EP_OK) << message();
  unload(model, false);
}

TEST_F(External, SaysWhatIsWrongInOneLine) {
  const struct {
    std::string library;
    const char* options;
    int32_t status;
    const char* says;
  } cases[] = {
      {build_folder() + "/absent.so", nullptr, EP_E_LIBRARY, "absent.so"},
      {"libm.so.6", nullptr, EP_E_LIBRARY, "libm.so.6: lacks tflite_plugin_create_delegate"},
      {library(), "speed", EP_E_ARGUMENT, "must be key=value"},
      {library(), "speed=1", EP_E_REFUSED, "(delegate external): there is no such option"},
  };
  for (const auto& each : cases) {
    ep_model* model = nullptr;
    EXPECT_EQ(load(each.library.c_str(), each.options, &model), each.status) << message();
    EXPECT_NE(message().find(each.says), std::string::npos) << message();
    EXPECT_EQ(message().find('\n'), std::string::npos);
  }
  ep_model* model = nullptr;
  EXPECT_EQ(load(nullptr, nullptr, &model), EP_E_ARGUMENT);
  EXPECT_NE(message().find("give both"), std::string::npos) << message();
}

}  // namespace

// A model in a pool: what the header promises of load, run and unload.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "check.hpp"
#include "ladder.hpp"
#include "runtime_support.hpp"
#include "warmup.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;

class Model : public testing::Test {
 protected:
  void SetUp() override {
    runtime();
    pool_ = make_pool("model", 64 * kMib, 24 * kMib);
  }
  void TearDown() override {
    EXPECT_EQ(pool_stats(pool_).live_blocks, 0U);
    destroy_pool(pool_);
  }

  /** A small model of this library's own, which needs no file. */
  ep_model* load_bytes(ep_pool* pool, ep_type type, ep_delegate delegate, ep_error* error) {
    const std::vector<uint8_t> bytes = ep::make_warmup_model(type);
    ep_model_options options = {};
    options.name = "made here";
    options.bytes = bytes.data();
    options.size_bytes = bytes.size();
    options.delegate = delegate;
    ep_model* model = nullptr;
    ep_model_load(runtime(), pool, &options, &model, error);
    return model;
  }
  int32_t load_path(const char* path, ep_error* error) {
    ep_model* model = nullptr;
    return try_load(pool_, {path}, &model, error);
  }

  ep_pool* pool_ = nullptr;
};

TEST_F(Model, LoadsWithoutAFaultOrAForeignAllocationAndLeavesItsPoolEmpty) {
  const uint64_t foreign = runtime_stats().foreign_allocations;
  for (const std::string& path : model_paths()) {
    if (std::filesystem::file_size(path) > 8 * kMib) continue;  // larger than what is planned
    SCOPED_TRACE(path);
    ep_model* model = load(pool_, {path});
    ASSERT_NE(model, nullptr);
    const ep_model_info info = info_of(model);
    EXPECT_EQ(info.file_bytes, std::filesystem::file_size(path));
    if (faults_are_ours()) {
      EXPECT_EQ(info.load_minor_faults, 0U);
    }
    EXPECT_GE(info.inputs, 1U);
    EXPECT_GE(info.outputs, 1U);
    EXPECT_GT(pool_stats(pool_).live_bytes, info.file_bytes);
    EXPECT_GE(info.load_ns, info.read_ns + info.check_ns + info.interpreter_ns + info.delegate_ns +
                                info.tensors_ns + info.first_invoke_ns);
    unload(model, false);
    EXPECT_EQ(pool_stats(pool_).live_blocks, 0U);
  }
  EXPECT_EQ(runtime_stats().foreign_allocations, foreign);
}

TEST_F(Model, IsMadeFromBytesOfEveryTypeAndSaysWhatItGot) {
  for (const ep_type type : {EP_TYPE_FLOAT32, EP_TYPE_INT8, EP_TYPE_UINT8}) {
    SCOPED_TRACE(type);
    ep_error error = {};
    ep_model* model = load_bytes(pool_, type, EP_DELEGATE_NONE, &error);
    ASSERT_NE(model, nullptr) << error.message;
    ep_tensor_info input = {};
    ASSERT_EQ(ep_model_input_info(model, 0, &input), EP_OK);
    EXPECT_EQ(input.type, type);
    EXPECT_EQ(input.rank, 4);
    EXPECT_EQ(input.shape[1], 16);
    EXPECT_EQ(input.scale != 0, type != EP_TYPE_FLOAT32);
    EXPECT_EQ(ep_model_input_info(model, 1, &input), EP_E_ARGUMENT);
    EXPECT_EQ(ep_model_output_info(model, 1, &input), EP_E_ARGUMENT);
    EXPECT_EQ(info_of(model).delegate, static_cast<uint32_t>(EP_DELEGATE_NONE));
    EXPECT_EQ(info_of(model).attempts, 1U);
    unload(model, true);
  }
}

TEST_F(Model, RefusesTensorsOfAnotherSize) {
  ep_error error = {};
  ep_model* model = load_bytes(pool_, EP_TYPE_INT8, EP_DELEGATE_NONE, &error);
  ASSERT_NE(model, nullptr) << error.message;
  const char byte = 0;
  EXPECT_EQ(ep_model_write_input(model, 0, &byte, 1, &error), EP_E_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("2048"), std::string::npos) << error.message;
  char out = 0;
  EXPECT_EQ(ep_model_read_output(model, 0, &out, 1, &error), EP_E_ARGUMENT);
  EXPECT_EQ(ep_model_read_output(model, 9, &out, 1, &error), EP_E_ARGUMENT);
  unload(model, true);
}

TEST_F(Model, NeedsAPoolOfItsOwn) {
  ep_error error = {};
  ep_model* model = load_bytes(pool_, EP_TYPE_INT8, EP_DELEGATE_AUTO, &error);
  ASSERT_NE(model, nullptr) << error.message;
  EXPECT_EQ(load_bytes(pool_, EP_TYPE_INT8, EP_DELEGATE_AUTO, &error), nullptr);
  EXPECT_EQ(error.status, EP_E_BUSY) << error.message;
  EXPECT_EQ(ep_pool_reset(pool_, &error), EP_E_BUSY);
  EXPECT_EQ(ep_pool_destroy(pool_, &error), EP_E_BUSY);
  EXPECT_EQ(ep_runtime_close(runtime(), &error), EP_E_BUSY);
  unload(model, false);
  void* const block = ep_pool_alloc(pool_, 100, 16);
  EXPECT_EQ(load_bytes(pool_, EP_TYPE_INT8, EP_DELEGATE_AUTO, &error), nullptr);
  EXPECT_EQ(error.status, EP_E_STATE) << error.message;
  ep_pool_free(pool_, block);
}

TEST_F(Model, SaysWhichDelegateTheRuntimeRefused) {
  const std::string path = shared_model("mobilenet_v2_1.0_224_quant.tflite");
  if (path.empty()) return;
  ep_model* model = nullptr;
  ep_error error = {};
  EXPECT_EQ(try_load(pool_, {path, EP_DELEGATE_XNNPACK_QU8}, &model, &error), EP_E_REFUSED);
  EXPECT_NE(std::string(error.message).find("failed"), std::string::npos) << error.message;
  EXPECT_EQ(pool_stats(pool_).live_blocks, 0U);
  model = load(pool_, {path});
  EXPECT_EQ(info_of(model).delegate_tried, static_cast<uint32_t>(EP_DELEGATE_XNNPACK_QU8));
  EXPECT_EQ(info_of(model).delegate, static_cast<uint32_t>(EP_DELEGATE_XNNPACK));
  EXPECT_EQ(info_of(model).attempts, 2U);
  unload(model, false);
}

TEST_F(Model, RefusesFilesThatAreNone) {
  ep_error error = {};
  EXPECT_EQ(load_path("/nowhere/model.tflite", &error), EP_E_FILE);
  EXPECT_NE(std::string(error.message).find("/nowhere/model.tflite"), std::string::npos);
  EXPECT_EQ(load_path("/proc", &error), EP_E_FILE);
  const std::string folder = build_folder() + "/model_test_files";
  std::filesystem::create_directories(folder);
  const std::string fifo = folder + "/fifo";
  unlink(fifo.c_str());
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(load_path(fifo.c_str(), &error), EP_E_FILE);
  const std::string empty = folder + "/empty.tflite";
  fclose(fopen(empty.c_str(), "w"));
  EXPECT_EQ(load_path(empty.c_str(), &error), EP_E_NOT_A_MODEL);
  EXPECT_EQ(load_path("/proc/self/exe", &error), EP_E_NOT_A_MODEL);
}

TEST_F(Model, RefusesOptionsOutOfRange) {
  const std::vector<uint8_t> bytes = ep::make_warmup_model(EP_TYPE_INT8);
  ep_model_options sound = {};
  sound.name = "options";
  sound.bytes = bytes.data();
  sound.size_bytes = bytes.size();
  const auto status_of = [&](auto&& change) {
    ep_model_options options = sound;
    change(options);
    ep_model* model = nullptr;
    return ep_model_load(runtime(), pool_, &options, &model, nullptr);
  };
  const std::string long_name(64, 'x');
  EXPECT_EQ(status_of([](auto& o) { o.name = nullptr; }), EP_E_ARGUMENT);
  EXPECT_EQ(status_of([](auto& o) { o.name = ""; }), EP_E_ARGUMENT);
  EXPECT_EQ(status_of([&](auto& o) { o.name = long_name.c_str(); }), EP_E_ARGUMENT);
  EXPECT_EQ(status_of([](auto& o) { o.path = "both"; }), EP_E_ARGUMENT);
  EXPECT_EQ(status_of([](auto& o) { o.bytes = nullptr; }), EP_E_ARGUMENT);
  EXPECT_EQ(status_of([](auto& o) { o.threads = 65; }), EP_E_ARGUMENT);
  EXPECT_EQ(status_of([](auto& o) { o.delegate = 6; }), EP_E_ARGUMENT);
  EXPECT_EQ(status_of([](auto& o) { o.max_file_bytes = 10; }), EP_E_NOT_A_MODEL);
}

TEST_F(Model, RecordsAnAllocationsPhase) {
  ep_error error = {};
  ASSERT_EQ(ep_pool_record(pool_, 10000, &error), EP_OK) << error.message;
  ep_model* model = load_bytes(pool_, EP_TYPE_FLOAT32, EP_DELEGATE_NONE, &error);
  ASSERT_NE(model, nullptr) << error.message;
  unload(model, false);
  std::vector<ep_record> records(10000);
  records.resize(ep_pool_records(pool_, records.data(), 10000));
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records.front().phase, EP_PHASE_READ);
  EXPECT_EQ(records.back().phase, EP_PHASE_UNLOAD);
  for (size_t i = 1; i + 1 < records.size(); ++i) {
    EXPECT_GE(records[i].phase, EP_PHASE_READ);
    EXPECT_LE(records[i].phase, EP_PHASE_UNLOAD);
  }
}

TEST(Runtime, OpensOnceAndSaysWhatItIs) {
  const std::string path = library_path();
  ep_runtime_options options = {};
  options.library_path = path.c_str();
  ep_runtime* again = nullptr;
  ep_error error = {};
  runtime();
  ASSERT_EQ(ep_runtime_open(region(), &options, &again, &error), EP_OK) << error.message;
  EXPECT_EQ(again, runtime());
  EXPECT_EQ(ep_runtime_close(again, &error), EP_OK) << error.message;
  const ep_runtime_stats stats = runtime_stats();
  EXPECT_GE(stats.entries_runtime, 10U);
  EXPECT_GE(stats.entries_cxx, 5U);
  EXPECT_EQ(stats.libraries, 2U);
  EXPECT_NE(stats.version[0], '\0');
  EXPECT_GT(pool_stats(ep_runtime_pool(runtime())).live_blocks, 0U);
}

TEST(Runtime, RefusesWhatIsNoRuntime) {
  ep_runtime_options options = {};
  ep_runtime* opened = nullptr;
  ep_error error = {};
  options.library_path = "/nowhere/libtensorflowlite_c.so";
  EXPECT_EQ(ep_runtime_open(region(), &options, &opened, &error), EP_E_LIBRARY);
  EXPECT_NE(std::string(error.message).find("/nowhere/"), std::string::npos) << error.message;
  options.library_path = "libm.so.6";
  EXPECT_EQ(ep_runtime_open(region(), &options, &opened, &error), EP_E_LIBRARY);
  EXPECT_NE(std::string(error.message).find("TfLiteVersion"), std::string::npos) << error.message;
}

TEST(Ladder, GoesFromWhatTheFileCanUseDownToNone) {
  const auto rungs = [](bool has_int8, bool has_uint8, bool has_xnnpack) {
    ep::ModelTraits traits = {};
    traits.has_int8 = has_int8;
    traits.has_uint8 = has_uint8;
    const ep::Ladder ladder = ep::delegate_ladder(EP_DELEGATE_AUTO, traits, has_xnnpack);
    return std::vector<ep_delegate>(ladder.rungs.begin(), ladder.rungs.begin() + ladder.count);
  };
  using Rungs = std::vector<ep_delegate>;
  EXPECT_EQ(rungs(false, false, true), (Rungs{EP_DELEGATE_XNNPACK, EP_DELEGATE_NONE}));
  EXPECT_EQ(rungs(true, false, true),
            (Rungs{EP_DELEGATE_XNNPACK_QS8, EP_DELEGATE_XNNPACK, EP_DELEGATE_NONE}));
  EXPECT_EQ(rungs(false, true, true),
            (Rungs{EP_DELEGATE_XNNPACK_QU8, EP_DELEGATE_XNNPACK, EP_DELEGATE_NONE}));
  EXPECT_EQ(rungs(true, true, true),
            (Rungs{EP_DELEGATE_XNNPACK_QS8_QU8, EP_DELEGATE_XNNPACK_QS8, EP_DELEGATE_XNNPACK_QU8,
                   EP_DELEGATE_XNNPACK, EP_DELEGATE_NONE}));
  EXPECT_EQ(rungs(true, true, false), (Rungs{EP_DELEGATE_NONE}));
}

TEST(WarmupModel, PassesTheCheckOfFiles) {
  for (const ep_type type : {EP_TYPE_FLOAT32, EP_TYPE_INT8, EP_TYPE_UINT8}) {
    const std::vector<uint8_t> bytes = ep::make_warmup_model(type);
    ep::ModelTraits traits = {};
    ep_error error = {};
    EXPECT_EQ(ep::check_model("warm-up", bytes.data(), bytes.size(), &traits, &error), EP_OK)
        << error.message;
    EXPECT_EQ(traits.operators, 3U);
    EXPECT_EQ(traits.has_int8, type == EP_TYPE_INT8);
    EXPECT_EQ(traits.has_uint8, type == EP_TYPE_UINT8);
  }
}

}  // namespace
}  // namespace ep_test

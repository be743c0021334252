#include "runtime_support.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "fixtures/input_fill.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;
constexpr uint64_t kLargestEmulatedBytes = 2 * kMib;

void append_models(const std::filesystem::path& folder, std::vector<std::string>* paths) {
  std::error_code missing;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, missing)) {
    if (entry.path().extension() == ".tflite") paths->push_back(entry.path().string());
  }
}

bool is_ci() {
  const char* value = std::getenv("CI");
  return value != nullptr && std::strcmp(value, "true") == 0;
}

ep_region* create_region() {
  ep_region_options options = {};
  options.capacity_bytes = 384 * kMib;
  options.lock = EP_LOCK_PREFERRED;
  options.pages = EP_PAGES_ORDINARY;
  ep_region* created = nullptr;
  ep_error error = {};
  if (ep_region_create(&options, &created, &error) != EP_OK) {
    std::fprintf(stderr, "%s\n", error.message);
    std::abort();
  }
  return created;
}

ep_runtime* open_runtime() {
  const std::string path = library_path();
  ep_runtime_options options = {};
  options.library_path = path.c_str();
  ep_runtime* opened = nullptr;
  ep_error error = {};
  if (ep_runtime_open(region(), &options, &opened, &error) != EP_OK) {
    std::fprintf(stderr, "%s\n", error.message);
    std::abort();
  }
  return opened;
}

}  // namespace

std::string repository() { return std::filesystem::path(EP_REPOSITORY).lexically_normal(); }
std::string build_folder() { return EP_BUILD; }
std::string emulator_command() { return EP_EMULATOR; }
bool emulated() { return !emulator_command().empty(); }

bool faults_are_ours() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#else
  return !emulated();
#endif
}

std::string library_path() {
  const char* given = std::getenv("EP_TFLITE_LIBRARY");
  if (given != nullptr) return given;
  return repository() + "node_modules/@tensorflow/tfjs-tflite-node/cc_deps/" EP_TFLITE_FOLDER
                        "/libtensorflowlite_c.so";
}

std::vector<std::string> model_paths() {
  std::vector<std::string> paths;
  append_models(repository() + "../shared/models", &paths);
  if (paths.empty()) {
    if (is_ci()) {
      ADD_FAILURE() << "no model beside the repository in ../shared/models";
    }
    std::printf("not run: the real models, ../shared/models is not there\n");
  }
  append_models(repository() + "build/models", &paths);
  // Under emulation a large model's kernels take minutes and show nothing that small ones do not.
  if (emulated()) {
    std::erase_if(paths, [](const std::string& path) {
      return std::filesystem::file_size(path) > kLargestEmulatedBytes;
    });
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string shared_model(const std::string& file) {
  const std::string path = repository() + "../shared/models/" + file;
  if (std::filesystem::exists(path)) return path;
  if (is_ci()) {
    ADD_FAILURE() << path << " is missing";
  }
  std::printf("not run: %s is not there\n", file.c_str());
  return "";
}

std::string file_name(const std::string& path) { return std::filesystem::path(path).filename(); }

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

ep_region* region() {
  static ep_region* const created = create_region();
  return created;
}

ep_runtime* runtime() {
  static ep_runtime* const opened = open_runtime();
  return opened;
}

ep_pool* make_pool(const char* name, uint64_t quota_bytes, uint64_t planned_bytes) {
  ep_pool_options options = {};
  options.name = name;
  options.quota_bytes = quota_bytes;
  options.planned_bytes = planned_bytes;
  ep_pool* pool = nullptr;
  ep_error error = {};
  EXPECT_EQ(ep_pool_create(region(), &options, &pool, &error), EP_OK) << error.message;
  return pool;
}

void destroy_pool(ep_pool* pool) {
  ep_error error = {};
  EXPECT_EQ(ep_pool_destroy(pool, &error), EP_OK) << error.message;
}

ep_pool_stats pool_stats(ep_pool* pool) {
  ep_pool_stats stats = {};
  ep_pool_get_stats(pool, &stats);
  return stats;
}

ep_runtime_stats runtime_stats() {
  ep_runtime_stats stats = {};
  ep_runtime_get_stats(runtime(), &stats);
  return stats;
}

ep_region_stats region_stats() {
  ep_region_stats stats = {};
  ep_region_get_stats(region(), &stats);
  return stats;
}

int32_t try_load(ep_pool* pool, const LoadSpec& spec, ep_model** out, ep_error* error) {
  const std::string name = file_name(spec.path).substr(0, 63);
  ep_model_options options = {};
  options.name = name.c_str();
  options.path = spec.path.c_str();
  options.threads = spec.threads;
  options.delegate = spec.delegate;
  return ep_model_load(runtime(), pool, &options, out, error);
}

ep_model* load(ep_pool* pool, const LoadSpec& spec) {
  ep_model* model = nullptr;
  ep_error error = {};
  EXPECT_EQ(try_load(pool, spec, &model, &error), EP_OK) << error.message;
  return model;
}

void unload(ep_model* model, bool reset) {
  ep_error error = {};
  EXPECT_EQ(ep_model_unload(model, reset ? 1 : 0, &error), EP_OK) << error.message;
}

ep_model_info info_of(ep_model* model) {
  ep_model_info info = {};
  ep_model_get_info(model, &info);
  return info;
}

void invoke(ep_model* model, uint64_t seed) {
  const ep_model_info info = info_of(model);
  ep_error error = {};
  for (uint32_t i = 0; i < info.inputs; ++i) {
    ep_tensor_info tensor = {};
    ASSERT_EQ(ep_model_input_info(model, i, &tensor), EP_OK);
    std::vector<uint8_t> bytes(tensor.bytes);
    fill_input(bytes.data(), bytes.size(), tensor.type == EP_TYPE_FLOAT32, seed + i);
    ASSERT_EQ(ep_model_write_input(model, i, bytes.data(), bytes.size(), &error), EP_OK)
        << error.message;
  }
  ASSERT_EQ(ep_model_invoke(model, nullptr, &error), EP_OK) << error.message;
}

std::string outputs(ep_model* model) {
  const ep_model_info info = info_of(model);
  std::string all;
  for (uint32_t i = 0; i < info.outputs; ++i) {
    ep_tensor_info tensor = {};
    EXPECT_EQ(ep_model_output_info(model, i, &tensor), EP_OK);
    std::string bytes(tensor.bytes, '\0');
    ep_error error = {};
    EXPECT_EQ(ep_model_read_output(model, i, bytes.data(), bytes.size(), &error), EP_OK)
        << error.message;
    all += bytes;
  }
  return all;
}

std::string run(ep_model* model, uint64_t seed, int invokes) {
  std::string all;
  for (int i = 0; i < invokes; ++i) {
    invoke(model, seed + static_cast<uint64_t>(i) * 100);
    all += outputs(model);
  }
  return all;
}

uint64_t test_seed() {
  const char* given = std::getenv("EP_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 0) : std::random_device{}();
  std::printf("EP_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

int reference_flags(ep_delegate delegate) {
  switch (delegate) {
    case EP_DELEGATE_XNNPACK:
      return 0;
    case EP_DELEGATE_XNNPACK_QS8:
      return 1;
    case EP_DELEGATE_XNNPACK_QU8:
      return 2;
    case EP_DELEGATE_XNNPACK_QS8_QU8:
      return 3;
    default:
      return -1;
  }
}

const char* name_of(ep_delegate delegate) {
  static const char* const kNames[] = {"auto", "none", "float", "qs8", "qu8", "qs8 qu8"};
  return kNames[delegate];
}

}  // namespace ep_test

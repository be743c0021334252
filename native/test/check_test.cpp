// The model check: sound models, files that are none, cut files and bytes changed at random.
#include "check.hpp"

#include <gtest/gtest.h>
#include <sanitizer/asan_interface.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>

#include "check_support.hpp"

namespace ep::test {
namespace {

std::vector<uint8_t> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/** Real models, which stand beside the repository; empty where they are not. */
std::vector<std::filesystem::path> real_models() {
  std::vector<std::filesystem::path> found;
  const std::filesystem::path folder =
      std::filesystem::path(__FILE__).parent_path() / "../../../shared/models";
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".tflite") found.push_back(entry.path());
    }
  }
  const char* ci = std::getenv("CI");
  if (found.empty() && ci != nullptr && std::strcmp(ci, "true") == 0) {
    ADD_FAILURE() << "no models in " << folder;
  } else if (found.empty()) {
    std::printf("not run: no models in %s\n", folder.c_str());
  }
  return found;
}

TEST(Check, TakesASoundModel) {
  ep_error error{};
  ModelTraits traits{};
  EXPECT_EQ(check(write_model(small_convolution()), &error, &traits), EP_OK) << error.message;
  EXPECT_EQ(traits.operators, 1u);
  EXPECT_EQ(traits.tensors, 4u);
  EXPECT_FALSE(traits.has_int8);
  EXPECT_FALSE(traits.has_uint8);
}

TEST(Check, TellsWhichQuantisedTypesAModelHas) {
  ModelSpec model = small_convolution();
  TensorSpec& input = model.subgraphs[0].tensors[0];
  input.type = 9;
  ModelTraits traits{};
  EXPECT_EQ(check(write_model(model), nullptr, &traits), EP_OK);
  EXPECT_FALSE(traits.has_int8) << "a type without a scale is not quantised";
  input.scales = {0.5f};
  input.zero_points = {-128};
  EXPECT_EQ(check(write_model(model), nullptr, &traits), EP_OK);
  EXPECT_TRUE(traits.has_int8);
  input.type = 3;
  input.zero_points = {255};
  EXPECT_EQ(check(write_model(model), nullptr, &traits), EP_OK);
  EXPECT_TRUE(traits.has_uint8);
  EXPECT_FALSE(traits.has_int8);
}

TEST(Check, TakesOptionalInputsWhereAnOperatorHasThem) {
  ModelSpec model = small_convolution();
  op(model).inputs[2] = -1;
  EXPECT_EQ(check(write_model(model), nullptr), EP_OK);
}

TEST(Check, TakesSubgraphsThatAreSharedButNotCircular) {
  ModelSpec model = small_convolution();
  call(model, 0, 1);
  call(model, 0, 2);
  call(model, 1, 2);
  call(model, 2, 3);
  model.subgraphs.push_back({.tensors = {{.shape = {1}}}});
  ep_error error{};
  EXPECT_EQ(check(write_model(model), &error), EP_OK) << error.message;
}

TEST(Check, RefusesWhatIsNotAModel) {
  ep_error error{};
  EXPECT_EQ(check({}, &error), EP_E_NOT_A_MODEL);
  EXPECT_NE(std::strstr(error.message, "empty"), nullptr) << error.message;
  EXPECT_EQ(check({0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F'}, &error), EP_E_NOT_A_MODEL);
  EXPECT_NE(std::strstr(error.message, "JPEG"), nullptr) << error.message;
  EXPECT_EQ(check({0x18, 0, 0, 0, 'T', 'F', 'L', '3'}, &error), EP_E_MALFORMED);
  EXPECT_NE(std::strstr(error.message, "past the end"), nullptr) << error.message;
}

TEST(Check, RefusesACutArchiveBehindTheModel) {
  std::vector<uint8_t> bytes = write_model(small_convolution());
  bytes.insert(bytes.end(), {'P', 'K', 3, 4, 'l', 'a', 'b', 'e', 'l', 's'});
  ep_error error{};
  EXPECT_EQ(check(bytes, &error), EP_E_MALFORMED);
  EXPECT_NE(std::strstr(error.message, "archive"), nullptr) << error.message;
  bytes.insert(bytes.end(), {'P', 'K', 5, 6});
  bytes.resize(bytes.size() + 18);
  EXPECT_EQ(check(bytes, &error), EP_OK) << error.message;
}

TEST(CheckFile, SaysWhyAFileCannotBeTaken) {
  const std::filesystem::path folder = testing::TempDir();
  const std::vector<uint8_t> bytes = write_model(small_convolution());
  const std::filesystem::path good = folder / "edgepool_check_good.tflite";
  std::ofstream(good, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  ep_error error{};
  EXPECT_EQ(ep_model_check_file(good.c_str(), 0, &error), EP_OK) << error.message;
  EXPECT_EQ(ep_model_check_file(good.c_str(), bytes.size(), &error), EP_OK) << error.message;
  EXPECT_EQ(ep_model_check_file(good.c_str(), bytes.size() - 1, &error), EP_E_FILE);
  EXPECT_NE(std::strstr(error.message, "at most"), nullptr) << error.message;
  std::filesystem::remove(good);
  EXPECT_EQ(ep_model_check_file(good.c_str(), 0, &error), EP_E_FILE);
  EXPECT_NE(std::strstr(error.message, "No such file"), nullptr) << error.message;
  EXPECT_EQ(ep_model_check_file(folder.c_str(), 0, &error), EP_E_FILE);
  EXPECT_NE(std::strstr(error.message, "not a regular file"), nullptr) << error.message;
  EXPECT_EQ(ep_model_check_file(nullptr, 0, &error), EP_E_ARGUMENT);
}

TEST(Check, RefusesASmallModelCutAtEveryByte) {
  const std::vector<uint8_t> bytes = write_model(small_convolution());
  uint32_t taken = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    ep_error error{};
    const int32_t status = check({bytes.begin(), bytes.begin() + static_cast<long>(size)}, &error);
    taken += status == EP_OK;
    EXPECT_TRUE(one_line(error.message)) << size;
  }
  EXPECT_EQ(taken, 0u);
}

TEST(Check, RefusesRealModelsCutAtEvery64thByte) {
  for (const std::filesystem::path& path : real_models()) {
    const std::vector<uint8_t> file = read_file(path);
    ep_error error{};
    EXPECT_EQ(check(file, &error), EP_OK) << path << ": " << error.message;
    const std::unique_ptr<uint8_t[]> bytes(new uint8_t[file.size()]);
    std::memcpy(bytes.get(), file.data(), file.size());
    uint32_t taken = 0;
    for (size_t size = file.size() / 64 * 64; size > 0; size -= 64) {
      // From the longest cut down, so that each forbids what lies behind it.
      ASAN_POISON_MEMORY_REGION(bytes.get() + size, std::min<size_t>(64, file.size() - size));
      if (size == file.size()) continue;
      taken += check_model("m", bytes.get(), size, nullptr, &error) == EP_OK;
    }
    EXPECT_EQ(taken, 0u) << path;
    ASAN_UNPOISON_MEMORY_REGION(bytes.get(), file.size());
  }
}

/** Changes one to eight places: a bit, a byte, or a word to a value that breaks arithmetic. */
void mutate(std::vector<uint8_t>& bytes, std::mt19937_64& random) {
  static constexpr uint32_t kWords[] = {0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc, 64};
  const uint64_t changes = 1 + random() % 8;
  for (uint64_t i = 0; i < changes; ++i) {
    const size_t at = random() % (bytes.size() - 4);
    switch (random() % 3) {
      case 0:
        bytes[at] = static_cast<uint8_t>(bytes[at] ^ (1u << (random() % 8)));
        break;
      case 1:
        bytes[at] = static_cast<uint8_t>(random());
        break;
      default:
        std::memcpy(&bytes[at & ~size_t{3}], &kWords[random() % std::size(kWords)], 4);
    }
  }
}

void survive_mutations(const std::vector<uint8_t>& sound, uint32_t rounds, uint64_t seed) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const std::unique_ptr<uint8_t[]> copy(new uint8_t[sound.size()]);
  uint32_t refused = 0;
  for (uint32_t round = 0; round < rounds; ++round) {
    std::vector<uint8_t> bytes = sound;
    mutate(bytes, random);
    std::memcpy(copy.get(), bytes.data(), bytes.size());
    ep_error error{};
    const int32_t status = check_model("m", copy.get(), bytes.size(), nullptr, &error);
    ASSERT_TRUE(status == EP_OK || status == EP_E_NOT_A_MODEL || status == EP_E_MALFORMED ||
                status == EP_E_UNSUPPORTED)
        << "round " << round << " status " << status;
    if (status == EP_OK) continue;
    ++refused;
    ASSERT_TRUE(one_line(error.message)) << "round " << round;
  }
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, rounds);
}

TEST(Check, SurvivesMutationsOfASmallModel) {
  survive_mutations(write_model(small_convolution()), 200'000, std::random_device()());
}

TEST(Check, SurvivesMutationsOfRealModels) {
  for (const std::filesystem::path& path : real_models()) {
    // In large files nearly every change falls on weights, which nobody checks.
    if (std::filesystem::file_size(path) > 600'000) continue;
    survive_mutations(read_file(path), 2'000, std::random_device()());
  }
}

}  // namespace
}  // namespace ep::test

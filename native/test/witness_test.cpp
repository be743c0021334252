// Independent witnesses that all of a model lies in its pool: the kernel's view of a program's
// system calls and page faults, libc's own count of its heap, and a scan of the libraries' data for
// pointers that should not be there. None of them asks the binder.
#include <gtest/gtest.h>
#include <link.h>

#include <cstring>
#include <sstream>

#include "elf_image.hpp"
#include "pool.hpp"
#include "process_support.hpp"
#include "runtime_support.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;

struct Setting {
  ep_delegate delegate;
  uint32_t threads;
};

std::string describe(const testing::TestParamInfo<Setting>& info) {
  return std::string(name_of(info.param.delegate)) + "_threads_" +
         std::to_string(info.param.threads);
}

const auto kSettings = testing::Values(Setting{EP_DELEGATE_AUTO, 1}, Setting{EP_DELEGATE_AUTO, 2},
                                       Setting{EP_DELEGATE_AUTO, 4}, Setting{EP_DELEGATE_NONE, 1},
                                       Setting{EP_DELEGATE_NONE, 2}, Setting{EP_DELEGATE_NONE, 4});

class Witness : public testing::TestWithParam<Setting> {};

/** Those that are quick enough to run 200 times; with helper threads, which wait for each other at
 *  every operator, the one whose operators are fewest. */
std::vector<std::string> quick_models(uint32_t threads) {
  std::vector<std::string> files = {"resnet_cifar_float.tflite"};
  if (threads == 1) {
    files.insert(files.end(),
                 {"vww_96_int8.tflite", "vww_96_float.tflite", "mobilenet_v1_0.25_128_quant.tflite",
                  "dtln_noise_suppression.tflite"});
  }
  std::vector<std::string> paths;
  for (const std::string& file : files) {
    const std::string path = shared_model(file);
    if (!path.empty()) paths.push_back(path);
  }
  return paths;
}

std::vector<std::string> witness_command(int invokes) {
  return {build_folder() + "/ep_witness", library_path(), "", "", std::to_string(invokes)};
}

TEST_P(Witness, RunsTakeNoFaultAndNothingFromLibc) {
  // Four helpers on two cores mostly wait for each other.
  std::vector<std::string> command = witness_command(GetParam().threads == 4 ? 40 : 200);
  command[2] = std::to_string(GetParam().threads);
  command[3] = std::to_string(GetParam().delegate);
  const std::vector<std::string> models = quick_models(GetParam().threads);
  if (models.empty()) return;
  command.insert(command.end(), models.begin(), models.end());
  const ProcessResult result = run_target(command);
  ASSERT_EQ(result.exit_status, 0) << result.errors;
  std::istringstream lines(result.output);
  std::string ready;
  std::string done;
  int64_t heap_bytes = -1;
  int64_t foreign = -1;
  int64_t helper_faults = -1;
  int64_t own_faults = -1;
  lines >> ready >> done >> heap_bytes >> foreign >> helper_faults >> own_faults;
  EXPECT_EQ(done, "done");
  EXPECT_EQ(result.errors, "") << "the runtime's chatter would tear a status line";
  EXPECT_EQ(heap_bytes, 0);
  EXPECT_EQ(foreign, 0);
  EXPECT_EQ(helper_faults, 0);
  EXPECT_EQ(own_faults, 0);
}

TEST_P(Witness, NoSystemCallForMemoryBetweenReadyAndDone) {
  std::vector<std::string> command = {
      "strace", "-f",         "-e", "trace=mmap,munmap,brk,mremap,mprotect,madvise,write",
      "-o",     "/dev/stderr"};
  std::vector<std::string> program = witness_command(10);
  program[2] = std::to_string(GetParam().threads);
  program[3] = std::to_string(GetParam().delegate);
  const std::vector<std::string> models = quick_models(GetParam().threads);
  if (models.empty() || !emulator_command().empty()) return;
  command.insert(command.end(), program.begin(), program.end());
  command.insert(command.end(), models.begin(), models.end());
  const ProcessResult result = run_host(command);
  ASSERT_EQ(result.exit_status, 0) << result.errors;
  const size_t ready = result.errors.find("\"ready\\n\"");
  const size_t done = result.errors.find("\"done\\n\"");
  ASSERT_NE(ready, std::string::npos) << result.errors;
  ASSERT_NE(done, std::string::npos);
  EXPECT_NE(result.errors.find("mmap("), std::string::npos) << "the trace shows no call at all";
  const std::string between = result.errors.substr(ready, done - ready);
  for (const char* call : {"mmap(", "munmap(", "brk(", "mremap(", "mprotect(", "madvise("}) {
    EXPECT_EQ(between.find(call), std::string::npos) << between;
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, Witness, kSettings, describe);

/** Words in the writable data of a library that point into the pool. */
int pointers_into(const ep::ElfImage& image, ep_pool* pool) {
  int found = 0;
  for (const ep::ElfImage::Segment& segment : image.segments()) {
    if ((segment.flags & PF_W) == 0) continue;
    for (uintptr_t at = segment.begin; at < segment.end; at += sizeof(uintptr_t)) {
      const uintptr_t word = *reinterpret_cast<const uintptr_t*>(at);
      if (ep::pool_of(reinterpret_cast<const void*>(word)) == pool) found += 1;
    }
  }
  return found;
}

/** The runtime library, libstdc++ and libc. */
std::vector<ep::ElfImage> scanned_images() {
  std::vector<ep::ElfImage> scanned;
  for (const ep::ElfImage& image : ep::loaded_images()) {
    if (image.path() == library_path() || image.kind() != ep::LibraryKind::kRuntime) {
      if (image.soname().rfind("linux-vdso", 0) != 0) scanned.push_back(image);
    }
  }
  return scanned;
}

class Residue : public testing::TestWithParam<Setting> {};

TEST_P(Residue, AnUnloadedModelLeavesNothingInItsPoolAndNoPointerIntoIt) {
  runtime();
  const ep_pool_stats runtime_before = pool_stats(ep_runtime_pool(runtime()));
  const uint64_t foreign_before = runtime_stats().foreign_allocations;
  ASSERT_GE(scanned_images().size(), 3U);
  for (const std::string& path : model_paths()) {
    SCOPED_TRACE(path);
    ep_pool* pool = make_pool("residue", 192 * kMib, 16 * kMib);
    ep_model* model = load(pool, {path, GetParam().delegate, GetParam().threads});
    invoke(model, 3);
    unload(model, false);
    EXPECT_EQ(pool_stats(pool).live_blocks, 0U);
    for (const ep::ElfImage& image : scanned_images()) {
      EXPECT_EQ(pointers_into(image, pool), 0) << image.path();
    }
    destroy_pool(pool);
  }
  const ep_pool_stats runtime_after = pool_stats(ep_runtime_pool(runtime()));
  EXPECT_EQ(runtime_after.live_blocks, runtime_before.live_blocks);
  EXPECT_EQ(runtime_after.live_bytes, runtime_before.live_bytes);
  EXPECT_EQ(runtime_after.threads, 0U);
  EXPECT_EQ(runtime_stats().foreign_allocations, foreign_before);
}

INSTANTIATE_TEST_SUITE_P(Settings, Residue, kSettings, describe);

TEST(Scan, FindsWhatTheLibraryKeepsInItsOwnPool) {
  runtime();
  int found = 0;
  for (const ep::ElfImage& image : scanned_images()) {
    found += pointers_into(image, ep_runtime_pool(runtime()));
  }
  EXPECT_GT(found, 0);
}

}  // namespace
}  // namespace ep_test

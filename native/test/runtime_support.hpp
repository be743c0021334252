// What the runtime's tests share: the library, real models, one region a process, seeded inputs.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "edgepool.h"

namespace ep_test {

/** Beside which the npm packages and the shared models lie. */
std::string repository();
std::string build_folder();
std::string library_path();
std::string emulator_command();

/** ../shared/models beside the repository, and the models that the project makes, where they have
 *  been made. With CI=true in the environment the former must be there. */
std::vector<std::string> model_paths();
/** One of ../shared/models by its file name, empty if it is not there. */
std::string shared_model(const std::string& file);
std::string file_name(const std::string& path);
std::vector<uint8_t> read_file(const std::string& path);

/** One region and one open runtime for the whole test process: a runtime never goes away. */
ep_region* region();
ep_runtime* runtime();

ep_pool* make_pool(const char* name, uint64_t quota_bytes, uint64_t planned_bytes = 0);
void destroy_pool(ep_pool* pool);
ep_pool_stats pool_stats(ep_pool* pool);
ep_runtime_stats runtime_stats();
ep_region_stats region_stats();

struct LoadSpec {
  std::string path;
  ep_delegate delegate = EP_DELEGATE_AUTO;
  uint32_t threads = 1;
};
/** Loads and expects success. */
ep_model* load(ep_pool* pool, const LoadSpec& spec);
int32_t try_load(ep_pool* pool, const LoadSpec& spec, ep_model** out, ep_error* error);
void unload(ep_model* model, bool reset);
ep_model_info info_of(ep_model* model);

/** Fills every input from `seed` as the reference program does, and runs once. */
void invoke(ep_model* model, uint64_t seed);
/** The bytes of all output tensors. */
std::string outputs(ep_model* model);
/** `invokes` runs, their outputs one behind the other, as the reference program writes them. */
std::string run(ep_model* model, uint64_t seed, int invokes);

/** XNNPACK's flags as the reference program takes them: -1 for none. */
int reference_flags(ep_delegate delegate);
const char* name_of(ep_delegate delegate);

}  // namespace ep_test

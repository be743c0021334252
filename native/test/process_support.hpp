// Child programs: started, read to the end, waited for.
#pragma once

#include <string>
#include <vector>

namespace ep_test {

struct ProcessResult {
  int exit_status = -1;  // 128 + signal where one ended it
  std::string output;    // standard output
  std::string errors;    // standard error
};

/** Runs a program built for the target, through the emulator where tests are cross-compiled. */
ProcessResult run_target(std::vector<std::string> command);

/** Runs a program of this machine. */
ProcessResult run_host(const std::vector<std::string>& command);

}  // namespace ep_test

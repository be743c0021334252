#include "process_support.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

#include "runtime_support.hpp"

extern char** environ;

namespace ep_test {
namespace {

/** Reads both ends until both are closed. */
void drain(std::array<int, 2> ends, std::array<std::string*, 2> texts) {
  std::array<pollfd, 2> polls = {{{ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}}};
  int open_ends = 2;
  while (open_ends > 0) {
    if (poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR) break;
    for (size_t i = 0; i < polls.size(); ++i) {
      if (polls[i].fd < 0 || polls[i].revents == 0) continue;
      std::array<char, 65536> buffer;
      const ssize_t length = read(polls[i].fd, buffer.data(), buffer.size());
      if (length > 0) {
        texts[i]->append(buffer.data(), static_cast<size_t>(length));
      } else {
        close(polls[i].fd);
        polls[i].fd = -1;
        open_ends -= 1;
      }
    }
  }
}

}  // namespace

ProcessResult run_host(const std::vector<std::string>& command) {
  ProcessResult result;
  std::array<int, 2> out = {};
  std::array<int, 2> errors = {};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(errors.data(), O_CLOEXEC) != 0) return result;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(errors[1]);
  drain({out[0], errors[0]}, {&result.output, &result.errors});
  if (failed != 0) {
    result.errors = "cannot start " + command[0];
    return result;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

ProcessResult run_target(std::vector<std::string> command) {
  std::istringstream emulator(emulator_command());
  std::vector<std::string> whole;
  for (std::string word; emulator >> word;) whole.push_back(word);
  whole.insert(whole.end(), command.begin(), command.end());
  return run_host(whole);
}

}  // namespace ep_test

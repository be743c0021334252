#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "error.hpp"

namespace {

/** Both ends closed when it goes, but for one that was taken. */
class Pipe {
 public:
  Pipe() = default;
  ~Pipe() {
    for (const int end : ends_) {
      if (end >= 0) close(end);
    }
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool open() { return pipe2(ends_, O_CLOEXEC) == 0; }
  int write_end() const { return ends_[1]; }
  int take_read_end() {
    const int end = ends_[0];
    ends_[0] = -1;
    return end;
  }

 private:
  int ends_[2] = {-1, -1};
};

/** What the child begins with: nothing to read, both pipes to write to, signals as at a login. */
class Beginning {
 public:
  Beginning(int output, int errors) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    // Node ignores SIGPIPE, and what is ignored stays so in a new program.
    sigaddset(&signals, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Beginning() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Beginning(const Beginning&) = delete;
  Beginning& operator=(const Beginning&) = delete;

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

}  // namespace

int32_t ep_child_start(const char* path, const char* const* words, const char* const* environment,
                       ep_child* out, ep_error* error) {
  if (path == nullptr || words == nullptr || words[0] == nullptr || out == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "child: no program, no words or no place for the answer");
  }
  Pipe output;
  Pipe errors;
  if (!output.open() || !errors.open()) return ep::fail_errno(error, "pipe2", path);
  const Beginning beginning(output.write_end(), errors.write_end());
  pid_t pid = 0;
  // The calls take pointers to char for the sake of old programs; they write to none.
  auto* const arguments = const_cast<char* const*>(words);
  char* const* const variables =
      environment == nullptr ? environ : const_cast<char* const*>(environment);
  errno =
      posix_spawn(&pid, path, beginning.actions(), beginning.attributes(), arguments, variables);
  if (errno != 0) return ep::fail_errno(error, "posix_spawn", path);
  *out = {pid, output.take_read_end(), errors.take_read_end(), 0};
  return EP_OK;
}

int32_t ep_child_wait(int32_t pid, ep_child_end* out, ep_error* error) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = waitpid(pid, &status, 0);
  } while (ended < 0 && errno == EINTR);
  if (ended < 0) return ep::fail_errno(error, "waitpid", "child");
  *out = WIFSIGNALED(status) ? ep_child_end{-1, WTERMSIG(status)}
                             : ep_child_end{WEXITSTATUS(status), 0};
  return EP_OK;
}

#include "asleep.hpp"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace ep {
namespace {

template <size_t kSize>
bool read_of(pid_t thread, const char* name, char (&text)[kSize]) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/%s", static_cast<int>(thread), name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const ssize_t length = read(file, text, kSize - 1);
  close(file);
  if (length <= 0) return false;
  text[length] = '\0';
  return true;
}

bool read_switches(pid_t thread, uint64_t* out) {
  char text[4096];
  if (!read_of(thread, "status", text)) return false;
  const char* const own = strstr(text, "\nvoluntary_ctxt_switches:");
  const char* const others = strstr(text, "\nnonvoluntary_ctxt_switches:");
  uint64_t voluntary = 0;
  uint64_t forced = 0;
  if (own == nullptr || sscanf(own, " voluntary_ctxt_switches: %" SCNu64, &voluntary) != 1 ||
      others == nullptr || sscanf(others, " nonvoluntary_ctxt_switches: %" SCNu64, &forced) != 1) {
    return false;
  }
  *out = voluntary + forced;
  return true;
}

// Number, six arguments, stack pointer, program counter; or "running", or a -1 outside a call.
const char* read_futex(pid_t thread, uintptr_t* out) {
  char text[256];
  if (!read_of(thread, "syscall", text)) return "/proc/self/task/*/syscall cannot be read";
  long number = -1;
  uint64_t arguments[4] = {};
  if (sscanf(text, "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &number, &arguments[0],
             &arguments[1], &arguments[2], &arguments[3]) != 5) {
    return "runs";
  }
  const uint64_t operation = arguments[1] & FUTEX_CMD_MASK;
  if (number != SYS_futex || (operation != FUTEX_WAIT && operation != FUTEX_WAIT_BITSET)) {
    return "waits in another system call than futex";
  }
  if (arguments[3] != 0) return "sleeps for a limited time";
  *out = arguments[0];
  return nullptr;
}

}  // namespace

// Counts before the first look and behind the second: who slept at both and has not gone to sleep
// in between slept all the time from one to the other, and all did so between the two rounds.
Awake look_at_threads(const std::vector<pid_t>& threads, std::vector<Sleeper>* sleepers) {
  sleepers->assign(threads.size(), {});
  std::vector<uint64_t> switches(threads.size());
  for (size_t i = 0; i < threads.size(); ++i) {
    Sleeper& sleeper = (*sleepers)[i];
    sleeper.thread = threads[i];
    if (!read_switches(threads[i], &switches[i])) return {threads[i], "is not to be seen"};
    const char* const why = read_futex(threads[i], &sleeper.futex);
    if (why != nullptr) return {threads[i], why};
  }
  for (size_t i = 0; i < threads.size(); ++i) {
    uintptr_t futex = 0;
    uint64_t now = 0;
    const char* const why = read_futex(threads[i], &futex);
    if (why != nullptr) return {threads[i], why};
    if (!read_switches(threads[i], &now) || now != switches[i]) return {threads[i], "woke up"};
  }
  return {};
}

}  // namespace ep

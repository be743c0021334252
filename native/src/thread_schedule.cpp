#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "error.hpp"

namespace ep {
namespace {

constexpr int32_t kMostProcessors = 64;
constexpr int kMostRealtime = 99;

/** As the kernel lists processors: "0-1,4". */
void list_processors(uint64_t mask, char* text, size_t size) {
  size_t length = 0;
  text[0] = '\0';
  for (int32_t first = 0; first < kMostProcessors; ++first) {
    if ((mask >> first & 1) == 0) continue;
    int32_t last = first;
    while (last + 1 < kMostProcessors && (mask >> (last + 1) & 1) != 0) ++last;
    const char* const comma = length > 0 ? "," : "";
    const int written =
        first == last ? std::snprintf(text + length, size - length, "%s%d", comma, first)
                      : std::snprintf(text + length, size - length, "%s%d-%d", comma, first, last);
    if (written < 0 || static_cast<size_t>(written) >= size - length) return;
    length += static_cast<size_t>(written);
    first = last;
  }
}

uint64_t mask_of(const cpu_set_t& set) {
  uint64_t mask = 0;
  for (int32_t cpu = 0; cpu < kMostProcessors; ++cpu) {
    if (CPU_ISSET(cpu, &set)) mask |= uint64_t{1} << cpu;
  }
  return mask;
}

/** The kernel takes the processors that there are and says nothing of the others: read back. */
int32_t pin(pid_t thread, uint64_t cpus, ep_error* error) {
  cpu_set_t former;
  cpu_set_t set;
  CPU_ZERO(&former);
  CPU_ZERO(&set);
  if (sched_getaffinity(thread, sizeof former, &former) != 0) {
    return fail_errno(error, "sched_getaffinity", "thread");
  }
  for (int32_t cpu = 0; cpu < kMostProcessors; ++cpu) {
    if ((cpus >> cpu & 1) != 0) CPU_SET(cpu, &set);
  }
  const bool set_at_all = sched_setaffinity(thread, sizeof set, &set) == 0;
  if (!set_at_all && errno != EINVAL) return fail_errno(error, "sched_setaffinity", "thread");
  cpu_set_t given;
  CPU_ZERO(&given);
  if (set_at_all) sched_getaffinity(thread, sizeof given, &given);
  if (set_at_all && mask_of(given) == cpus) return EP_OK;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(getpid(), sizeof allowed, &allowed);
  sched_setaffinity(thread, sizeof former, &former);
  char wanted[128];
  char there[128];
  list_processors(cpus, wanted, sizeof wanted);
  list_processors(mask_of(allowed), there, sizeof there);
  return fail(error, EP_E_SYSTEM,
              "processors %s: refused, the cpuset of this program has %s: name some of these",
              wanted, there);
}

int32_t make_realtime(pid_t thread, int priority, ep_error* error) {
  sched_param parameter = {};
  parameter.sched_priority = priority;
  if (sched_setscheduler(thread, SCHED_FIFO, &parameter) == 0) return EP_OK;
  if (errno != EPERM) return fail_errno(error, "sched_setscheduler", "thread");
  rlimit limit = {};
  getrlimit(RLIMIT_RTPRIO, &limit);
  return fail(error, EP_E_SYSTEM,
              "real-time priority %d: refused, RLIMIT_RTPRIO is %llu and CAP_SYS_NICE is missing: "
              "raise the limit (ulimit -r, or LimitRTPRIO= of the service)",
              priority, static_cast<unsigned long long>(limit.rlim_cur));
}

int32_t make_ordinary(pid_t thread, int nice, ep_error* error) {
  const sched_param parameter = {};
  if (sched_getscheduler(thread) != SCHED_OTHER &&
      sched_setscheduler(thread, SCHED_OTHER, &parameter) != 0) {
    return fail_errno(error, "sched_setscheduler", "thread");
  }
  if (setpriority(PRIO_PROCESS, static_cast<id_t>(thread), nice) == 0) return EP_OK;
  if (errno != EACCES && errno != EPERM) return fail_errno(error, "setpriority", "thread");
  rlimit limit = {};
  getrlimit(RLIMIT_NICE, &limit);
  return fail(error, EP_E_SYSTEM,
              "nice %d: refused, RLIMIT_NICE is %llu and CAP_SYS_NICE is missing: raise the limit "
              "(ulimit -e, or LimitNICE= of the service)",
              nice, static_cast<unsigned long long>(limit.rlim_cur));
}

}  // namespace
}  // namespace ep

int32_t ep_thread_schedule(int32_t thread, const ep_thread_options* options, ep_error* error) {
  if (thread <= 0 || options == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "ep_thread_schedule: give a thread and options");
  }
  if (options->realtime > ep::kMostRealtime || options->nice < 0 || options->nice > 19) {
    return ep::fail(error, EP_E_ARGUMENT,
                    "thread: real-time priority %u, nice %d: must be 0 to %d and 0 to 19",
                    options->realtime, options->nice, ep::kMostRealtime);
  }
  const int32_t status = options->realtime > 0
                             ? ep::make_realtime(thread, static_cast<int>(options->realtime), error)
                             : ep::make_ordinary(thread, options->nice, error);
  if (status != EP_OK || options->cpus == 0) return status;
  return ep::pin(thread, options->cpus, error);
}

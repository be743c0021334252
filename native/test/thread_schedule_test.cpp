// What the kernel says of a worker's thread after ep_thread_schedule.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "edgepool.h"
#include "kernel_support.hpp"

namespace {

class Worker {
 public:
  Worker() {
    EXPECT_EQ(ep_events_create(16, &events_, &read_fd_, nullptr), EP_OK);
    EXPECT_EQ(ep_worker_create(events_, "ep-scheduled", &worker_, nullptr), EP_OK);
  }
  ~Worker() {
    ep_worker_destroy(worker_, nullptr);
    ep_events_destroy(events_);
    close(read_fd_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int32_t thread() const { return ep_worker_thread(worker_); }

 private:
  ep_events* events_ = nullptr;
  ep_worker* worker_ = nullptr;
  int32_t read_fd_ = -1;
};

uint64_t first_allowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  for (int cpu = 0; cpu < 64; ++cpu) {
    if (CPU_ISSET(cpu, &set)) return uint64_t{1} << cpu;
  }
  return 0;
}

TEST(ThreadSchedule, ProcessorsAndNicenessAreReadBackFromTheKernel) {
  const int own = getpriority(PRIO_PROCESS, 0);
  const Worker worker;
  ASSERT_GT(worker.thread(), 0);
  const ep_thread_options options = {first_allowed(), 0, 17};
  ep_error error = {};
  ASSERT_EQ(ep_thread_schedule(worker.thread(), &options, &error), EP_OK) << error.message;
  cpu_set_t set;
  CPU_ZERO(&set);
  ASSERT_EQ(sched_getaffinity(worker.thread(), sizeof set, &set), 0);
  EXPECT_EQ(CPU_COUNT(&set), 1);
  EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(worker.thread())), 17);
  EXPECT_EQ(getpriority(PRIO_PROCESS, 0), own) << "of this thread, which was not meant";
}

TEST(ThreadSchedule, ProcessorsThatThereAreNotAreRefusedWithThoseThatThereAre) {
  const Worker worker;
  const ep_thread_options options = {first_allowed() | uint64_t{1} << 63, 0, 0};
  ep_error error = {};
  EXPECT_EQ(ep_thread_schedule(worker.thread(), &options, &error), EP_E_SYSTEM);
  EXPECT_NE(std::string(error.message).find("cpuset"), std::string::npos) << error.message;
  cpu_set_t set;
  cpu_set_t own;
  sched_getaffinity(worker.thread(), sizeof set, &set);
  sched_getaffinity(0, sizeof own, &own);
  EXPECT_TRUE(CPU_EQUAL(&set, &own));
}

TEST(ThreadSchedule, RealTimePriorityIsGivenOrTheLimitIsNamed) {
  const Worker worker;
  const ep_thread_options options = {0, 10, 0};
  ep_error error = {};
  const int32_t status = ep_thread_schedule(worker.thread(), &options, &error);
  if (status == EP_OK) {
    sched_param parameter = {};
    EXPECT_EQ(sched_getscheduler(worker.thread()), SCHED_FIFO);
    ASSERT_EQ(sched_getparam(worker.thread(), &parameter), 0);
    EXPECT_EQ(parameter.sched_priority, 10);
    return;
  }
  EXPECT_EQ(status, EP_E_SYSTEM);
  EXPECT_NE(std::string(error.message).find("RLIMIT_RTPRIO"), std::string::npos) << error.message;
}

TEST(ThreadSchedule, RealTimePriorityThatIsRefusedNamesTheLimit) {
  const auto refused = [] {
    const rlimit none = {0, 0};
    if (setrlimit(RLIMIT_RTPRIO, &none) != 0) return 1;
    // Root may have it whatever its limits say.
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return 2;
    const ep_thread_options options = {0, 10, 0};
    ep_error error = {};
    if (ep_thread_schedule(getpid(), &options, &error) != EP_E_SYSTEM) return 3;
    return std::strstr(error.message, "RLIMIT_RTPRIO is 0 ") != nullptr ? 0 : 4;
  };
  EXPECT_EQ(ep_test::in_child(refused), 0);
}

TEST(ThreadSchedule, WhatIsOutOfRangeIsAnArgumentError) {
  const Worker worker;
  const ep_thread_options realtime = {0, 100, 0};
  const ep_thread_options nice = {0, 0, 20};
  const ep_thread_options none = {};
  EXPECT_EQ(ep_thread_schedule(worker.thread(), &realtime, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(ep_thread_schedule(worker.thread(), &nice, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(ep_thread_schedule(0, &none, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(ep_thread_schedule(worker.thread(), nullptr, nullptr), EP_E_ARGUMENT);
}

}  // namespace

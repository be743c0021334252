// The witness of threads: who is counted, and that the kernel's faults are what it reports.
#include "threads.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <semaphore>
#include <thread>
#include <vector>

#include "runtime_support.hpp"

namespace ep_test {
namespace {

ep_thread_stats thread_stats() {
  ep_thread_stats stats = {};
  ep_error error = {};
  EXPECT_EQ(ep_threads_get_stats(&stats, &error), EP_OK) << error.message;
  return stats;
}

/** Takes exactly `pages` minor faults. */
void fault(size_t pages) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const memory =
      mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  madvise(memory, pages * page, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < pages; ++i) static_cast<volatile char*>(memory)[i * page] = 1;
  munmap(memory, pages * page);
}

long own_minor_faults() {
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

TEST(Threads, ARegisteredThreadIsCountedWithItsFaultsAlsoAfterItsEnd) {
  const ep_thread_stats before = thread_stats();
  std::binary_semaphore registered(0);
  std::binary_semaphore looked(0);
  std::thread thread([&] {
    ASSERT_TRUE(ep::register_current_thread("witnessed"));
    ASSERT_TRUE(ep::register_current_thread("renamed"));
    fault(300);
    registered.release();
    looked.acquire();
    fault(200);
  });
  registered.acquire();
  const ep_thread_stats during = thread_stats();
  EXPECT_EQ(during.threads, before.threads + 1);
  EXPECT_GE(during.minor_faults, before.minor_faults + 300);
  looked.release();
  thread.join();
  const ep_thread_stats after = thread_stats();
  EXPECT_EQ(after.threads, before.threads);
  EXPECT_GE(after.minor_faults, before.minor_faults + 500);
  EXPECT_EQ(thread_stats().minor_faults, after.minor_faults);
}

TEST(Threads, AThreadThatIsNotRegisteredIsNotCounted) {
  const ep_thread_stats before = thread_stats();
  std::thread thread([] { fault(300); });
  thread.join();
  EXPECT_EQ(thread_stats().minor_faults, before.minor_faults);
}

__attribute__((noinline)) void use_stack(size_t bytes) {
  volatile char* const memory = static_cast<volatile char*>(__builtin_alloca(bytes));
  for (size_t i = 0; i < bytes; i += 512) memory[i] = 1;
}

TEST(Threads, ATouchedStackTakesNoFurtherFault) {
  long untouched = 0;
  std::thread([&] {
    const long before = own_minor_faults();
    use_stack(256 * 1024);
    untouched = own_minor_faults() - before;
  }).join();
  long touched = -1;
  std::thread([&] {
    ep::touch_stack();
    const long before = own_minor_faults();
    use_stack(256 * 1024);
    touched = own_minor_faults() - before;
  }).join();
  EXPECT_GE(touched, 0);
  if (faults_are_ours()) {
    EXPECT_EQ(touched, 0);
  }
  // A stack that glibc has kept from an earlier thread may have been used before.
  EXPECT_GE(untouched, 0);
}

TEST(Threads, ATouchedHeapTakesNoFurtherFault) {
  long touched = -1;
  std::thread([&] {
    ep::touch_heap();
    const long before = own_minor_faults();
    // As a decoder works: pieces that come and go, some of them in the other order.
    for (int round = 0; round < 50; ++round) {
      std::array<void*, 8> pieces;
      for (size_t i = 0; i < pieces.size(); ++i) {
        pieces[i] = std::malloc(8 * 1024 + i * 100);
        std::memset(pieces[i], round, 8 * 1024 + i * 100);
      }
      for (void* const piece : pieces) std::free(piece);
    }
    touched = own_minor_faults() - before;
  }).join();
  EXPECT_GE(touched, 0);
  if (faults_are_ours()) {
    EXPECT_EQ(touched, 0);
  }
}

TEST(Threads, ManyThreadsComeAndGo) {
  const ep_thread_stats before = thread_stats();
  std::atomic<int> counted{0};
  for (int round = 0; round < 20; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        if (ep::register_current_thread(nullptr)) counted.fetch_add(1);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(counted.load(), 320);
  EXPECT_EQ(thread_stats().threads, before.threads);
}

}  // namespace
}  // namespace ep_test

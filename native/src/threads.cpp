#include "threads.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "error.hpp"
#include "scope.hpp"

namespace ep {
namespace {

// A fixed table: what starts a thread must not allocate, neither in a pool nor outside.
constexpr size_t kMaxThreads = 1024;

struct Thread {
  bool used = false;
  pid_t id = 0;  // 0 until the thread runs
  ep_pool* pool = nullptr;
  Scope scope;
  void* (*start)(void*) = nullptr;
  void* argument = nullptr;
  int destructor_rounds = 0;
  bool ending = false;  // by end_sleeping_threads
};

std::mutex table_lock;
std::array<Thread, kMaxThreads> table;
uint64_t ended_minor_faults = 0;
uint64_t ended_major_faults = 0;

pthread_key_t exit_key;
pthread_once_t exit_key_once = PTHREAD_ONCE_INIT;
thread_local Thread* own_entry __attribute__((tls_model("initial-exec"))) = nullptr;
thread_local bool stack_touched __attribute__((tls_model("initial-exec"))) = false;

Thread* take_entry() {
  const std::lock_guard<std::mutex> lock(table_lock);
  const auto free_entry =
      std::find_if(table.begin(), table.end(), [](const Thread& thread) { return !thread.used; });
  if (free_entry == table.end()) return nullptr;
  *free_entry = Thread{};
  free_entry->used = true;
  return &*free_entry;
}

void give_back(Thread* thread, uint64_t minor_faults, uint64_t major_faults) {
  const std::lock_guard<std::mutex> lock(table_lock);
  ended_minor_faults += minor_faults;
  ended_major_faults += major_faults;
  thread->used = false;
}

// The thread sanitizer takes its own state of the thread away in its last round.
#if defined(__SANITIZE_THREAD__)
constexpr int kLastRound = PTHREAD_DESTRUCTOR_ITERATIONS - 2;
#else
constexpr int kLastRound = PTHREAD_DESTRUCTOR_ITERATIONS;
#endif

/** The thread's own last act: nobody counts it any more, and its pool is free of it. */
void leave(Thread* thread) {
  current_scope = nullptr;
  own_entry = nullptr;
  ep_pool* const pool = thread->pool;
  rusage usage = {};
  getrusage(RUSAGE_THREAD, &usage);
  give_back(thread, static_cast<uint64_t>(usage.ru_minflt), static_cast<uint64_t>(usage.ru_majflt));
  if (pool != nullptr) pool_thread_ended(pool);
}

/** Runs as the thread ends. Other libraries' destructors may still use the pool, in this round or a
 *  later one, so the thread lets go of it in the last round only. */
void on_thread_exit(void* value) {
  auto* const thread = static_cast<Thread*>(value);
  thread->destructor_rounds += 1;
  if (thread->destructor_rounds < kLastRound) {
    pthread_setspecific(exit_key, thread);
    return;
  }
  leave(thread);
}

void make_exit_key() {
  if (pthread_key_create(&exit_key, on_thread_exit) != 0) abort();
}

void adopt(Thread* thread) {
  pthread_once(&exit_key_once, make_exit_key);
  pthread_setspecific(exit_key, thread);
  own_entry = thread;
  const std::lock_guard<std::mutex> lock(table_lock);
  thread->id = gettid();
}

void* run_in_scope(void* value) {
  auto* const thread = static_cast<Thread*>(value);
  adopt(thread);
  touch_stack();
  current_scope = &thread->scope;
  return thread->start(thread->argument);
}

/** The one signal that threads of pools do not block. Neither libc nor Node has a use for it. */
int end_signal() { return SIGRTMAX - 2; }

void end_here(int) {
  Thread* const thread = own_entry;
  if (thread == nullptr || thread->pool == nullptr || !thread->ending) return;
  leave(thread);
  syscall(SYS_exit, 0);
}

/** Faults of one thread from /proc/self/task/TID/stat (proc_pid_stat(5): fields 10 and 12). */
bool read_faults(pid_t id, uint64_t* minor_faults, uint64_t* major_faults) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", static_cast<int>(id));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[512];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return false;
  text[length] = '\0';
  const char* after_name = strrchr(text, ')');
  if (after_name == nullptr) return false;
  // From field 3 on: state ppid pgrp session tty tpgid flags minflt cminflt majflt.
  return sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %" SCNu64 " %*u %" SCNu64,
                minor_faults, major_faults) == 2;
}

}  // namespace

bool register_current_thread(const char* name) {
  if (name != nullptr) {
    char shortened[16] = {};
    memcpy(shortened, name, strnlen(name, sizeof shortened - 1));
    pthread_setname_np(pthread_self(), shortened);
  }
  if (own_entry != nullptr) return true;
  Thread* const thread = take_entry();
  if (thread == nullptr) return false;
  adopt(thread);
  return true;
}

__attribute__((no_sanitize("address"), noinline)) void touch_stack() {
  if (stack_touched) return;
  stack_touched = true;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* lowest = nullptr;
  size_t size = 0;
  size_t guard = 0;
  pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_getguardsize(&attributes, &guard);
  pthread_attr_destroy(&attributes);

  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  uintptr_t bottom = reinterpret_cast<uintptr_t>(lowest) + guard;
  if (here - bottom > kThreadStackBytes) bottom = here - kThreadStackBytes;
  // Nothing lives below the frame, beyond the red zone: the page of the frame is left out.
  for (uintptr_t at = (here & ~(page - 1)) - page; at >= bottom; at -= page) {
    *reinterpret_cast<volatile char*>(at) = 0;
  }
}

void touch_heap() {
  // Below the size from which on glibc maps each block by itself (128 KiB), and no more at the end
  // of the thread's heap than it keeps there when blocks are freed (as much).
  constexpr size_t kBytes = size_t{120} << 10;
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* const block = std::malloc(kBytes);
  if (block == nullptr) return;
  for (size_t at = 0; at < kBytes; at += page) static_cast<volatile char*>(block)[at] = 0;
  std::free(block);
}

int start_in_scope(const Scope& scope, unsigned long* thread, const void* attributes,
                   void* (*start)(void*), void* argument) {
  Thread* const entry = take_entry();
  if (entry == nullptr) return EAGAIN;
  entry->pool = scope.pool;
  entry->scope.pool = scope.pool;
  entry->scope.fallback = scope.fallback;
  entry->scope.may_throw = false;
  entry->start = start;
  entry->argument = argument;
  pool_thread_started(scope.pool);

  pthread_attr_t own;
  pthread_attr_init(&own);
  pthread_attr_setstacksize(&own, kThreadStackBytes);
  const auto* given = static_cast<const pthread_attr_t*>(attributes);
  // Signals are the app's, and a thread of a pool that is parked must not run a handler.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  sigdelset(&all, end_signal());
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int status = pthread_create(thread, given != nullptr ? given : &own, run_in_scope, entry);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&own);
  if (status != 0) {
    give_back(entry, 0, 0);
    pool_thread_ended(scope.pool);
  }
  return status;
}

std::vector<pid_t> threads_of(const ep_pool* pool) {
  std::vector<pid_t> ids;
  const std::lock_guard<std::mutex> lock(table_lock);
  for (const Thread& thread : table) {
    if (thread.used && thread.pool == pool) ids.push_back(thread.id);
  }
  return ids;
}

void end_sleeping_threads(ep_pool* pool) {
  struct sigaction action = {};
  action.sa_handler = end_here;
  sigaction(end_signal(), &action, nullptr);
  {
    const std::lock_guard<std::mutex> lock(table_lock);
    for (Thread& thread : table) {
      if (!thread.used || thread.pool != pool) continue;
      thread.ending = true;
      syscall(SYS_tgkill, getpid(), thread.id, end_signal());
    }
  }
  pool_wait_threads(pool);
}

}  // namespace ep

int32_t ep_threads_get_stats(ep_thread_stats* out, ep_error* error) {
  if (out == nullptr) return ep::fail(error, EP_E_ARGUMENT, "ep_threads_get_stats: out is NULL");
  const std::lock_guard<std::mutex> lock(ep::table_lock);
  *out = {};
  out->minor_faults = ep::ended_minor_faults;
  out->major_faults = ep::ended_major_faults;
  for (const ep::Thread& thread : ep::table) {
    if (!thread.used) continue;
    out->threads += 1;
    uint64_t minor_faults = 0;
    uint64_t major_faults = 0;
    if (thread.id == 0 || !ep::read_faults(thread.id, &minor_faults, &major_faults)) continue;
    out->minor_faults += minor_faults;
    out->major_faults += major_faults;
  }
  return EP_OK;
}

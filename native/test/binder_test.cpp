// The binder on a library made for it: every way of allocating, both orders of freeing, threads,
// libraries opened late, and what it leaves untouched.
#include "binder.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <new>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "runtime_support.hpp"
#include "scope.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;

/** Lines of /proc/self/maps that belong to a file: what is mapped where, with which protection. */
std::map<std::string, std::string> mappings_of(const std::string& path) {
  std::map<std::string, std::string> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(path) == std::string::npos) continue;
    std::istringstream words(line);
    std::string range;
    std::string protection;
    words >> range >> protection;
    found[range] = protection;
  }
  return found;
}

/** The fixture, bound, its protections as they were before. */
struct Fixture {
  Fixture() {
    path = build_folder() + "/libep_fixture.so";
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) std::abort();
    protections_before = mappings_of(path);
    cxx_before = mappings_of("libstdc++.so");
    ep_error error = {};
    status = ep::bind_library(handle, path.c_str(), &binding, &error);
    message = error.message;
  }
  std::string path;
  void* handle = nullptr;
  std::map<std::string, std::string> protections_before;
  std::map<std::string, std::string> cxx_before;
  ep::Binding binding;
  int32_t status = 0;
  std::string message;
};

Fixture& fixture() {
  static auto* const bound = new Fixture;
  return *bound;
}

template <typename Function>
Function* symbol(const char* name) {
  void* address = dlsym(fixture().handle, name);
  EXPECT_NE(address, nullptr) << name;
  return reinterpret_cast<Function*>(address);
}

class Binder : public testing::Test {
 protected:
  void SetUp() override {
    fixture();
    pool_ = make_pool("binder", 4 * kMib);
    fallback_ = make_pool("fallback", kMib);
    scope_.pool = pool_;
    scope_.fallback = fallback_;
  }
  void TearDown() override {
    EXPECT_EQ(pool_stats(pool_).live_blocks, 0U);
    EXPECT_EQ(pool_stats(fallback_).live_blocks, 0U);
    destroy_pool(pool_);
    destroy_pool(fallback_);
  }
  uint64_t allocations() const { return pool_stats(pool_).allocations; }

  ep_pool* pool_ = nullptr;
  ep_pool* fallback_ = nullptr;
  ep::Scope scope_;
};

TEST_F(Binder, BindsTheLibraryAndTheCxxRuntimeItShares) {
  ASSERT_EQ(fixture().status, EP_OK) << fixture().message;
  EXPECT_EQ(fixture().binding.libraries, 2U);
  EXPECT_GE(fixture().binding.entries_runtime, 10U);
  EXPECT_GE(fixture().binding.entries_cxx, 5U);
}

TEST_F(Binder, GivesEveryPageItsFormerProtectionBack) {
  EXPECT_FALSE(fixture().protections_before.empty());
  EXPECT_EQ(mappings_of(fixture().path), fixture().protections_before);
  EXPECT_EQ(mappings_of("libstdc++.so"), fixture().cxx_before);
}

TEST_F(Binder, BindingAgainChangesNothing) {
  ep::Binding again;
  ep_error error = {};
  ASSERT_EQ(ep::bind_library(fixture().handle, "again", &again, &error), EP_OK) << error.message;
  EXPECT_EQ(again.entries_runtime, fixture().binding.entries_runtime);
  EXPECT_EQ(mappings_of(fixture().path), fixture().protections_before);
}

TEST_F(Binder, EveryAllocatingCallLandsInThePoolOfTheScope) {
  auto* const release = symbol<void(void*)>("fixture_free");
  const auto check = [&](const char* name, auto&& allocate, size_t alignment) {
    SCOPED_TRACE(name);
    const ep::Enter enter(&scope_);
    void* const block = allocate();
    EXPECT_EQ(ep::pool_of(block), pool_);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0U);
    std::memset(block, 0x5A, 100);
    release(block);
  };
  using Allocate = void*(size_t);
  check(
      "malloc", [&] { return symbol<Allocate>("fixture_malloc")(100); }, 16);
  check(
      "table", [&] { return symbol<Allocate>("fixture_malloc_by_table")(100); }, 16);
  check(
      "calloc", [&] { return symbol<void*(size_t, size_t)>("fixture_calloc")(10, 10); }, 16);
  check(
      "realloc", [&] { return symbol<void*(void*, size_t)>("fixture_realloc")(nullptr, 100); }, 16);
  check(
      "aligned", [&] { return symbol<void*(size_t, size_t)>("fixture_aligned")(4096, 100); }, 4096);
  check(
      "new", [&] { return symbol<Allocate>("fixture_new")(100); }, 16);
  check(
      "nothrow", [&] { return symbol<Allocate>("fixture_new_nothrow")(100); }, 16);
  check(
      "new aligned", [&] { return symbol<Allocate>("fixture_new_aligned")(100); }, 256);
}

TEST_F(Binder, CallocIsZeroedAlsoWhereTheBlockWasUsed) {
  auto* const release = symbol<void(void*)>("fixture_free");
  const ep::Enter enter(&scope_);
  void* const dirty = symbol<void*(size_t)>("fixture_malloc")(4096);
  std::memset(dirty, 0xFF, 4096);
  release(dirty);
  auto* const clean = static_cast<char*>(symbol<void*(size_t, size_t)>("fixture_calloc")(64, 64));
  for (int i = 0; i < 4096; ++i) ASSERT_EQ(clean[i], 0);
  release(clean);
  EXPECT_EQ(symbol<void*(size_t, size_t)>("fixture_calloc")(SIZE_MAX / 2, 3), nullptr);
}

TEST_F(Binder, OutsideAScopeNothingIsPooledAndTheRuntimeIsCounted) {
  const uint64_t before = allocations();
  const uint64_t foreign = ep::allocation_counters.foreign.load();
  void* const block = symbol<void*(size_t)>("fixture_malloc")(100);
  EXPECT_EQ(ep::pool_of(block), nullptr);
  EXPECT_EQ(ep::allocation_counters.foreign.load(), foreign + 1);
  free(block);
  std::string text(1000, 'x');
  text.append(5000, 'y');
  EXPECT_EQ(ep::pool_of(text.data()), nullptr);
  EXPECT_EQ(ep::allocation_counters.foreign.load(), foreign + 1);
  EXPECT_EQ(allocations(), before);
}

TEST_F(Binder, BlocksMayBeFreedInAnotherScopeThanTheirs) {
  auto* const allocate = symbol<void*(size_t)>("fixture_malloc");
  auto* const resize = symbol<void*(void*, size_t)>("fixture_realloc");
  auto* const release = symbol<void(void*)>("fixture_free");
  void* const outside = allocate(100);
  void* inside = nullptr;
  {
    const ep::Enter enter(&scope_);
    inside = allocate(100);
    release(outside);
  }
  std::memset(inside, 0x11, 100);
  inside = resize(inside, 100000);
  EXPECT_EQ(ep::pool_of(inside), pool_) << "a block stays in its pool";
  EXPECT_EQ(static_cast<unsigned char*>(inside)[99], 0x11);
  release(inside);
}

TEST_F(Binder, StringsOfTheLibraryLiveInThePoolAndMayGrowAndDieOutside) {
  std::string* text = nullptr;
  {
    const ep::Enter enter(&scope_);
    text = symbol<std::string*(size_t)>("fixture_string")(1000);
    EXPECT_EQ(ep::pool_of(symbol<const void*(const std::string*)>("fixture_string_data")(text)),
              pool_);
  }
  const std::string more(10000, 'z');
  symbol<void(std::string*, const char*)>("fixture_string_append")(text, more.c_str());
  EXPECT_EQ(ep::pool_of(symbol<const void*(const std::string*)>("fixture_string_data")(text)),
            nullptr);
  symbol<void(std::string*)>("fixture_string_delete")(text);
}

TEST_F(Binder, ARefusalThrowsThroughTheLibraryAndRunsItsDestructors) {
  scope_.may_throw = true;
  int unwound = 0;
  bool thrown = false;
  try {
    const ep::Enter enter(&scope_);
    symbol<void*(size_t, int*)>("fixture_malloc_guarded")(64 * kMib, &unwound);
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(unwound, 1);
  EXPECT_TRUE(scope_.refused);
  EXPECT_EQ(scope_.refusal.status, EP_E_POOL_FULL);
  EXPECT_EQ(scope_.refusal.requested_bytes, 64 * kMib);
  EXPECT_EQ(ep::current_scope, nullptr);
}

TEST_F(Binder, WhereThrowingIsNotAllowedTheReserveThenTheFallbackGive) {
  auto* const allocate = symbol<void*(size_t)>("fixture_malloc");
  auto* const release = symbol<void(void*)>("fixture_free");
  ep_pool_fail_nth(pool_, 1);
  const ep::Enter enter(&scope_);
  void* const reserve = allocate(100);
  EXPECT_EQ(ep::pool_of(reserve), pool_);
  EXPECT_TRUE(scope_.refused);
  void* const borrowed = allocate(5 * kMib / 4 * 3 + kMib / 2);
  EXPECT_EQ(ep::pool_of(borrowed), nullptr) << "larger than both pools";
  void* const filler = allocate(3 * kMib);
  void* const lent = allocate(kMib / 2 + kMib / 4);
  EXPECT_EQ(ep::pool_of(filler), pool_);
  void* const second = allocate(kMib / 2 + kMib / 4);
  EXPECT_EQ(ep::pool_of(second), fallback_);
  for (void* block : {reserve, borrowed, filler, lent, second}) release(block);
}

struct ThreadReport {
  ep::Scope* scope = nullptr;
  ep_pool* pool = nullptr;
  void* block = nullptr;
};

void* allocate_on_thread(void* argument) {
  auto* const report = static_cast<ThreadReport*>(argument);
  report->scope = ep::current_scope;
  report->pool = report->scope == nullptr ? nullptr : report->scope->pool;
  report->block = symbol<void*(size_t)>("fixture_malloc")(100);
  return nullptr;
}

TEST_F(Binder, AThreadStartedInAScopeInheritsItAndHoldsThePool) {
  ThreadReport report;
  pthread_t thread = {};
  auto* const start = symbol<int(pthread_t*, void* (*)(void*), void*)>("fixture_start");
  {
    const ep::Enter enter(&scope_);
    ASSERT_EQ(start(&thread, allocate_on_thread, &report), 0);
  }
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  ep::pool_wait_threads(pool_);
  EXPECT_EQ(report.pool, pool_);
  EXPECT_EQ(ep::pool_of(report.block), pool_);
  symbol<void(void*)>("fixture_free")(report.block);

  ThreadReport outside;
  ASSERT_EQ(start(&thread, allocate_on_thread, &outside), 0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
  EXPECT_EQ(outside.scope, nullptr);
  free(outside.block);
}

TEST_F(Binder, ALibraryThatTheRuntimeOpensIsBoundToo) {
  const std::string path = build_folder() + "/libep_late_fixture.so";
  const uint64_t live = pool_stats(pool_).live_blocks;
  void* handle = nullptr;
  {
    const ep::Enter enter(&scope_);
    handle = symbol<void*(const char*)>("fixture_open")(path.c_str());
  }
  ASSERT_NE(handle, nullptr);
  EXPECT_EQ(pool_stats(pool_).live_blocks, live) << "the binder's own lists are not the model's";
  auto* const late = reinterpret_cast<void* (*)(size_t)>(dlsym(handle, "late_malloc"));
  ASSERT_NE(late, nullptr);
  const ep::Enter enter(&scope_);
  void* const block = late(100);
  EXPECT_EQ(ep::pool_of(block), pool_);
  symbol<void(void*)>("fixture_free")(block);
}

TEST_F(Binder, OtherThreadsUseTheSharedCxxRuntimeWhileLibrariesAreBound) {
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> churners;
  for (int i = 0; i < 2; ++i) {
    churners.emplace_back([&, i] {
      uint64_t round = 0;
      while (!stop.load()) {
        std::ostringstream text;
        text << "thread " << i << " round " << round++ << std::string(300, 'x');
        std::string copy = text.str();
        copy.append(copy);
        if (ep::pool_of(copy.data()) != nullptr) wrong.fetch_add(1);
      }
    });
  }
  const int rounds = emulated() ? 5 : 200;
  for (int i = 0; i < rounds; ++i) {
    ep::Binding binding;
    ep_error error = {};
    ASSERT_EQ(ep::bind_library(fixture().handle, "again", &binding, &error), EP_OK);
    const ep::Enter enter(&scope_);
    std::string* text = symbol<std::string*(size_t)>("fixture_string")(1000);
    symbol<void(std::string*)>("fixture_string_delete")(text);
  }
  stop = true;
  for (std::thread& churner : churners) churner.join();
  EXPECT_EQ(wrong.load(), 0U);
}

TEST_F(Binder, TheLibrarysNewsIsDroppedAndItsWarningsAreNot) {
  auto* const print = symbol<void(const char*)>("fixture_print");
  const std::string long_news = "INFO: " + std::string(10'000, 'x') + "\n";
  testing::internal::CaptureStderr();
  print("INFO: made a delegate\n");
  print("WARNING: odd\nINFO: more news\n");
  print(long_news.c_str());
  print("ERROR: ");
  print("in pieces\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "WARNING: odd\nERROR: in pieces\n");
}

TEST(BinderRefusal, NamesALibraryWithoutAnAllocator) {
  void* const handle = dlopen("libm.so.6", RTLD_NOW);
  ASSERT_NE(handle, nullptr);
  ep::Binding binding;
  ep_error error = {};
  EXPECT_EQ(ep::bind_library(handle, "libm.so.6", &binding, &error), EP_E_BIND);
  EXPECT_NE(std::string(error.message).find("libm.so.6"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace ep_test

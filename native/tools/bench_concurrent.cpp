// Runs models one after another and all at once, in turn, and tells as one line of JSON a round
// how long each took.
//
//   edgepool-bench-concurrent LIBRARY ROUNDS (PATH MAPPED QUOTA REQUESTED ENDS)...
//
// With quotas of 0 the runtime allocates from whatever allocator this process was started with.
// At once: a thread for each model, all let go at the same moment; the time until the last is done.
// Exit status: 0 told, 1 refused, 2 wrong usage.
#include <barrier>
#include <cinttypes>
#include <cstdio>
#include <thread>

#include "bench_session.hpp"

namespace {

using bench::Loaded;

uint64_t one_after_another(const std::vector<Loaded>& models) {
  const uint64_t begin = bench::now_ns();
  for (const Loaded& each : models) ep_model_invoke(each.model, nullptr, nullptr);
  return bench::now_ns() - begin;
}

/** Threads that stay, as the program has one for each model. */
class Team {
 public:
  explicit Team(const std::vector<Loaded>& models)
      : start_(static_cast<std::ptrdiff_t>(models.size()) + 1),
        end_(static_cast<std::ptrdiff_t>(models.size()) + 1) {
    for (const Loaded& each : models) {
      threads_.emplace_back([this, model = each.model] {
        for (;;) {
          start_.arrive_and_wait();
          if (over_) return;
          ep_model_invoke(model, nullptr, nullptr);
          end_.arrive_and_wait();
        }
      });
    }
  }
  ~Team() {
    over_ = true;
    start_.arrive_and_wait();
    for (std::thread& thread : threads_) thread.join();
  }
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  uint64_t run() {
    const uint64_t begin = bench::now_ns();
    start_.arrive_and_wait();
    end_.arrive_and_wait();
    return bench::now_ns() - begin;
  }

 private:
  std::barrier<> start_;
  std::barrier<> end_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

int main(int count, char** words) {
  if (count < 8 || (count - 3) % 5 != 0) {
    fprintf(stderr,
            "usage: edgepool-bench-concurrent LIBRARY ROUNDS "
            "(PATH MAPPED QUOTA REQUESTED ENDS)...\n");
    return 2;
  }
  const std::vector<bench::Entry> entries = bench::entries_of(words + 3, count - 3);
  uint64_t capacity = 0;
  for (const bench::Entry& entry : entries) capacity += entry.quota_bytes;
  bench::Session session;
  ep_error error = {};
  int32_t status = bench::open_session(words[1], capacity, &session, &error);
  std::vector<Loaded> models(entries.size());
  for (size_t i = 0; status == EP_OK && i < entries.size(); ++i) {
    status = bench::load(session, entries[i], &models[i], &error);
  }
  if (status != EP_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  {
    Team team(models);
    for (uint64_t round = bench::number(words[2]); round > 0; --round) {
      const uint64_t sequential = one_after_another(models);
      printf("{\"one_after_another_ns\":%" PRIu64 ",\"at_once_ns\":%" PRIu64 "}\n", sequential,
             team.run());
    }
  }
  for (Loaded& each : models) bench::unload(&each);
  return 0;
}

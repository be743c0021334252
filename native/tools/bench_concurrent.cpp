// Loads models one after another and all at once, in turn, then runs them one after another and all
// at once, in turn, and tells as one line of JSON a round how long each took.
//
//   edgepool-bench-concurrent LIBRARY LOADS RUNS (PATH MAPPED QUOTA REQUESTED ENDS)...
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

int32_t load_in_turn(const bench::Session& session, const std::vector<bench::Entry>& entries,
                     std::vector<Loaded>* models, ep_error* error) {
  int32_t status = EP_OK;
  for (size_t i = 0; status == EP_OK && i < entries.size(); ++i) {
    status = bench::load(session, entries[i], &(*models)[i], error);
  }
  return status;
}

int32_t load_at_once(const bench::Session& session, const std::vector<bench::Entry>& entries,
                     std::vector<Loaded>* models, ep_error* error) {
  std::vector<int32_t> statuses(entries.size());
  std::vector<ep_error> errors(entries.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < entries.size(); ++i) {
    threads.emplace_back(
        [&, i] { statuses[i] = bench::load(session, entries[i], &(*models)[i], &errors[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < entries.size(); ++i) {
    if (statuses[i] == EP_OK) continue;
    *error = errors[i];
    return statuses[i];
  }
  return EP_OK;
}

int32_t tell_loads(const bench::Session& session, const std::vector<bench::Entry>& entries,
                   ep_error* error) {
  std::vector<Loaded> models(entries.size());
  const uint64_t begin = bench::now_ns();
  int32_t status = load_in_turn(session, entries, &models, error);
  const uint64_t in_turn = bench::now_ns() - begin;
  for (Loaded& each : models) bench::unload(&each);
  if (status != EP_OK) return status;
  const uint64_t again = bench::now_ns();
  status = load_at_once(session, entries, &models, error);
  const uint64_t at_once = bench::now_ns() - again;
  for (Loaded& each : models) bench::unload(&each);
  printf("{\"what\":\"load\",\"one_after_another_ns\":%" PRIu64 ",\"at_once_ns\":%" PRIu64 "}\n",
         in_turn, at_once);
  return status;
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
  if (count < 9 || (count - 4) % 5 != 0) {
    fprintf(stderr,
            "usage: edgepool-bench-concurrent LIBRARY LOADS RUNS "
            "(PATH MAPPED QUOTA REQUESTED ENDS)...\n");
    return 2;
  }
  const std::vector<bench::Entry> entries = bench::entries_of(words + 4, count - 4);
  uint64_t capacity = 0;
  for (const bench::Entry& entry : entries) capacity += entry.quota_bytes;
  bench::Session session;
  ep_error error = {};
  int32_t status = bench::open_session(words[1], capacity, &session, &error);
  for (uint64_t i = bench::number(words[2]); status == EP_OK && i > 0; --i) {
    status = tell_loads(session, entries, &error);
  }
  std::vector<Loaded> models(entries.size());
  if (status == EP_OK) status = load_in_turn(session, entries, &models, &error);
  if (status != EP_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  {
    Team team(models);
    for (uint64_t round = bench::number(words[3]); round > 0; --round) {
      const uint64_t sequential = one_after_another(models);
      printf("{\"what\":\"run\",\"one_after_another_ns\":%" PRIu64 ",\"at_once_ns\":%" PRIu64 "}\n",
             sequential, team.run());
    }
  }
  for (Loaded& each : models) bench::unload(&each);
  return 0;
}

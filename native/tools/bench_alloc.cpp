// Replays recorded allocations of models, call by call as the runtime made them, and tells as JSON
// what each call took.
//
//   edgepool-bench-alloc HEAP TOUCH SWITCHES ROUNDS SEED TRACE...
//
// HEAP      pool (a pool of edgepool's for each model), process (malloc as this process has it) or
//           bump (the lower bound: a pointer that moves on; nothing is ever given back)
// TOUCH     call (the calls alone) or use (and a write to each page of what was given, as who asked
//           for it would do)
// SWITCHES  so many models are loaded and unloaded in random order before anything is timed, three
//           being there at a time
// ROUNDS    each trace is replayed so often with the clock on
//
// A trace is what edgepool-trial records. Exit status: 0 told, 1 refused, 2 wrong usage.
#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench_trace.hpp"
#include "edgepool.h"

namespace {

using bench::Call;
using bench::read_trace;
using bench::Trace;

constexpr size_t kPage = 4096;
constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kChunk = 16384;
constexpr size_t kResident = 3;
constexpr uint32_t kOrdinaryAlignment = 16;

// ── The clock ──

uint64_t ticks() {
#if defined(__x86_64__)
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("lfence\n\trdtsc\n\tlfence" : "=a"(low), "=d"(high)::"memory");
  return uint64_t{high} << 32 | low;
#else
  uint64_t value = 0;
  asm volatile("isb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(value)::"memory");
  return value;
#endif
}

double now_ns() {
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/** Nanoseconds a tick, and what reading the clock twice takes by itself. */
struct Clock {
  double ns_per_tick = 1;
  uint64_t own_ticks = UINT64_MAX;

  Clock() {
    const double start_ns = now_ns();
    const uint64_t start = ticks();
    while (now_ns() - start_ns < 2e7) {
      const uint64_t first = ticks();
      own_ticks = std::min(own_ticks, ticks() - first);
    }
    ns_per_tick = (now_ns() - start_ns) / static_cast<double>(ticks() - start);
  }

  double ns(uint64_t taken) const {
    return static_cast<double>(taken - std::min(taken, own_ticks)) * ns_per_tick;
  }
};

// ── Heaps ──

class TestedHeap {
 public:
  TestedHeap() = default;
  virtual ~TestedHeap() = default;
  TestedHeap(const TestedHeap&) = delete;
  TestedHeap& operator=(const TestedHeap&) = delete;
  /** A model comes: its memory is made ready. */
  virtual bool open(uint64_t) { return true; }
  /** It goes; what it had is given back or dropped. */
  virtual void close() {}
  virtual void* allocate(size_t bytes, size_t alignment) = 0;
  virtual void* resize(void* block, size_t bytes) = 0;
  virtual void free(void* block) = 0;
  /** True where `close` drops the blocks that are left. */
  virtual bool drops() const { return false; }
};

class ProcessHeap final : public TestedHeap {
 public:
  void* allocate(size_t bytes, size_t alignment) override {
    if (alignment <= kOrdinaryAlignment) return std::malloc(bytes);
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  }
  void* resize(void* block, size_t bytes) override { return std::realloc(block, bytes); }
  void free(void* block) override { std::free(block); }
};

class PoolHeap final : public TestedHeap {
 public:
  explicit PoolHeap(ep_region* region) : region_(region) {}
  ~PoolHeap() override {
    if (pool_ != nullptr) ep_pool_destroy(pool_, nullptr);
  }
  bool open(uint64_t peak_bytes) override {
    // A pool is made once for its model and stays: loading again maps nothing.
    if (pool_ != nullptr) return true;
    ep_pool_options options = {};
    options.name = "model";
    options.quota_bytes = (peak_bytes * 6 / 5 + 4 * kChunk) / kChunk * kChunk;
    options.planned_bytes = options.quota_bytes;
    ep_error error = {};
    if (ep_pool_create(region_, &options, &pool_, &error) == EP_OK) return true;
    fprintf(stderr, "%s\n", error.message);
    return false;
  }
  void close() override { ep_pool_reset(pool_, nullptr); }
  void* allocate(size_t bytes, size_t alignment) override {
    return ep_pool_alloc(pool_, bytes, alignment);
  }
  void* resize(void* block, size_t bytes) override {
    // The recorded calls that resize are few; the ABI has no call of its own for them.
    void* moved = ep_pool_alloc(pool_, bytes, kOrdinaryAlignment);
    ep_pool_free(pool_, block);
    return moved;
  }
  void free(void* block) override { ep_pool_free(pool_, block); }
  bool drops() const override { return true; }

 private:
  ep_region* region_;
  ep_pool* pool_ = nullptr;
};

class BumpHeap final : public TestedHeap {
 public:
  explicit BumpHeap(uint64_t bytes) : memory_(bytes), next_(memory_.data()) {}
  void close() override { next_ = memory_.data(); }
  void* allocate(size_t bytes, size_t alignment) override {
    const auto at = reinterpret_cast<uintptr_t>(next_);
    const size_t lead = (~at + 1) & (std::max<size_t>(alignment, kOrdinaryAlignment) - 1);
    if (lead + bytes > static_cast<size_t>(memory_.data() + memory_.size() - next_)) return nullptr;
    char* const block = next_ + lead;
    next_ = block + bytes;
    return block;
  }
  void* resize(void*, size_t bytes) override { return allocate(bytes, kOrdinaryAlignment); }
  void free(void*) override {}
  bool drops() const override { return true; }

 private:
  std::vector<char> memory_;
  char* next_;
};

// ── Replaying ──

/** A model's blocks while it is there. */
struct Visit {
  const Trace* trace = nullptr;
  TestedHeap* heap = nullptr;
  std::vector<void*> blocks;
};

void touch(void* block, size_t bytes) {
  for (size_t at = 0; at < bytes; at += kPage) static_cast<volatile char*>(block)[at] = 1;
}

/** One call; false where the heap has refused it. */
bool perform(Visit* visit, const Call& call, bool touched) {
  void*& block = visit->blocks[call.block];
  if (call.operation == EP_OP_FREE) {
    visit->heap->free(block);
    block = nullptr;
    return true;
  }
  block = call.operation == EP_OP_RESIZE ? visit->heap->resize(block, call.bytes)
                                         : visit->heap->allocate(call.bytes, call.alignment);
  if (block == nullptr) return false;
  if (touched) touch(block, call.bytes);
  return true;
}

bool enter(Visit* visit, const Trace& trace, TestedHeap* heap) {
  visit->trace = &trace;
  visit->heap = heap;
  visit->blocks.assign(trace.blocks, nullptr);
  return heap->open(trace.peak_bytes);
}

void leave(Visit* visit) {
  if (visit->trace == nullptr) return;
  if (!visit->heap->drops()) {
    for (void* block : visit->blocks) visit->heap->free(block);
  }
  visit->heap->close();
  visit->trace = nullptr;
}

struct Arguments {
  std::string heap;
  bool touched = false;
  uint32_t switches = 0;
  uint32_t rounds = 0;
  uint32_t seed = 0;
};

class Replay {
 public:
  Replay(const Arguments& arguments, std::vector<Trace> traces)
      : arguments_(arguments), traces_(std::move(traces)), heaps_(traces_.size()) {}

  ~Replay() {
    for (Visit& visit : resident_) leave(&visit);
    for (auto& heap : heaps_) heap.reset();
    if (region_ != nullptr) ep_region_destroy(region_, nullptr);
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  bool prepare() {
    uint64_t sum = 0;
    for (const Trace& trace : traces_) sum += trace.peak_bytes * 6 / 5 + 8 * kChunk;
    if (arguments_.heap == "pool") {
      ep_region_options options = {};
      options.capacity_bytes = sum + 8 * kMib;
      ep_error error = {};
      if (ep_region_create(&options, &region_, &error) != EP_OK) {
        fprintf(stderr, "%s\n", error.message);
        return false;
      }
    }
    for (size_t i = 0; i < traces_.size(); ++i) heaps_[i] = make_heap(traces_[i]);
    return true;
  }

  /** Loads and unloads at random, three models there at a time, nothing timed. */
  bool age() {
    std::mt19937 random(arguments_.seed);
    for (uint32_t i = 0; i < arguments_.switches; ++i) {
      Visit* const visit = &resident_[random() % kResident];
      leave(visit);
      const size_t which = free_trace(random());
      if (!enter(visit, traces_[which], heaps_[which].get())) return false;
      for (const Call& call : visit->trace->calls) {
        if (!perform(visit, call, false)) return false;
      }
    }
    return true;
  }

  // Callgrind counts what happens in here, by its name.
  [[gnu::noinline]] bool time(const Clock& clock) {
    for (uint32_t round = 0; round < arguments_.rounds; ++round) {
      for (size_t i = 0; i < traces_.size(); ++i) {
        if (is_resident(i)) continue;
        Visit visit;
        if (!enter(&visit, traces_[i], heaps_[i].get())) return false;
        for (const Call& call : traces_[i].calls) {
          const uint64_t start = ticks();
          const bool done = perform(&visit, call, arguments_.touched);
          const uint64_t taken = ticks() - start;
          if (!done) return false;
          taken_ns_.push_back(clock.ns(taken));
        }
        leave(&visit);
      }
    }
    return true;
  }

  void tell() {
    std::sort(taken_ns_.begin(), taken_ns_.end());
    double sum = 0;
    for (const double ns : taken_ns_) sum += ns;
    const auto at = [this](double share) {
      return taken_ns_[static_cast<size_t>(share * static_cast<double>(taken_ns_.size() - 1))];
    };
    printf(
        "{\"calls\": %zu, \"mean_ns\": %.2f, \"p50_ns\": %.2f, \"p99_ns\": %.2f, "
        "\"p999_ns\": %.2f, \"worst_ns\": %.2f}\n",
        taken_ns_.size(), sum / static_cast<double>(taken_ns_.size()), at(0.5), at(0.99), at(0.999),
        taken_ns_.back());
  }

 private:
  std::unique_ptr<TestedHeap> make_heap(const Trace& trace) {
    if (arguments_.heap == "pool") return std::make_unique<PoolHeap>(region_);
    if (arguments_.heap == "process") return std::make_unique<ProcessHeap>();
    uint64_t bytes = 0;
    for (const Call& call : trace.calls) bytes += call.bytes + call.alignment + kOrdinaryAlignment;
    return std::make_unique<BumpHeap>(bytes);
  }

  bool is_resident(size_t which) const {
    return std::any_of(resident_.begin(), resident_.end(),
                       [&](const Visit& visit) { return visit.trace == &traces_[which]; });
  }

  size_t free_trace(size_t which) const {
    do {
      which = (which + 1) % traces_.size();
    } while (is_resident(which));
    return which;
  }

  const Arguments arguments_;
  const std::vector<Trace> traces_;
  ep_region* region_ = nullptr;
  std::vector<std::unique_ptr<TestedHeap>> heaps_;
  std::array<Visit, kResident> resident_;
  std::vector<double> taken_ns_;
};

}  // namespace

int main(int count, char** words) {
  const std::string heap = count > 1 ? words[1] : "";
  const std::string touch_word = count > 2 ? words[2] : "";
  const bool known = heap == "pool" || heap == "process" || heap == "bump";
  if (count < 7 || !known || (touch_word != "call" && touch_word != "use")) {
    fprintf(stderr, "usage: %s pool|process|bump call|use SWITCHES ROUNDS SEED TRACE...\n",
            words[0]);
    return 2;
  }
  const auto number = [&](int i) { return static_cast<uint32_t>(strtoul(words[i], nullptr, 10)); };
  const Arguments arguments = {heap, touch_word == "use", number(3), number(4), number(5)};
  std::vector<Trace> traces(static_cast<size_t>(count - 6));
  for (size_t i = 0; i < traces.size(); ++i) {
    if (read_trace(words[6 + i], &traces[i])) continue;
    fprintf(stderr, "%s: no record of allocations\n", words[6 + i]);
    return 1;
  }
  if (arguments.switches > 0 && traces.size() <= kResident) {
    fprintf(stderr, "an aged heap needs more than %zu traces\n", kResident);
    return 2;
  }
  const Clock clock;
  Replay replay(arguments, std::move(traces));
  if (!replay.prepare() || !replay.age() || !replay.time(clock)) {
    fprintf(stderr, "the heap has refused memory\n");
    return 1;
  }
  replay.tell();
  return 0;
}

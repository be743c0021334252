// Models that are parked, packed, sent elsewhere and restored in random order, their memory written
// over meanwhile: they answer as if nothing had been.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>

#include "model.hpp"
#include "model_park.hpp"
#include "process_support.hpp"
#include "runtime_support.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;
constexpr uint64_t kPatienceNs = 2'000'000'000;

/** How often; a longer run is asked for by EP_ROUNDS. */
int rounds(int fewest) {
  const char* given = std::getenv("EP_ROUNDS");
  return given == nullptr ? fewest : std::atoi(given);
}

/** Writes a pattern over every free chunk of the region. */
void overwrite_free_chunks() {
  const uint64_t free = region_stats().unassigned_bytes;
  ep_pool* const other = make_pool("other", free, free);
  void* const block = ep_pool_alloc(other, free - 32768, 16);
  ASSERT_NE(block, nullptr);
  std::memset(block, 0xa5, free - 32768);
  ep_pool_free(other, block);
  destroy_pool(other);
}

class Parked {
 public:
  Parked(const LoadSpec& spec, uint64_t seed) : seed_(seed) {
    pool_ = make_pool("parked", 192 * kMib);
    model_ = load(pool_, spec);
    expected_ = run(model_, seed_, 1);
    if (run(model_, seed_, 1) == expected_) return;
    // It keeps something from run to run: what it answers, one tells that is never parked.
    twin_ = load(nullptr, spec);
    run(twin_, seed_, 1);
    run(twin_, seed_, 1);
  }
  ~Parked() {
    if (twin_ != nullptr) unload(twin_, true);
    unload(model_, true);
    destroy_pool(pool_);
  }
  Parked(const Parked&) = delete;
  Parked& operator=(const Parked&) = delete;

  void park() {
    ep_error error = {};
    ASSERT_EQ(ep_pool_check(pool_, &error), EP_OK) << error.message;
    ASSERT_EQ(ep_model_park(model_, kPatienceNs, &error), EP_OK) << error.message;
  }
  void pack() {
    ep_error error = {};
    ASSERT_EQ(ep_model_pack(model_, &error), EP_OK) << error.message;
  }
  void send_away() {
    ep_error error = {};
    pack();
    sealed_.clear();
    away_.resize(parking().packed_bytes);
    ASSERT_EQ(ep_model_read_packed(model_, 0, away_.data(), away_.size(), &error), EP_OK);
    ASSERT_EQ(ep_model_send_away(model_, &error), EP_OK) << error.message;
  }
  /** As places outside of the process have it. */
  void send_away_sealed(uint32_t place) {
    ep_error error = {};
    pack();
    sealed_.clear();
    place_ = place;
    for (uint32_t number = 0; ep_model_sealed_bytes(model_, number) != 0; ++number) {
      sealed_.emplace_back(ep_model_sealed_bytes(model_, number));
      std::vector<uint8_t>& piece = sealed_.back();
      ASSERT_EQ(ep_model_seal_piece(model_, place, number, piece.data(), piece.size(), &error),
                EP_OK)
          << error.message;
    }
    ASSERT_EQ(ep_model_send_away(model_, &error), EP_OK) << error.message;
  }
  void restore() {
    ep_error error = {};
    for (uint32_t i = 0; i < sealed_.size(); ++i) {
      ASSERT_EQ(
          ep_model_unseal_piece(model_, place_, i, sealed_[i].data(), sealed_[i].size(), &error),
          EP_OK)
          << error.message;
    }
    sealed_.clear();
    if (parking().residence == EP_AWAY) {
      ASSERT_EQ(ep_model_write_packed(model_, 0, away_.data(), away_.size(), &error), EP_OK)
          << error.message;
    }
    ASSERT_EQ(ep_model_restore(model_, &error), EP_OK) << error.message;
    ASSERT_EQ(ep_pool_check(pool_, &error), EP_OK) << error.message;
  }
  void expect_the_same_answer() {
    if (twin_ != nullptr) expected_ = run(twin_, seed_, 1);
    EXPECT_TRUE(run(model_, seed_, 1) == expected_) << model_->name;
  }
  ep_parking parking() const {
    ep_parking parking = {};
    ep_model_get_parking(model_, &parking);
    return parking;
  }
  ep_model* model() const { return model_; }
  ep_pool* pool() const { return pool_; }

 private:
  uint64_t seed_;
  ep_pool* pool_;
  ep_model* model_;
  ep_model* twin_ = nullptr;
  std::string expected_;
  std::vector<uint8_t> away_;
  std::vector<std::vector<uint8_t>> sealed_;
  uint32_t place_ = 0;
};

struct Setting {
  ep_delegate delegate;
  uint32_t threads;
};

class Parking : public testing::TestWithParam<Setting> {};

TEST_P(Parking, ModelsAnswerTheSameAfterTheirMemoryWasOthers) {
  const uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  std::vector<std::string> paths = model_paths();
  // Large models show nothing with more threads, a sanitizer or an emulator that small ones do not.
  const bool large_too =
      std::getenv("EP_ROUNDS") != nullptr ||
      (faults_are_ours() && GetParam().delegate == EP_DELEGATE_AUTO && GetParam().threads == 1);
  if (!large_too) {
    std::erase_if(
        paths, [](const std::string& path) { return std::filesystem::file_size(path) > 2 * kMib; });
  }
  for (size_t first = 0; first < paths.size(); first += 3) {
    std::vector<std::unique_ptr<Parked>> models;
    for (size_t i = first; i < std::min(first + 3, paths.size()); ++i) {
      SCOPED_TRACE(paths[i]);
      const LoadSpec spec = {paths[i], GetParam().delegate, GetParam().threads};
      models.push_back(std::make_unique<Parked>(spec, seed));
    }
    for (int round = 0; round < rounds(2); ++round) {
      SCOPED_TRACE(first);
      std::shuffle(models.begin(), models.end(), random);
      for (const auto& model : models) {
        ASSERT_EQ(ep_region_compress(region(), random() % 3, nullptr), EP_OK);
        model->park();
        const uint64_t way = random() % 4;
        if (way == 1) model->pack();
        if (way == 2) model->send_away();
        if (way == 3) model->send_away_sealed(static_cast<uint32_t>(random() % 2 + 1));
      }
      overwrite_free_chunks();
      std::shuffle(models.begin(), models.end(), random);
      for (const auto& model : models) {
        model->restore();
        model->expect_the_same_answer();
      }
    }
  }
}

std::vector<Setting> settings() {
  std::vector<Setting> all;
  for (const ep_delegate delegate : {EP_DELEGATE_AUTO, EP_DELEGATE_NONE}) {
    all.push_back({delegate, 1});
    // An emulator shows the calls of its own machine, not those that its threads are in.
    if (emulated()) continue;
    all.push_back({delegate, 2});
    all.push_back({delegate, 4});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Settings, Parking, testing::ValuesIn(settings()), [](const auto& info) {
  return std::string(name_of(info.param.delegate)) + "_threads_" +
         std::to_string(info.param.threads);
});

class ParkedModel : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(ep_region_compress(region(), EP_COMPRESSION_NONE, nullptr), EP_OK);
    path_ = shared_model("mobilenet_v1_0.25_128_quant.tflite");
    if (path_.empty()) path_ = repository() + "build/models/tiny_int8.tflite";
  }
  std::string path_;
};

TEST_F(ParkedModel, RefusesEveryCallUntilItIsRestored) {
  Parked parked({path_}, 1);
  parked.park();
  ep_model* const model = parked.model();
  ep_error error = {};
  ep_tensor_info tensor = {};
  uint8_t byte = 0;
  const int32_t shape[] = {1, 128, 128, 3};
  EXPECT_EQ(ep_model_invoke(model, nullptr, &error), EP_E_STATE);
  EXPECT_STREQ(error.message,
               ("model " + file_name(path_) + ": is parked; restore it first").c_str());
  EXPECT_EQ(ep_model_write_input(model, 0, &byte, 1, &error), EP_E_STATE);
  EXPECT_EQ(ep_model_read_output(model, 0, &byte, 1, &error), EP_E_STATE);
  EXPECT_EQ(ep_model_input_info(model, 0, &tensor), EP_E_STATE);
  EXPECT_EQ(ep_model_output_info(model, 0, &tensor), EP_E_STATE);
  EXPECT_EQ(ep_model_resize_input(model, 0, shape, 4, &error), EP_E_STATE);
  EXPECT_EQ(ep_model_park(model, 0, &error), EP_E_STATE);
  EXPECT_EQ(info_of(model).inputs, 1U);
  parked.restore();
  EXPECT_EQ(ep_model_restore(model, &error), EP_E_STATE);
  EXPECT_EQ(ep_model_pack(model, &error), EP_E_STATE);
  parked.expect_the_same_answer();
  EXPECT_EQ(parked.parking().parks, 1U);
  EXPECT_EQ(parked.parking().restores, 1U);
}

TEST_F(ParkedModel, IsUnloadedFromWhereverItIs) {
  for (int packed = 0; packed < 2; ++packed) {
    Parked parked({path_}, 1);
    parked.park();
    if (packed == 1) parked.pack();
  }
  EXPECT_EQ(region_stats().pools, 1U);  // the runtime's
}

TEST_F(ParkedModel, IsNotParkedInTheMiddleOfACall) {
  Parked parked({path_, EP_DELEGATE_NONE, emulated() ? 1U : 2U}, 1);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> done{0};
  std::atomic<uint64_t> kept_out{0};
  std::thread caller([&] {
    while (!stop.load()) {
      const int32_t status = ep_model_invoke(parked.model(), nullptr, nullptr);
      ASSERT_TRUE(status == EP_OK || status == EP_E_STATE);
      (status == EP_OK ? done : kept_out).fetch_add(1);
      // As between two frames: its threads go to sleep now and then.
      const timespec pause = {0, 3'000'000};
      nanosleep(&pause, nullptr);
    }
  });
  uint64_t times = 0;
  uint64_t busy = 0;
  const auto wanted = static_cast<uint64_t>(rounds(emulated() ? 3 : 20));
  while (times < wanted) {
    ep_error error = {};
    const int32_t status = ep_model_park(parked.model(), 0, &error);
    if (status != EP_OK) {
      ASSERT_EQ(status, EP_E_BUSY) << error.message;
      ASSERT_NE(std::strstr(error.message, "try again"), nullptr) << error.message;
      ASSERT_EQ(parked.parking().residence, static_cast<uint32_t>(EP_RESIDENT));
      busy += 1;
      std::this_thread::yield();
      continue;
    }
    parked.send_away();
    parked.restore();
    times += 1;
    // Let it run in between.
    for (const uint64_t before = done.load(); done.load() == before;) std::this_thread::yield();
  }
  stop.store(true);
  caller.join();
  std::printf(
      "%llu runs, %llu refused, %llu times busy\n", static_cast<unsigned long long>(done.load()),
      static_cast<unsigned long long>(kept_out.load()), static_cast<unsigned long long>(busy));
  // The few times of an emulator may each have met a model at rest.
  if (!emulated()) {
    EXPECT_GT(busy, 0U);
  }
  parked.expect_the_same_answer();
}

TEST_F(ParkedModel, WithoutAPoolStaysWhereItIs) {
  ep_model* const model = load(nullptr, {path_});
  ep_error error = {};
  EXPECT_EQ(ep_model_park(model, 0, &error), EP_E_STATE);
  EXPECT_NE(std::strstr(error.message, "no pool"), nullptr) << error.message;
  unload(model, true);
}

/** Stops this process and has it go on again, as a debugger or a frozen control group does: the
 *  kernel wakes every thread for a moment, and those that sleep look at their futex again. */
void stop_and_go_on() {
  const std::string self = std::to_string(getpid());
  const ProcessResult done =
      run_host({"/bin/sh", "-c", "kill -STOP " + self + "; sleep 0.05; kill -CONT " + self});
  ASSERT_EQ(done.exit_status, 0) << done.errors;
}

TEST_F(ParkedModel, SleepsOnWhenTheProcessIsStopped) {
  if (emulated()) return;
  Parked parked({path_, EP_DELEGATE_NONE, 4}, 1);
  for (int away = 0; away < 2; ++away) {
    parked.park();
    EXPECT_EQ(parked.parking().threads, pool_stats(parked.pool()).threads);
    EXPECT_GT(parked.parking().threads, 0U);
    parked.pack();
    if (away == 1) parked.send_away();
    overwrite_free_chunks();
    stop_and_go_on();
    parked.restore();
    parked.expect_the_same_answer();
  }
}

// Threads of the runtime go on looking into the pool for some milliseconds after a run. A pool that
// is taken from them then is a crash, or a thread that nobody can wake any more, on which the next
// run waits for good: this is what the wait is for.
void park_without_waiting(const std::string& path) {
  Parked parked({path, EP_DELEGATE_NONE, 4}, 1);
  constexpr unsigned kStuckSeconds = 10;
  for (int i = 0; i < 200; ++i) {
    alarm(kStuckSeconds);
    invoke(parked.model(), 1);
    ep_error error = {};
    ep::park_idle(parked.model(), {}, &error);
    parked.send_away();
    const timespec pause = {0, 5'000'000};
    nanosleep(&pause, nullptr);
    parked.restore();
  }
  std::_Exit(0);
}

TEST_F(ParkedModel, TakenFromItsThreadsBeforeTheySleepEndsTheProcess) {
  if (emulated()) return;
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(park_without_waiting(path_), "");
}

}  // namespace
}  // namespace ep_test

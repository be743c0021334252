#include "worker.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>

#include "frames_fixture.hpp"
#include "picture_samples.hpp"
#include "pixels.hpp"
#include "runtime_support.hpp"

namespace {

using ep_test::Events;
using ep_test::FramesPool;
using ep_test::kMiB;
using ep_test::Ring;
using ep_test::Source;

constexpr ep_convert_options kAutomatic = {EP_FIT_STRETCH, 1, {}, {}};

/** One of ../shared/models in a pool of its own. */
class Model {
 public:
  explicit Model(const std::string& file) : file_(ep_test::shared_file("models/" + file)) {
    if (file_.empty()) return;
    pool_ = ep_test::make_pool(file.c_str(), 32 * kMiB);
    model_ = ep_test::load(pool_, {file_});
  }
  ~Model() {
    if (file_.empty()) return;
    ep_test::unload(model_, true);
    ep_test::destroy_pool(pool_);
  }
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  bool is_there() const { return !file_.empty(); }
  ep_model* get() const { return model_; }

  /** The index of the largest value of output 0, which is of one byte a value. */
  size_t top() const {
    ep_tensor_info info = {};
    EXPECT_EQ(ep_model_output_info(model_, 0, &info), EP_OK);
    std::vector<uint8_t> bytes(info.bytes);
    EXPECT_EQ(ep_model_read_output(model_, 0, bytes.data(), bytes.size(), nullptr), EP_OK);
    const bool is_signed = info.type == EP_TYPE_INT8;
    const auto less = [is_signed](uint8_t a, uint8_t b) {
      return is_signed ? static_cast<int8_t>(a) < static_cast<int8_t>(b) : a < b;
    };
    return static_cast<size_t>(std::max_element(bytes.begin(), bytes.end(), less) - bytes.begin());
  }

 private:
  std::string file_;
  ep_pool* pool_ = nullptr;
  ep_model* model_ = nullptr;
};

class Worker {
 public:
  explicit Worker(const Events& events) {
    ep_error error = {};
    EXPECT_EQ(ep_worker_create(events.get(), "ep-test", &worker_, &error), EP_OK) << error.message;
  }
  ~Worker() { EXPECT_EQ(ep_worker_destroy(worker_, nullptr), EP_OK); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  int32_t submit(const Model& model, const Ring& ring, const ep_frame& frame, uint64_t tag,
                 ep_error* error = nullptr) {
    return ep_worker_submit(worker_, model.get(), ring.get(), &frame, &kAutomatic, tag, error);
  }

 private:
  ep_worker* worker_ = nullptr;
};

ep_source_options still(const std::string& path, double fps) {
  ep_source_options options = {};
  options.kind = EP_SOURCE_STILL;
  options.fps = fps;
  options.path = path.c_str();
  return options;
}

/** Runs one frame of a picture through a model; the index of its top class. */
size_t top_class(const Model& model, const std::string& picture) {
  FramesPool pool;
  Ring ring(pool.get(), 2, 8 * kMiB);
  Events events(16);
  Worker worker(events);
  Source source(ring, events, still(picture, 5));
  for (;;) {
    for (const ep_event& event : events.next()) {
      if (event.kind == EP_EVENT_FRAME) {
        if (worker.submit(model, ring, event.frame, 5) != EP_OK) {
          ep_ring_release(ring.get(), event.frame.slot);
        }
      } else if (event.kind == EP_EVENT_RESULT) {
        EXPECT_EQ(event.status, EP_OK) << event.message;
        EXPECT_EQ(event.tag, 5u);
        EXPECT_LE(event.frame.captured_ns, event.submitted_ns);
        EXPECT_LE(event.submitted_ns, event.started_ns);
        EXPECT_LT(event.started_ns, event.converted_ns);
        EXPECT_LT(event.converted_ns, event.finished_ns);
        EXPECT_EQ(event.bytes_copied, event.frame.bytes);
        const size_t top = model.top();
        source.stop();
        for (const ep_event& left : events.left()) {
          if (left.kind == EP_EVENT_FRAME) ep_ring_release(ring.get(), left.frame.slot);
        }
        return top;
      }
    }
  }
}

std::string label(size_t index) {
  std::ifstream labels(ep_test::shared_file("models/imagenet_labels.txt"));
  std::string line;
  for (size_t i = 0; i <= index; ++i) std::getline(labels, line);
  return line;
}

TEST(Worker, NamesTheCatInARealPicture) {
  const Model model("tf2_mobilenet_v2_1.0_224_ptq.tflite");
  for (const char* picture : {"media/cat_1080p.jpg", "media/cat_720p.jpg"}) {
    const std::string file = ep_test::shared_file(picture);
    if (!model.is_there() || file.empty()) return;
    EXPECT_EQ(label(top_class(model, file)), "Egyptian cat") << picture;
  }
}

TEST(Worker, SeesAPersonInARealPicture) {
  const Model model("vww_96_int8.tflite");
  const std::string person = ep_test::shared_file("media/grace_hopper.bmp");
  const std::string cat = ep_test::shared_file("media/cat_720p.jpg");
  if (!model.is_there() || person.empty() || cat.empty()) return;
  EXPECT_EQ(top_class(model, person), 1u);
  EXPECT_EQ(top_class(model, cat), 0u);
}

/** A held slot with a pattern in it. */
ep_frame held_frame(const Ring& ring, uint32_t width, uint32_t height) {
  const uint32_t slot = ring.get()->begin_fill();
  ep_frame frame = {};
  frame.width = width;
  frame.height = height;
  frame.pixels = EP_PIXELS_NV12;
  frame.slot = slot;
  frame.number = 1;
  frame.bytes = ep::frame_bytes(EP_PIXELS_NV12, width, height);
  std::memset(ring.get()->pixels(slot), 128, frame.bytes);
  ring.get()->publish(slot);
  return frame;
}

TEST(Worker, IsBusyUntilItHasAnsweredAndReleasesTheSlot) {
  const Model model("vww_96_int8.tflite");
  if (!model.is_there()) return;
  FramesPool pool;
  Ring ring(pool.get(), 4, kMiB);
  Events events(4);
  Worker worker(events);
  const ep_frame first = held_frame(ring, 640, 480);
  const ep_frame second = held_frame(ring, 640, 480);
  ASSERT_EQ(worker.submit(model, ring, first, 1), EP_OK);
  // The second is refused as long as the first is in work, and is taken right after its answer.
  uint64_t answered = 0;
  bool taken = false;
  while (!taken) {
    const int32_t status = worker.submit(model, ring, second, 2);
    taken = status == EP_OK;
    ASSERT_TRUE(taken || status == EP_E_BUSY);
    if (events.readable(0)) answered += events.next().size();
    if (answered == 1 && !taken) {
      taken = worker.submit(model, ring, second, 2) == EP_OK;
      ASSERT_TRUE(taken) << "busy after it has answered";
    }
  }
  while (answered < 2) answered += events.next().size();
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
}

TEST(Worker, FinishesTheFrameInWorkBeforeItEnds) {
  const Model model("vww_96_int8.tflite");
  if (!model.is_there()) return;
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(4);
  {
    Worker worker(events);
    ASSERT_EQ(worker.submit(model, ring, held_frame(ring, 640, 480), 9), EP_OK);
  }
  const std::vector<ep_event> answers = events.left();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].tag, 9u);
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
}

TEST(Worker, RefusesWhatItCannotDoAndLeavesTheHoldWithTheCaller) {
  const Model model("vww_96_int8.tflite");
  const Model sound("dtln_noise_suppression.tflite");
  if (!model.is_there() || !sound.is_there()) return;
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(1);
  Worker worker(events);
  const ep_frame held = held_frame(ring, 640, 480);
  ep_error error = {};
  ep_frame wrong = held;
  wrong.width = 4000;
  EXPECT_EQ(worker.submit(model, ring, wrong, 1, &error), EP_E_ARGUMENT);
  wrong = held;
  wrong.slot = 1;
  EXPECT_EQ(worker.submit(model, ring, wrong, 1, &error), EP_E_STATE);
  EXPECT_EQ(worker.submit(sound, ring, held, 1, &error), EP_E_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("takes a picture"), std::string::npos) << error.message;
  ASSERT_TRUE(events.get()->reserve());
  EXPECT_EQ(worker.submit(model, ring, held, 1, &error), EP_E_BUSY) << "no place for the answer";
  events.get()->cancel();
  EXPECT_EQ(ep_ring_held(ring.get()), 1u);
  EXPECT_EQ(worker.submit(model, ring, held, 1, &error), EP_OK) << error.message;
  EXPECT_EQ(events.next().size(), 1u);
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
}

TEST(Worker, AnswersWithAnErrorWhenTheOptionsAreWrong) {
  const Model model("vww_96_int8.tflite");
  if (!model.is_there()) return;
  FramesPool pool;
  Ring ring(pool.get(), 2, kMiB);
  Events events(4);
  ep_worker* worker = nullptr;
  ASSERT_EQ(ep_worker_create(events.get(), "ep-test", &worker, nullptr), EP_OK);
  const ep_frame frame = held_frame(ring, 640, 480);
  const ep_convert_options no_std = {EP_FIT_STRETCH, 0, {0, 0, 0}, {0, 0, 0}};
  ASSERT_EQ(ep_worker_submit(worker, model.get(), ring.get(), &frame, &no_std, 3, nullptr), EP_OK);
  const std::vector<ep_event> answers = events.next();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status, EP_E_ARGUMENT);
  EXPECT_NE(std::string(answers[0].message).find("std"), std::string::npos);
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
  EXPECT_EQ(ep_worker_destroy(worker, nullptr), EP_OK);
}

TEST(Worker, RefusesNamesTheKernelCannotShow) {
  Events events(1);
  ep_worker* worker = nullptr;
  EXPECT_EQ(ep_worker_create(events.get(), "", &worker, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(ep_worker_create(events.get(), "sixteen-bytes-ab", &worker, nullptr), EP_E_ARGUMENT);
  EXPECT_EQ(worker, nullptr);
}

TEST(Worker, ConvertsOnTheCallingThreadAsTheWorkerDoes) {
  const Model model("vww_96_int8.tflite");
  if (!model.is_there()) return;
  const std::vector<uint8_t> rgb = ep_test::gradient_rgb(96, 96);
  ep_frame frame = {};
  frame.width = frame.height = 96;
  frame.pixels = EP_PIXELS_RGB24;
  ep_error error = {};
  ASSERT_EQ(ep_convert(rgb.data(), &frame, model.get(), 0, &kAutomatic, &error), EP_OK)
      << error.message;
  EXPECT_EQ(ep_convert(rgb.data(), &frame, model.get(), 1, &kAutomatic, &error), EP_E_ARGUMENT);
  EXPECT_EQ(ep_model_invoke(model.get(), nullptr, nullptr), EP_OK);
}

// The steady state of the whole path: camera, three workers, three models, the newest frame wins.
// An emulated frame takes a second, and a sanitizer's faults are not counted: a few are enough
// there.
const uint64_t kSteadyFrames = ep_test::emulated() || !ep_test::kFaultsAreOurs ? 20 : 300;
const uint64_t kWarmFrames = ep_test::emulated() ? 2 : 10;

TEST(Worker, TakesNoPageFaultOver300FramesOnThreeModels) {
  const Model models[] = {Model("tf2_mobilenet_v2_1.0_224_ptq.tflite"), Model("vww_96_int8.tflite"),
                          Model("mobilenet_v1_0.25_128_quant.tflite")};
  const std::string picture = ep_test::shared_file("media/cat_1080p.jpg");
  if (!models[0].is_there() || picture.empty()) return;
  FramesPool pool;
  constexpr uint32_t kSlots = 6;
  constexpr uint64_t kFrameBytes = 1920 * 1080 * 3 / 2;
  Ring ring(pool.get(), kSlots, kFrameBytes);
  Events events(32);
  Worker workers[] = {Worker(events), Worker(events), Worker(events)};
  Source source(ring, events, still(picture, 60));
  uint64_t results[3] = {};
  uint64_t faults = 0;
  uint64_t copied = 0;
  std::vector<double> converted_ms[3];
  const auto receive = [&](const ep_event& event) {
    if (event.kind == EP_EVENT_FRAME) {
      copied += event.bytes_copied;
      for (uint64_t m = 0; m < 3; ++m) {
        ep_ring_retain(ring.get(), event.frame.slot);
        if (workers[m].submit(models[m], ring, event.frame, m) != EP_OK) {
          ep_ring_release(ring.get(), event.frame.slot);
        }
      }
      ep_ring_release(ring.get(), event.frame.slot);
    } else if (event.kind == EP_EVENT_RESULT) {
      EXPECT_EQ(event.status, EP_OK) << event.message;
      if (++results[event.tag] <= kWarmFrames) return;
      faults += event.minor_faults;
      converted_ms[event.tag].push_back(static_cast<double>(event.converted_ns - event.started_ns) /
                                        1e6);
    }
  };
  while (*std::min_element(results, results + 3) < kWarmFrames + kSteadyFrames) {
    for (const ep_event& event : events.next()) receive(event);
  }
  source.stop();
  while (ep_ring_held(ring.get()) > 0) {
    for (const ep_event& event : events.left()) receive(event);
  }
  if (ep_test::kFaultsAreOurs) {
    EXPECT_EQ(faults, 0u);
  }
  // The picture goes into a slot when it is first used, whenever that is; no worker copies it.
  EXPECT_GT(copied, 0u);
  EXPECT_LE(copied, kSlots * kFrameBytes);
  for (std::vector<double>& times : converted_ms) {
    std::sort(times.begin(), times.end());
    std::cout << "conversion from 1920 x 1080: p50 " << times[times.size() / 2] << " ms, p99 "
              << times[times.size() * 99 / 100] << " ms\n";
  }
}

}  // namespace

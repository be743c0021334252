#include "worker.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>

#include "clock.hpp"
#include "convert.hpp"
#include "error.hpp"
#include "model.hpp"
#include "pixels.hpp"

namespace {

constexpr size_t kMostNameBytes = 15;

uint64_t minor_faults_of_thread() {
  rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<uint64_t>(usage.ru_minflt);
}

}  // namespace

ep_worker::~ep_worker() {
  // A job that was submitted before has raised the semaphore before.
  stopping_.store(true);
  sem_post(&wake_);
  thread_.join();
  sem_destroy(&wake_);
}

int32_t ep_worker::start(const char* name, ep_error* error) {
  return thread_.start(
      name, [](void* self) { static_cast<ep_worker*>(self)->run(); }, this, error);
}

int32_t ep_worker::submit(const Job& job, ep_error* error) {
  if (busy_.exchange(true, std::memory_order_acquire)) {
    return ep::fail(error, EP_E_BUSY, "worker: the last frame was not answered yet");
  }
  // From here until it is answered the job keeps its model from being parked.
  const bool inside = job.model->gate.enter();
  const int32_t status = inside ? accept(job, error) : ep::fail_parked(job.model, error);
  if (status != EP_OK) {
    if (inside) job.model->gate.leave();
    busy_.store(false, std::memory_order_release);
    return status;
  }
  job_ = job;
  job_.submitted_ns = ep::now_ns();
  sem_post(&wake_);
  return EP_OK;
}

int32_t ep_worker::accept(const Job& job, ep_error* error) {
  const ep_frame& frame = job.frame;
  const uint64_t bytes = ep::frame_bytes(frame.pixels, frame.width, frame.height);
  if (bytes == 0 || bytes > job.ring->capacity(frame.slot)) {
    return ep::fail(error, EP_E_ARGUMENT,
                    "worker: a frame of %u x %u, format %u does not lie in a slot of %llu bytes",
                    frame.width, frame.height, frame.pixels,
                    static_cast<unsigned long long>(job.ring->capacity(frame.slot)));
  }
  if (!job.ring->is_held(frame.slot)) {
    return ep::fail(error, EP_E_STATE, "worker: slot %u is not held", frame.slot);
  }
  ep_tensor_info input;
  void* tensor = nullptr;
  if (ep::input_tensor(job.model, 0, &input, &tensor) != EP_OK) {
    return ep::fail(error, EP_E_ARGUMENT, "worker: the model has no input");
  }
  const size_t scratch = ep::convert_scratch_bytes(frame, input);
  if (scratch == 0) {
    return ep::fail(error, EP_E_ARGUMENT,
                    "input %.63s is not 1 x height x width x 3 (or 1) of float32, int8 or uint8: "
                    "use a model that takes a picture",
                    input.name);
  }
  if (scratch > scratch_.bytes() || scratch_.pool() != job.ring->pool()) {
    const uint64_t wanted = std::max<uint64_t>(scratch, scratch_.bytes());
    const int32_t status = scratch_.take(job.ring->pool(), wanted, "a worker's rows", error);
    if (status != EP_OK) return status;
  }
  // Last: every failure after this would have to give the place back.
  if (events_->reserve()) return EP_OK;
  return ep::fail(error, EP_E_BUSY, "worker: the event queue is full: drain it, or make it larger");
}

void ep_worker::run() {
  ep::convert_warm_up();
  for (;;) {
    while (sem_wait(&wake_) != 0) {
    }
    if (!busy_.load(std::memory_order_acquire) && stopping_.load()) return;
    answer(job_);
  }
}

void ep_worker::answer(const Job& submitted) {
  const Job job = submitted;
  ep_event event = {};
  event.kind = EP_EVENT_RESULT;
  event.tag = job.tag;
  event.frame = job.frame;
  event.submitted_ns = job.submitted_ns;
  event.bytes_copied = job.ring->content(job.frame.slot)->bytes_copied;
  ep_error error = {};
  const uint64_t faults_before = minor_faults_of_thread();
  event.started_ns = ep::now_ns();
  event.status = work(job, &event, &error);
  job.model->gate.leave();
  event.finished_ns = ep::now_ns();
  event.minor_faults = minor_faults_of_thread() - faults_before;
  if (event.status != EP_OK) {
    std::snprintf(event.message, sizeof event.message, "%.127s", error.message);
  }
  job.ring->release(job.frame.slot);
  // First idle, then the event: whoever reads it may submit at once.
  busy_.store(false, std::memory_order_release);
  events_->push_reserved(event);
}

int32_t ep_worker::work(const Job& job, ep_event* event, ep_error* error) {
  ep_tensor_info input;
  void* tensor = nullptr;
  int32_t status = ep::input_tensor(job.model, 0, &input, &tensor);
  if (status != EP_OK) return ep::fail(error, EP_E_ARGUMENT, "worker: the model has no input");
  status = ep::convert(job.ring->pixels(job.frame.slot), job.frame, job.options, input, tensor,
                       scratch_.data(), scratch_.bytes(), error);
  event->converted_ns = ep::now_ns();
  return status == EP_OK ? ep_model_invoke(job.model, nullptr, error) : status;
}

int32_t ep_worker_create(ep_events* events, const char* name, ep_worker** out, ep_error* error) {
  if (events == nullptr || name == nullptr || out == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "worker: events, name or out is null");
  }
  if (*name == '\0' || std::strlen(name) > kMostNameBytes) {
    return ep::fail(error, EP_E_ARGUMENT, "worker %s: a name has 1 to %zu bytes", name,
                    kMostNameBytes);
  }
  std::unique_ptr<ep_worker> worker(new (std::nothrow) ep_worker(events));
  if (worker == nullptr) return ep::fail(error, EP_E_NO_MEMORY, "worker %s: out of memory", name);
  const int32_t status = worker->start(name, error);
  if (status == EP_OK) *out = worker.release();
  return status;
}

int32_t ep_worker_submit(ep_worker* worker, ep_model* model, ep_ring* ring, const ep_frame* frame,
                         const ep_convert_options* options, uint64_t tag, ep_error* error) {
  if (worker == nullptr || model == nullptr || ring == nullptr || frame == nullptr ||
      options == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "worker: worker, model, ring, frame or options is null");
  }
  return worker->submit({model, ring, *frame, *options, tag, 0}, error);
}

int32_t ep_worker_destroy(ep_worker* worker, ep_error*) {
  delete worker;
  return EP_OK;
}

int32_t ep_worker_thread(ep_worker* worker) { return worker == nullptr ? 0 : worker->thread(); }

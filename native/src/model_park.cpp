#include "model_park.hpp"

#include <unistd.h>

#include <ctime>
#include <mutex>

#include "clock.hpp"
#include "error.hpp"
#include "model.hpp"
#include "pool_state.hpp"
#include "threads.hpp"

namespace ep {
namespace {

// Between two looks at a model that is not idle. Its threads spin for some milliseconds at most.
constexpr long kPauseNs = 200'000;

int32_t check_pooled(const ep_model* model, ep_error* error) {
  if (model == nullptr) return fail(error, EP_E_ARGUMENT, "parking: model is NULL");
  if (model->pool != nullptr) return EP_OK;
  return fail(error, EP_E_STATE, "model %s: has no pool of its own, so it cannot be parked",
              model->name);
}

int32_t check_parkable(const ep_model* model, ep_error* error) {
  const int32_t status = check_pooled(model, error);
  if (status != EP_OK) return status;
  if (model->gate.is_shut()) {
    return fail(error, EP_E_STATE, "model %s: is parked already", model->name);
  }
  if (model->info.delegate == EP_DELEGATE_EXTERNAL) {
    return fail(error, EP_E_STATE,
                "model %s: runs on a delegate of its own, whose threads and devices are not seen; "
                "it cannot be parked",
                model->name);
  }
  return EP_OK;
}

/** Closes the model's gate with nobody inside and every thread of its pool asleep. */
int32_t wait_for_rest(ep_model* model, uint64_t patience_ns, std::vector<Sleeper>* sleepers,
                      ep_error* error) {
  const uint64_t begin = now_ns();
  for (;;) {
    Awake awake;
    if (model->gate.try_close()) {
      awake = look_at_threads(threads_of(model->pool), sleepers);
      if (awake.why == nullptr) return EP_OK;
      model->gate.open();
    }
    if (now_ns() - begin >= patience_ns) {
      if (awake.why == nullptr) {
        return fail(error, EP_E_BUSY, "model %s: not parked, it is in use; try again", model->name);
      }
      return fail(error, EP_E_BUSY, "model %s: not parked, thread %d of it %s; try again",
                  model->name, static_cast<int>(awake.thread), awake.why);
    }
    const timespec pause = {0, kPauseNs};
    nanosleep(&pause, nullptr);
  }
}

}  // namespace

int32_t park_idle(ep_model* model, const std::vector<Sleeper>& sleepers, ep_error* error) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  std::vector<uintptr_t> pages;
  for (const Sleeper& sleeper : sleepers) {
    if (pool_of(reinterpret_cast<const void*>(sleeper.futex)) != model->pool) continue;
    pages.push_back(sleeper.futex & ~(page - 1));
  }
  return model->pool->park(std::move(pages), error);
}

void forget_away(ep_model* model) {
  end_sleeping_threads(model->pool);
  model->graph.forget();
  model->bytes = nullptr;
  model->pool->drop_away();
}

int32_t fail_parked(const ep_model* model, ep_error* error) {
  return fail(error, EP_E_STATE, "model %s: is parked; restore it first", model->name);
}

}  // namespace ep

int32_t ep_model_park(ep_model* model, uint64_t patience_ns, ep_error* error) {
  int32_t status = ep::check_parkable(model, error);
  if (status != EP_OK) return status;
  const uint64_t begin = ep::now_ns();
  std::vector<ep::Sleeper> sleepers;
  status = ep::wait_for_rest(model, patience_ns, &sleepers, error);
  if (status != EP_OK) return status;
  status = ep::park_idle(model, sleepers, error);
  if (status != EP_OK) {
    model->gate.open();
    return status;
  }
  model->gate.shut();
  const std::lock_guard lock(model->parking_lock);
  model->parking.threads = static_cast<uint32_t>(sleepers.size());
  model->parking.parks += 1;
  model->parking.generation = ep::next_number();
  model->parking.park_ns = ep::now_ns() - begin;
  return EP_OK;
}

int32_t ep_model_pack(ep_model* model, ep_error* error) {
  const int32_t status = ep::check_pooled(model, error);
  if (status != EP_OK) return status;
  const uint64_t begin = ep::now_ns();
  ep_parking parking = {};
  model->pool->get_parking(&parking);
  if (parking.residence == EP_PACKED) return EP_OK;
  if (parking.residence != EP_PARKED) {
    return ep::fail(error, EP_E_STATE, "model %s: is not parked", model->name);
  }
  model->pool->pack();
  model->pool->get_parking(&parking);
  if (parking.residence != EP_PACKED) {
    return ep::fail(error, EP_E_STATE,
                    "model %s: sleeping threads keep it whole; give it one thread, or the region "
                    "ordinary pages",
                    model->name);
  }
  const std::lock_guard lock(model->parking_lock);
  model->parking.pack_ns = ep::now_ns() - begin;
  return EP_OK;
}

int32_t ep_model_restore(ep_model* model, ep_error* error) {
  int32_t status = ep::check_pooled(model, error);
  if (status != EP_OK) return status;
  const uint64_t begin = ep::now_ns();
  uint64_t moved_bytes = 0;
  status = model->pool->restore(&moved_bytes, error);
  if (status != EP_OK) return status;
  model->gate.open();
  const std::lock_guard lock(model->parking_lock);
  model->parking.moved_bytes = moved_bytes;
  model->parking.threads = 0;
  model->parking.restores += 1;
  model->parking.restore_ns = ep::now_ns() - begin;
  return EP_OK;
}

void ep_model_get_parking(ep_model* model, ep_parking* out) {
  if (model->pool == nullptr) {
    *out = {};
    return;
  }
  model->pool->get_parking(out);
  const std::lock_guard lock(model->parking_lock);
  const ep_parking& own = model->parking;
  out->threads = own.threads;
  out->generation = own.generation;
  out->parks = own.parks;
  out->restores = own.restores;
  out->park_ns = own.park_ns;
  out->pack_ns = own.pack_ns;
  out->restore_ns = own.restore_ns;
  out->moved_bytes = own.moved_bytes;
}

int32_t ep_model_read_packed(ep_model* model, uint64_t offset_bytes, void* bytes,
                             uint64_t size_bytes, ep_error* error) {
  const int32_t status = ep::check_pooled(model, error);
  return status != EP_OK ? status
                         : model->pool->read_packed(offset_bytes, bytes, size_bytes, error);
}

int32_t ep_model_send_away(ep_model* model, ep_error* error) {
  const int32_t status = ep::check_pooled(model, error);
  return status != EP_OK ? status : model->pool->send_away(error);
}

int32_t ep_model_write_packed(ep_model* model, uint64_t offset_bytes, const void* bytes,
                              uint64_t size_bytes, ep_error* error) {
  const int32_t status = ep::check_pooled(model, error);
  return status != EP_OK ? status
                         : model->pool->write_packed(offset_bytes, bytes, size_bytes, error);
}

// A loaded model: its file's bytes and its graph, both in its pool. This object itself lies outside
// and is the only one that points in.
#pragma once

#include <memory>
#include <vector>

#include "external_delegate.hpp"
#include "gate.hpp"
#include "graph.hpp"
#include "lock.hpp"
#include "seal.hpp"

namespace ep {

/** A piece as it was sealed last. */
struct KnownPiece {
  PieceName name = {};
  Fingerprint fingerprint = {};
  uint64_t parking = 0;  // the generation of the last parking that it is a piece of
};

}  // namespace ep

struct ep_model {
  ep_model(ep_runtime* its_runtime, ep_pool* its_pool)
      : runtime(its_runtime), pool(its_pool), graph(its_runtime, its_pool) {}

  ep_runtime* runtime;
  ep_pool* pool;  // null: unpooled
  char name[64] = {};
  ep::ExternalDelegate external;
  uint8_t* bytes = nullptr;  // the file, 64-byte aligned
  ep::Graph graph;
  ep::GraphOptions graph_options = {};
  ep_model_info info = {};
  ep::Gate gate;                              // shut while it is parked
  const uint64_t number = ep::next_number();  // no two models of the process share it
  ep::Lock parking_lock;                      // of the line below
  ep_parking parking = {};
  std::vector<ep::KnownPiece> pieces;  // by number
};

namespace ep {

/** A call into a model, which keeps it from being parked. */
class ModelCall {
 public:
  explicit ModelCall(ep_model* model) : model_(model), inside_(model && model->gate.enter()) {}
  ~ModelCall() {
    if (inside_) model_->gate.leave();
  }
  ModelCall(const ModelCall&) = delete;
  ModelCall& operator=(const ModelCall&) = delete;

  /** The model is parked: nothing of it may be touched. */
  bool refused() const { return model_ != nullptr && !inside_; }

 private:
  ep_model* model_;
  bool inside_;
};

/** EP_E_STATE: it must be restored first. */
int32_t fail_parked(const ep_model* model, ep_error* error);

/** Input or output tensor `index` with its data, for code that fills or reads it in place, in a
 *  ModelCall. The pointer holds until the model is resized, parked or unloaded. EP_E_ARGUMENT iff
 *  there is none. */
int32_t input_tensor(ep_model* model, uint32_t index, ep_tensor_info* info, void** data);
int32_t output_tensor(ep_model* model, uint32_t index, ep_tensor_info* info, const void** data);

/** A block for the file in the model's pool, or libc's where it has none; null iff refused. */
uint8_t* allocate_file(ep_pool* pool, size_t bytes);
void free_file(ep_model* model);

/** Fills `error` with the last refusal, its three figures included, and returns its status. `when`
 *  says in what it happened ("while loading"). */
int32_t fail_no_memory(ep_error* error, const ep_model& model, const char* when);

}  // namespace ep

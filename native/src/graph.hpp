// One interpreter with its delegate: made, run and deleted in a pool's scope. What may go wrong in
// between is a value here, never an exception.
#pragma once

#include <cstdint>
#include <new>

#include "runtime.hpp"
#include "scope.hpp"

namespace ep {

/** How a call into the runtime ended. */
enum class Outcome {
  kDone,
  kRefused,   // by the runtime; `Graph::message` says why
  kNoMemory,  // an allocation did not fit; `Graph::refusal` says which
};

/** Runs `call` in the scope of `scope`, or outside every scope iff its pool is null. A refusal
 *  seen by any thread of the runtime makes it kNoMemory, also where the call itself went through:
 *  workers cannot fail, they borrow. `call` returns whether the runtime was content. */
template <typename Call>
Outcome run_in_scope(Scope* scope, Call&& call) {
  bool content = false;
  bool unwound = false;
  ep_pool* const pool = scope->pool;
  const bool shared_with_workers = pool != nullptr && pool != scope->fallback;
  if (shared_with_workers) pool_clear_refusal(pool);
  try {
    const Enter enter(pool == nullptr ? nullptr : scope);
    content = call();
  } catch (const std::bad_alloc&) {
    unwound = true;
  }
  // The runtime's pool serves several models at once: what was refused there to a worker is not
  // known to be this call's.
  if (!scope->refused && shared_with_workers && pool_refusal(pool).status != EP_OK) {
    scope->refused = true;
    scope->refusal = pool_refusal(pool);
  }
  if (unwound || scope->refused) return Outcome::kNoMemory;
  return content ? Outcome::kDone : Outcome::kRefused;
}

struct GraphOptions {
  const uint8_t* bytes;  // the file; stays where it is as long as the graph
  uint64_t size_bytes;
  uint32_t threads;
  bool delegated;  // with XNNPACK
  uint32_t xnnpack_flags;
};

class Graph {
 public:
  /** `pool` null: nothing is pooled. Both outlive the graph. */
  Graph(ep_runtime* runtime, ep_pool* pool) : runtime_(runtime), pool_(pool) {}
  ~Graph() { destroy(); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  /** Delegate, interpreter, tensors. On any other outcome than kDone everything made so far is
   *  deleted again, in the order in which the runtime survives it. */
  Outcome build(const GraphOptions& options);
  Outcome invoke(ep_phase phase);
  /** New shape of one input, and tensors for it. */
  Outcome resize(uint32_t index, const int32_t* shape, uint32_t rank);

  /** Deletes the interpreter, then the delegate, waits for the threads started in the pool. */
  void destroy();

  TfLiteInterpreter* interpreter() const { return interpreter_; }
  /** Valid after kNoMemory. The pool is the one that refused. */
  const Refusal& refusal() const { return refusal_; }
  ep_pool* refused_by() const { return refused_by_; }
  /** What the runtime last reported, on one line; empty if nothing. */
  const char* message() const { return message_; }

  struct Times {
    uint64_t delegate_ns = 0;
    uint64_t interpreter_ns = 0;
    uint64_t tensors_ns = 0;
  };
  const Times& times() const { return times_; }

 private:
  Outcome make_delegate(const GraphOptions& options);
  Outcome make_interpreter(const GraphOptions& options);
  Outcome allocate_tensors();
  template <typename Call>
  Outcome run(ep_pool* pool, Call&& call);
  static void report(void* graph, const char* format, va_list arguments);

  ep_runtime* runtime_;
  ep_pool* pool_;
  TfLiteModel* model_ = nullptr;
  TfLiteInterpreterOptions* options_ = nullptr;
  TfLiteInterpreter* interpreter_ = nullptr;
  TfLiteDelegate* delegate_ = nullptr;
  Refusal refusal_ = {};
  ep_pool* refused_by_ = nullptr;
  Times times_;
  char message_[256] = {};
};

/** CLOCK_MONOTONIC. */
uint64_t now_ns();

}  // namespace ep

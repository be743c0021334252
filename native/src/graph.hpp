// One interpreter with its delegate: made, run and deleted in a pool's scope. What may go wrong in
// between is a value here, never an exception.
#pragma once

#include <cstdint>
#include <new>

#include "clock.hpp"
#include "runtime.hpp"
#include "scope.hpp"

namespace ep {

class ExternalDelegate;

/** How a call into the runtime ended. */
enum class Outcome {
  kDone,
  kRefused,   // by the runtime; `Graph::message` says why
  kNoMemory,  // an allocation did not fit; `Graph::refusal` says which
};

/** Runs `call` in the scope of `scope`, or outside every scope iff its pool is null. A refusal
 *  seen by any thread of the runtime makes it kNoMemory, also where the call itself went through:
 *  workers cannot fail, they borrow. `call` returns whether the runtime was content; `unwound` is
 *  set where an exception went through the runtime. */
template <typename Call>
Outcome run_in_scope(Scope* scope, bool* unwound, Call&& call) {
  bool content = false;
  ep_pool* const pool = scope->pool;
  const bool shared_with_workers = pool != nullptr && pool != scope->fallback;
  if (shared_with_workers) pool_clear_refusal(pool);
  try {
    const Enter enter(pool == nullptr ? nullptr : scope);
    content = call();
  } catch (const std::bad_alloc&) {
    *unwound = true;
  }
  // The runtime's pool serves several models at once: what was refused there to a worker is not
  // known to be this call's.
  if (!scope->refused && shared_with_workers && pool_refusal(pool).status != EP_OK) {
    scope->refused = true;
    scope->refusal = pool_refusal(pool);
  }
  if (*unwound || scope->refused) return Outcome::kNoMemory;
  return content ? Outcome::kDone : Outcome::kRefused;
}

struct GraphOptions {
  const uint8_t* bytes;  // the file; stays where it is as long as the graph
  uint64_t size_bytes;
  uint32_t threads;
  bool delegated;  // with XNNPACK, or with `external`
  uint32_t xnnpack_flags;
  ExternalDelegate* external = nullptr;  // instead of XNNPACK; outlives the graph
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
  /** The first run, which may need much that later ones do not. State that a model keeps from run
   *  to run is as before it. On any other outcome than kDone: `destroy`. */
  Outcome warm_up();
  /** A refusal does not harm the graph: what was missing was borrowed for the time of the run. */
  Outcome invoke();
  /** New shape of one input, and tensors for it. On any other outcome than kDone: `destroy`. */
  Outcome resize(uint32_t index, const int32_t* shape, uint32_t rank);

  /** Deletes the interpreter, then the delegate, waits for the threads started in the pool. */
  void destroy();

  /** Its memory is gone: there is nothing to be deleted. None of its threads is left. */
  void forget();

  /** An exception went through the runtime: its blocks stay in the pool until that is dropped. */
  bool must_drop_pool() const { return unwound_; }
  void pool_was_dropped() { unwound_ = false; }

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
  Outcome run(Scope scope, Call&& call);
  Scope dropping_scope() const;
  Scope borrowing_scope(ep_pool* pool) const;
  static int prepare_delegate(void* context, TfLiteDelegate* delegate);
  static void report(void* graph, const char* format, va_list arguments);

  ep_runtime* runtime_;
  ep_pool* pool_;
  TfLiteModel* model_ = nullptr;
  TfLiteInterpreterOptions* options_ = nullptr;
  TfLiteInterpreter* interpreter_ = nullptr;
  TfLiteDelegate* delegate_ = nullptr;
  ExternalDelegate* external_ = nullptr;                      // whose `delegate_` is; null: XNNPACK
  int (*prepare_)(void* context, TfLiteDelegate*) = nullptr;  // the delegate's own
  Refusal refusal_ = {};
  ep_pool* refused_by_ = nullptr;
  Times times_;
  uint64_t prepare_ns_ = 0;
  bool unwound_ = false;
  char message_[256] = {};
};

}  // namespace ep

// The pool that a thread has entered. While a thread is in a scope, every allocation of the runtime
// on it lands in the scope's pool.
//
//   Scope scope{pool, runtime_pool, /*may_throw=*/true};
//   try { Enter enter(&scope); TfLite...(); } catch (const std::bad_alloc&) { ... }
//
// Code of ours that runs inside a scope must not use operator new: it shares libstdc++ with the
// runtime and would allocate in the pool.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "pool.hpp"

namespace ep {

struct Scope {
  ep_pool* pool = nullptr;
  /** Where allocations go that `pool` refuses and that must not fail: the runtime's pool. */
  ep_pool* fallback = nullptr;
  /** A refusal throws std::bad_alloc, which unwinds through the runtime to the ABI function. Only
   *  for calls after which the pool is dropped: code that was not written for exceptions leaves
   *  pointers behind to what it has freed. Never on the runtime's own threads, where nobody would
   *  catch it. Else a refusal is noted and memory is borrowed. */
  bool may_throw = false;
  /** A pool that is about to be dropped: frees on this thread leave it as it is, so that what is
   *  deleted on the way may be deleted twice. */
  ep_pool* dropped = nullptr;
  /** Set by the first refusal on this thread. The call has failed even if it returns. */
  bool refused = false;
  Refusal refusal = {};
};

/** The scope that this thread is in, null outside. Initial-exec, so reading it is one load. */
extern thread_local constinit Scope* current_scope __attribute__((tls_model("initial-exec")));

class Enter {
 public:
  explicit Enter(Scope* scope) : former_(current_scope) { current_scope = scope; }
  ~Enter() { current_scope = former_; }
  Enter(const Enter&) = delete;
  Enter& operator=(const Enter&) = delete;

 private:
  Scope* former_;
};

/** Allocations of the runtime, in some pool and outside every pool. */
struct AllocationCounters {
  std::atomic<uint64_t> pooled{0};
  std::atomic<uint64_t> foreign{0};
  std::atomic<uint64_t> foreign_bytes{0};
};
extern AllocationCounters allocation_counters;

/** Allocates in the scope. Throws std::bad_alloc where the scope's pool refuses and throwing is
 *  safe; else draws on the pool's emergency reserve, then on the fallback, then returns null, and
 *  marks the scope as refused. */
void* scope_allocate(Scope* scope, size_t bytes, size_t alignment);

/** realloc of a block of `owner`, which may be another pool than the scope's: the block stays in
 *  its pool. Null as above. */
void* scope_resize(Scope* scope, ep_pool* owner, void* block, size_t bytes);

}  // namespace ep

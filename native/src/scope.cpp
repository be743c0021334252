#include "scope.hpp"

#include <unwind.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "heap.hpp"

namespace ep {

thread_local constinit Scope* current_scope = nullptr;
AllocationCounters allocation_counters;

namespace {

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* reached) {
  auto* const target = static_cast<uintptr_t*>(reached);
  if (_Unwind_GetCFA(context) < *target) return _URC_NO_REASON;
  *target = 0;
  return _URC_END_OF_STACK;
}

/** Whether an exception thrown here gets as far as the frame that holds the scope: some code of a
 *  runtime has no unwind tables, and throwing through it ends the process. */
bool unwinds_to(const Scope* scope) {
  uintptr_t target = reinterpret_cast<uintptr_t>(scope);
  _Unwind_Backtrace(note_frame, &target);
  return target == 0;
}

/** Whether threads of the runtime may hold on to frames of this thread: they were handed work that
 *  lies on its stack, so it must not unwind under them. */
bool has_helpers(ep_pool* pool) {
  ep_pool_stats stats = {};
  ep_pool_get_stats(pool, &stats);
  return stats.threads > 0;
}

void note_refusal(Scope* scope) {
  if (scope->refused) return;
  scope->refused = true;
  scope->refusal = pool_refusal(scope->pool);
}

/** The exception object comes from libstdc++'s malloc, and what is unwound may allocate: neither
 *  must ask the pool that has just refused. */
[[noreturn]] void leave_and_throw(Scope* scope) {
  scope->may_throw = false;
  scope->pool = scope->fallback;
  throw std::bad_alloc();
}

void throw_if_safe(Scope* scope) {
  note_refusal(scope);
  if (!scope->may_throw || has_helpers(scope->pool) || !unwinds_to(scope)) return;
  leave_and_throw(scope);
}

/** A pool that grows keeps lists of its own, which must not come from the pool. */
void* allocate_outside(void* (*allocate)(ep_pool*, size_t, size_t), ep_pool* pool, size_t bytes,
                       size_t alignment) {
  const Enter outside(nullptr);
  return allocate(pool, bytes, alignment);
}

/** For what must not fail: the pool's reserve, then the fallback. */
void* borrow(const Scope& scope, ep_pool* pool, size_t bytes, size_t alignment) {
  void* block = allocate_outside(pool_allocate_emergency, pool, bytes, alignment);
  if (block != nullptr || scope.fallback == nullptr || scope.fallback == pool) return block;
  return allocate_outside(pool_allocate, scope.fallback, bytes, alignment);
}

}  // namespace

void* scope_allocate(Scope* scope, size_t bytes, size_t alignment) {
  void* block = allocate_outside(pool_allocate, scope->pool, bytes, alignment);
  if (block != nullptr) return block;
  throw_if_safe(scope);
  return borrow(*scope, scope->pool, bytes, alignment);
}

void* scope_resize(Scope* scope, ep_pool* owner, void* block, size_t bytes) {
  void* moved = nullptr;
  {
    const Enter outside(nullptr);
    moved = pool_resize(owner, block, bytes);
  }
  if (moved != nullptr || scope == nullptr) return moved;
  if (owner == scope->pool) throw_if_safe(scope);
  moved = borrow(*scope, owner, bytes, kAlignment);
  if (moved == nullptr) return nullptr;
  const size_t former = pool_usable_bytes(owner, block);
  std::memcpy(moved, block, std::min(former, bytes));
  pool_free(owner, block);
  return moved;
}

}  // namespace ep

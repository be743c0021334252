#include "graph.hpp"

#include <cstdio>
#include <cstring>
#include <new>

#include "external_delegate.hpp"

namespace ep {

namespace {

/** The graph whose interpreter this thread is making: a delegate's Prepare is not told. */
thread_local Graph* making __attribute__((tls_model("initial-exec"))) = nullptr;

}  // namespace

Scope Graph::dropping_scope() const {
  Scope scope = borrowing_scope(pool_);
  scope.may_throw = pool_ != nullptr && pool_ != runtime_->pool;
  return scope;
}

Scope Graph::borrowing_scope(ep_pool* pool) const {
  Scope scope;
  scope.pool = pool;
  scope.fallback = runtime_->pool;
  return scope;
}

template <typename Call>
Outcome Graph::run(Scope scope, Call&& call) {
  ep_pool* const pool = scope.pool;
  const Outcome outcome = run_in_scope(&scope, &unwound_, std::forward<Call>(call));
  if (outcome == Outcome::kNoMemory) {
    refusal_ = scope.refusal;
    refused_by_ = pool;
  }
  return outcome;
}

/** Called by the runtime in the middle of its work, in the pool's scope: nothing here allocates. */
void Graph::report(void* graph, const char* format, va_list arguments) {
  char* const message = static_cast<Graph*>(graph)->message_;
  constexpr size_t kSize = sizeof(message_);
  size_t length = strlen(message);
  if (length + 3 >= kSize) return;
  if (length > 0) length += static_cast<size_t>(snprintf(message + length, kSize - length, "; "));
  vsnprintf(message + length, kSize - length, format, arguments);
  for (char* at = message; *at != '\0'; ++at) {
    if (*at == '\n' || *at == '\r') *at = ' ';
  }
  for (length = strlen(message); length > 0 && message[length - 1] == ' '; --length) {
    message[length - 1] = '\0';
  }
}

Outcome Graph::build(const GraphOptions& options) {
  message_[0] = '\0';
  Outcome outcome = options.delegated ? make_delegate(options) : Outcome::kDone;
  if (outcome == Outcome::kDone) outcome = make_interpreter(options);
  if (outcome == Outcome::kDone) outcome = allocate_tensors();
  if (outcome != Outcome::kDone) destroy();
  return outcome;
}

/** In the runtime's pool: a delegate's thread pool must not lie in a pool that is dropped while a
 *  thread of it still looks at its state. */
Outcome Graph::make_delegate(const GraphOptions& options) {
  const uint64_t start = now_ns();
  external_ = options.external;
  if (external_ != nullptr) {
    if (pool_ != nullptr) pool_set_phase(pool_, EP_PHASE_DELEGATE);
    // It is not known to survive an exception: what does not fit is borrowed, and fails afterwards.
    const Outcome made = run(borrowing_scope(pool_), [&] {
      delegate_ = external_->create();
      return delegate_ != nullptr;
    });
    if (delegate_ == nullptr) snprintf(message_, sizeof message_, "%s", external_->message());
    times_.delegate_ns += now_ns() - start;
    return made;
  }
  const XnnpackOptions xnnpack(runtime_->version.c_str(), options.threads, options.xnnpack_flags);
  if (pool_ != nullptr) pool_set_phase(pool_, EP_PHASE_DELEGATE);
  const Outcome outcome = run(borrowing_scope(pool_ == nullptr ? nullptr : runtime_->pool), [&] {
    delegate_ = runtime_->api.xnnpack_create(&xnnpack);
    return delegate_ != nullptr;
  });
  times_.delegate_ns += now_ns() - start;
  return outcome;
}

/** Packing weights is the delegate's work, though it happens while the interpreter is made. */
int Graph::prepare_delegate(void* context, TfLiteDelegate* delegate) {
  Graph* const graph = making;
  const uint64_t start = now_ns();
  if (graph->pool_ != nullptr) pool_set_phase(graph->pool_, EP_PHASE_DELEGATE);
  const int status = graph->prepare_(context, delegate);
  if (graph->pool_ != nullptr) pool_set_phase(graph->pool_, EP_PHASE_INTERPRETER);
  graph->prepare_ns_ += now_ns() - start;
  return status;
}

Outcome Graph::make_interpreter(const GraphOptions& options) {
  const uint64_t start = now_ns();
  auto* const head = reinterpret_cast<DelegateHead*>(delegate_);
  prepare_ns_ = 0;
  if (head != nullptr) {
    making = this;
    prepare_ = head->prepare;
    head->prepare = prepare_delegate;
  }
  const TfLiteApi& api = runtime_->api;
  if (pool_ != nullptr) pool_set_phase(pool_, EP_PHASE_INTERPRETER);
  const Outcome outcome = run(dropping_scope(), [&] {
    model_ = api.model_create(options.bytes, options.size_bytes);
    if (model_ == nullptr) return false;
    options_ = api.options_create();
    if (options_ == nullptr) return false;
    api.options_set_threads(options_, static_cast<int32_t>(options.threads));
    api.options_set_reporter(options_, report, this);
    if (delegate_ != nullptr) api.options_add_delegate(options_, delegate_);
    interpreter_ = api.interpreter_create(model_, options_);
    return interpreter_ != nullptr;
  });
  if (head != nullptr) head->prepare = prepare_;
  times_.delegate_ns += prepare_ns_;
  times_.interpreter_ns += now_ns() - start - prepare_ns_;
  return outcome;
}

Outcome Graph::allocate_tensors() {
  const uint64_t start = now_ns();
  if (pool_ != nullptr) pool_set_phase(pool_, EP_PHASE_TENSORS);
  const Outcome outcome = run(
      dropping_scope(), [&] { return runtime_->api.allocate_tensors(interpreter_) == kTfLiteOk; });
  times_.tensors_ns += now_ns() - start;
  return outcome;
}

Outcome Graph::warm_up() {
  if (pool_ != nullptr) pool_set_phase(pool_, EP_PHASE_FIRST_INVOKE);
  const TfLiteApi& api = runtime_->api;
  return run(dropping_scope(), [&] {
    if (api.invoke(interpreter_) != kTfLiteOk) return false;
    return api.reset_variables == nullptr || api.reset_variables(interpreter_) == kTfLiteOk;
  });
}

Outcome Graph::invoke() {
  if (pool_ != nullptr) pool_set_phase(pool_, EP_PHASE_INVOKE);
  return run(borrowing_scope(pool_),
             [&] { return runtime_->api.invoke(interpreter_) == kTfLiteOk; });
}

Outcome Graph::resize(uint32_t index, const int32_t* shape, uint32_t rank) {
  message_[0] = '\0';
  const Outcome outcome = run(dropping_scope(), [&] {
    return runtime_->api.resize_input(interpreter_, static_cast<int32_t>(index), shape,
                                      static_cast<int32_t>(rank)) == kTfLiteOk;
  });
  return outcome == Outcome::kDone ? allocate_tensors() : outcome;
}

void Graph::destroy() {
  if (model_ == nullptr && delegate_ == nullptr) return;
  const TfLiteApi& api = runtime_->api;
  if (pool_ != nullptr) pool_set_phase(pool_, EP_PHASE_UNLOAD);
  Scope scope = borrowing_scope(unwound_ ? runtime_->pool : pool_);
  scope.dropped = unwound_ ? pool_ : nullptr;
  {
    const Enter enter(pool_ == nullptr ? nullptr : &scope);
    if (interpreter_ != nullptr) api.interpreter_delete(interpreter_);
    if (delegate_ != nullptr && external_ != nullptr) {
      external_->destroy(delegate_);
    } else if (delegate_ != nullptr) {
      api.xnnpack_delete(delegate_);
    }
    if (options_ != nullptr) api.options_delete(options_);
    if (model_ != nullptr) api.model_delete(model_);
  }
  forget();
  if (pool_ != nullptr) pool_wait_threads(pool_);
}

void Graph::forget() {
  interpreter_ = nullptr;
  delegate_ = nullptr;
  options_ = nullptr;
  model_ = nullptr;
}

}  // namespace ep

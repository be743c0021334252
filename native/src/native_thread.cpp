#include "native_thread.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "error.hpp"
#include "threads.hpp"

namespace ep {

int32_t NativeThread::start(const char* name, void (*body)(void*), void* context, ep_error* error) {
  std::snprintf(name_, sizeof name_, "%s", name);
  body_ = body;
  context_ = context;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  // Signals are the app's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  errno = pthread_create(&thread_, &attributes, run, this);
  const int created = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  running_ = created == 0;
  errno = created;
  return running_ ? EP_OK : fail_errno(error, "pthread_create", name_);
}

void NativeThread::join() {
  if (!running_) return;
  pthread_join(thread_, nullptr);
  running_ = false;
}

int32_t NativeThread::id() const {
  if (!running_) return 0;
  id_.wait(0);
  return id_.load();
}

void* NativeThread::run(void* self) {
  NativeThread* const thread = static_cast<NativeThread*>(self);
  thread->id_.store(gettid());
  thread->id_.notify_all();
  touch_stack();
  touch_heap();
  register_current_thread(thread->name_);
  thread->body_(thread->context_);
  return nullptr;
}

}  // namespace ep

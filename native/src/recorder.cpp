#include "recorder.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <system_error>

#include "error.hpp"
#include "y4m.hpp"
#include "y4m_planes.hpp"

namespace {

constexpr char kFrameLine[] = "FRAME\n";
constexpr uint64_t kFrameLineBytes = sizeof kFrameLine - 1;
constexpr double kLeastFps = 0.1;
constexpr double kMostFps = 240;

using ull = unsigned long long;

bool same_shape(const ep_frame& a, const ep_frame& b) {
  return a.width == b.width && a.height == b.height && a.pixels == b.pixels;
}

}  // namespace

int32_t ep_recorder::start(ep_error* error) {
  waiting_.reserve(most_waiting_);
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor_ < 0) {
    const int number = errno;
    ep::fail(error, EP_E_FILE,
             number == EEXIST ? "record %s: exists already: name another file, or remove it"
                              : "record %s: cannot be made: %s",
             path_.c_str(), strerrordesc_np(number));
    if (error != nullptr) error->system_errno = number;
    return EP_E_FILE;
  }
  // Signals are the app's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int32_t status = EP_OK;
  try {
    // Not counted among the threads that run the stream, which never wait for it.
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& failure) {
    status =
        ep::fail(error, EP_E_SYSTEM, "record %s: no thread: %s", path_.c_str(), failure.what());
    stop();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

/** Under the mutex. */
int32_t ep_recorder::refuse(int32_t status, ep_error* error) {
  ++stats_.dropped;
  if (status == EP_E_BUSY) {
    return ep::fail(error, EP_E_BUSY, "record %s: the disk is behind: frames are left out",
                    path_.c_str());
  }
  if (status == EP_E_STATE) return ep::fail(error, EP_E_STATE, "%s", stats_.message);
  return ep::fail(error, EP_E_ARGUMENT,
                  "record %s: frames of another size or format than the first, %ux%u, are left out",
                  path_.c_str(), first_.width, first_.height);
}

int32_t ep_recorder::offer(const ep_frame& frame, ep_error* error) {
  {
    const std::lock_guard lock(mutex_);
    if (stats_.state == EP_RECORDER_FULL || stopping_) {
      return ep::fail(error, EP_E_STATE, "%s", stats_.message);
    }
    if (stats_.state == EP_RECORDER_FAILED) return refuse(EP_E_STATE, error);
    if (!ep::fits_y4m(frame)) return refuse(EP_E_ARGUMENT, error);
    if (first_.bytes == 0) first_ = frame;
    if (!same_shape(frame, first_)) return refuse(EP_E_ARGUMENT, error);
    if (waiting_.size() == most_waiting_) return refuse(EP_E_BUSY, error);
    if (!ring_->retain(frame.slot)) {
      return ep::fail(error, EP_E_ARGUMENT, "record %s: slot %u is not held", path_.c_str(),
                      frame.slot);
    }
    waiting_.push_back(frame);
  }
  changed_.notify_one();
  return EP_OK;
}

void ep_recorder::run() {
  pthread_setname_np(pthread_self(), "ep-record");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    // Stays in the queue while it is written: it has its slot for as long.
    const ep_frame frame = waiting_.front();
    const bool on = stats_.state == EP_RECORDER_ON;
    lock.unlock();
    if (on) record(frame);
    ring_->release(frame.slot);
    lock.lock();
    if (!on && stats_.state == EP_RECORDER_FAILED) ++stats_.dropped;
    waiting_.erase(waiting_.begin());
  }
}

void ep_recorder::record(const ep_frame& frame) {
  ep_recorder_stats stats;
  get_stats(&stats);
  std::string header;
  if (stats.frames == 0) {
    header = ep::write_y4m_header({frame.width, frame.height, frame.pixels, fps_});
  }
  const uint64_t more = header.size() + kFrameLineBytes + frame.bytes;
  if (stats.bytes + more > max_bytes_) {
    char why[128];
    std::snprintf(why, sizeof why, "is full: it holds %llu frames in %llu of at most %llu bytes",
                  ull{stats.frames}, ull{stats.bytes}, ull{max_bytes_});
    end(EP_RECORDER_FULL, why);
    return;
  }
  const bool whole =
      put(header.data(), header.size()) && put(kFrameLine, kFrameLineBytes) && put_frame(frame);
  const int number = errno;
  if (whole) {
    const std::lock_guard lock(mutex_);
    ++stats_.frames;
    stats_.bytes += more;
    return;
  }
  // Where this fails the file is cut short in its last frame, which whoever reads it will see.
  [[maybe_unused]] const int cut = ftruncate(descriptor_, static_cast<off_t>(stats.bytes));
  char why[128];
  std::snprintf(why, sizeof why, "cannot be written after %llu frames: %s", ull{stats.frames},
                strerrordesc_np(number));
  end(EP_RECORDER_FAILED, why);
}

bool ep_recorder::put_frame(const ep_frame& frame) {
  const uint8_t* const pixels = ring_->pixels(frame.slot);
  if (ep::is_planar(frame.pixels)) return put(pixels, frame.bytes);
  try {
    planes_.resize(frame.bytes);
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
    return false;
  }
  ep::to_planes(pixels, frame, planes_.data());
  return put(planes_.data(), frame.bytes);
}

bool ep_recorder::put(const void* bytes, uint64_t count) {
  const uint8_t* from = static_cast<const uint8_t*>(bytes);
  while (count > 0) {
    const ssize_t done = write(descriptor_, from, count);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return false;
    from += done;
    count -= static_cast<uint64_t>(done);
  }
  return true;
}

void ep_recorder::end(ep_recorder_state state, const char* why) {
  const std::lock_guard lock(mutex_);
  stats_.state = state;
  if (state == EP_RECORDER_FAILED) ++stats_.dropped;
  std::snprintf(stats_.message, sizeof stats_.message, "record %.100s: %s", path_.c_str(), why);
}

void ep_recorder::get_stats(ep_recorder_stats* out) {
  const std::lock_guard lock(mutex_);
  *out = stats_;
}

void ep_recorder::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (descriptor_ < 0) return;
  close(descriptor_);
  descriptor_ = -1;
  if (stats_.frames == 0) unlink(path_.c_str());
}

int32_t ep_recorder_start(ep_ring* ring, const ep_recorder_options* options, ep_recorder** out,
                          ep_error* error) {
  if (ring == nullptr || options == nullptr || options->path == nullptr || out == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "record: ring, options, path or out is null");
  }
  if (!(options->fps >= kLeastFps && options->fps <= kMostFps) || options->max_bytes == 0 ||
      options->waiting == 0 || options->waiting > ep_recorder::kMostWaiting) {
    return ep::fail(
        error, EP_E_ARGUMENT,
        "record %s: %g fps, %llu bytes, %u waiting: must be 0.1 to 240, 1 or more, 1 to "
        "%u",
        options->path, options->fps, ull{options->max_bytes}, options->waiting,
        ep_recorder::kMostWaiting);
  }
  try {
    auto recorder = std::make_unique<ep_recorder>(ring, *options);
    const int32_t status = recorder->start(error);
    if (status == EP_OK) *out = recorder.release();
    return status;
  } catch (const std::exception& failure) {
    return ep::fail(error, EP_E_NO_MEMORY, "record: cannot be started: %s", failure.what());
  }
}

int32_t ep_recorder_offer(ep_recorder* recorder, const ep_frame* frame, ep_error* error) {
  if (recorder == nullptr || frame == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "record: recorder or frame is null");
  }
  return recorder->offer(*frame, error);
}

void ep_recorder_get_stats(ep_recorder* recorder, ep_recorder_stats* out) {
  recorder->get_stats(out);
}

int32_t ep_recorder_stop(ep_recorder* recorder, ep_error*) {
  if (recorder != nullptr) recorder->stop();
  return EP_OK;
}

void ep_recorder_destroy(ep_recorder* recorder) { delete recorder; }

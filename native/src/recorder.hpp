// Keeps the frames of a ring in a file, from their slots, on a thread of its own.
//
//   app     offer: retain the slot, queue the frame; a full queue is a counted drop, never a wait
//   thread  write the frame, release the slot
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "edgepool.h"
#include "ring.hpp"

struct ep_recorder {
 public:
  static constexpr uint32_t kMostWaiting = 64;

  ep_recorder(ep_ring* ring, const ep_recorder_options& options)
      : ring_(ring),
        path_(options.path),
        fps_(options.fps),
        max_bytes_(options.max_bytes),
        most_waiting_(options.waiting) {}
  ~ep_recorder() { stop(); }
  ep_recorder(const ep_recorder&) = delete;
  ep_recorder& operator=(const ep_recorder&) = delete;

  int32_t start(ep_error* error);
  int32_t offer(const ep_frame& frame, ep_error* error);
  void get_stats(ep_recorder_stats* out);
  void stop();

 private:
  int32_t refuse(int32_t status, ep_error* error);
  void run();
  void record(const ep_frame& frame);
  bool put_frame(const ep_frame& frame);
  bool put(const void* bytes, uint64_t count);
  void end(ep_recorder_state state, const char* why);

  ep_ring* const ring_;
  const std::string path_;
  const double fps_;
  const uint64_t max_bytes_;
  const uint32_t most_waiting_;

  std::thread thread_;
  int descriptor_ = -1;          // the thread's while it runs
  std::vector<uint8_t> planes_;  // of one frame

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<ep_frame> waiting_;
  ep_frame first_ = {};  // its size and format are those of the file
  ep_recorder_stats stats_ = {};
  bool stopping_ = false;
};

// What the tests of frames share: a region with a pool for frames, a queue of events, pictures.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "edgepool.h"
#include "runtime_support.hpp"

namespace ep_test {

// A sanitizer touches pages of its own shadow as the program goes.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kFaultsAreOurs = false;
#else
inline constexpr bool kFaultsAreOurs = true;
#endif

inline constexpr uint64_t kMiB = uint64_t{1} << 20;

/** A region of one pool named "frames". */
class FramesPool {
 public:
  explicit FramesPool(uint64_t pool_bytes = 48 * kMiB, uint64_t region_bytes = 64 * kMiB) {
    ep_error error = {};
    ep_region_options region = {};
    region.capacity_bytes = region_bytes;
    region.pages = EP_PAGES_ORDINARY;
    EXPECT_EQ(ep_region_create(&region, &region_, &error), EP_OK) << error.message;
    ep_pool_options pool = {};
    pool.name = "frames";
    pool.quota_bytes = pool_bytes;
    // Nothing yet: the ring's slots have windows of their own, and share the quota.
    EXPECT_EQ(ep_pool_create(region_, &pool, &pool_, &error), EP_OK) << error.message;
  }
  ~FramesPool() {
    ep_error error = {};
    ep_pool_stats stats;
    ep_pool_get_stats(pool_, &stats);
    EXPECT_EQ(stats.live_blocks, 0u) << "a block of the frames pool was left behind";
    EXPECT_EQ(ep_pool_destroy(pool_, &error), EP_OK) << error.message;
    EXPECT_EQ(ep_region_destroy(region_, &error), EP_OK) << error.message;
  }
  FramesPool(const FramesPool&) = delete;
  FramesPool& operator=(const FramesPool&) = delete;

  ep_region* region() const { return region_; }
  ep_pool* get() const { return pool_; }

 private:
  ep_region* region_ = nullptr;
  ep_pool* pool_ = nullptr;
};

class Ring {
 public:
  Ring(ep_pool* pool, uint32_t slots, uint64_t slot_bytes) {
    ep_error error = {};
    EXPECT_EQ(ep_ring_create(pool, slots, slot_bytes, &ring_, &error), EP_OK) << error.message;
  }
  ~Ring() {
    ep_error error = {};
    EXPECT_EQ(ep_ring_destroy(ring_, &error), EP_OK) << error.message;
  }
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ep_ring* get() const { return ring_; }

 private:
  ep_ring* ring_ = nullptr;
};

/** A queue and the end of its pipe, as an app holds them. */
class Events {
 public:
  explicit Events(uint32_t capacity) {
    ep_error error = {};
    EXPECT_EQ(ep_events_create(capacity, &events_, &read_fd_, &error), EP_OK) << error.message;
  }
  ~Events() {
    ep_events_destroy(events_);
    close_reader();
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  ep_events* get() const { return events_; }
  int read_fd() const { return read_fd_; }

  void close_reader() {
    if (read_fd_ >= 0) close(read_fd_);
    read_fd_ = -1;
  }

  bool readable(int timeout_ms) const {
    pollfd descriptor = {read_fd_, POLLIN, 0};
    return poll(&descriptor, 1, timeout_ms) == 1;
  }

  /** Waits for the pipe, empties it, then drains: what an event loop does. Empty iff 10 s pass. */
  std::vector<ep_event> next(uint32_t most = 64) const {
    if (!readable(10000)) {
      ADD_FAILURE() << "no event within 10 s";
      return {};
    }
    char bytes[64];
    while (read(read_fd_, bytes, sizeof bytes) > 0) {
    }
    std::vector<ep_event> drained(most);
    drained.resize(ep_events_drain(events_, drained.data(), most));
    return drained;
  }

  /** What is there now, without waiting. */
  std::vector<ep_event> left() {
    std::vector<ep_event> drained(64);
    drained.resize(ep_events_drain(events_, drained.data(), 64));
    return drained;
  }

 private:
  ep_events* events_ = nullptr;
  int read_fd_ = -1;
};

/** A running source; stopped on the way out. */
class Source {
 public:
  Source(const Ring& ring, const Events& events, const ep_source_options& options) {
    ep_error error = {};
    EXPECT_EQ(ep_source_start(ring.get(), events.get(), &options, &source_, &error), EP_OK)
        << error.message;
  }
  ~Source() { stop(); }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  void stop() {
    EXPECT_EQ(ep_source_stop(source_, nullptr), EP_OK);
    source_ = nullptr;
  }

 private:
  ep_source* source_ = nullptr;
};

/** A folder that goes away with everything in it. */
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "edgepool-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

  std::string write(const std::string& name, const std::vector<uint8_t>& bytes) const {
    std::ofstream out(file(name), std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    return file(name);
  }

 private:
  std::filesystem::path path_;
};

/** A file beside the checkout that the product does not ship; empty iff it is not there, which is a
 *  failure where CI=true and else one line that names what was not run. */
inline std::string shared_file(const std::string& name) {
  const std::string file = repository() + "/../shared/" + name;
  if (std::filesystem::exists(file)) return file;
  const char* const ci = std::getenv("CI");
  if (ci != nullptr && std::string(ci) == "true") {
    ADD_FAILURE() << "../shared/" << name << " is missing";
  } else {
    std::cout << "not run, ../shared/" << name
              << " is missing: " << testing::UnitTest::GetInstance()->current_test_info()->name()
              << "\n";
  }
  return {};
}

}  // namespace ep_test

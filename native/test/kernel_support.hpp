// What the running kernel says about this process's memory.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cinttypes>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "memory_support.hpp"

namespace ep_test {

/** One entry of /proc/self/smaps. */
struct Mapping {
  uintptr_t begin;
  uintptr_t end;
  std::string permissions;
  std::string path;
  std::map<std::string, uint64_t> kib;
  std::string flags;  // as ` dc dd ` with spaces around each

  bool has_flag(const std::string& flag) const {
    return flags.find(" " + flag + " ") != std::string::npos;
  }
};

inline std::vector<Mapping> mappings() {
  std::vector<Mapping> all;
  std::ifstream file("/proc/self/smaps");
  for (std::string line; std::getline(file, line);) {
    uintptr_t begin = 0;
    uintptr_t end = 0;
    char permissions[8] = {};
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %7s", &begin, &end, permissions) ==
        3) {
      const size_t slash = line.find('/');
      all.push_back(
          {begin, end, permissions, slash == std::string::npos ? "" : line.substr(slash), {}, ""});
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == std::string::npos || all.empty()) continue;
    const std::string key = line.substr(0, colon);
    if (key == "VmFlags") {
      all.back().flags = line.substr(colon + 1) + " ";
    } else {
      std::istringstream(line.substr(colon + 1)) >> all.back().kib[key];
    }
  }
  return all;
}

/** Those of regions' memory: the master and the windows' runs. */
inline std::vector<Mapping> region_mappings() {
  std::vector<Mapping> found;
  for (const Mapping& mapping : mappings()) {
    if (mapping.path.find("memfd:edgepool") != std::string::npos) found.push_back(mapping);
  }
  return found;
}

inline int open_files() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (readdir(directory) != nullptr) count += 1;
  closedir(directory);
  return count;
}

/** Path of the region's memfd under /proc/self/fd, empty iff there is none. */
inline std::string region_file() {
  for (int fd = 0; fd < 1024; ++fd) {
    char target[256] = {};
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    if (readlink(path.c_str(), target, sizeof target - 1) < 0) continue;
    if (std::strstr(target, "memfd:edgepool") != nullptr) return path;
  }
  return "";
}

inline uint64_t minor_faults() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return static_cast<uint64_t>(usage.ru_minflt);
}

/** Runs `body` in a child process. Its exit status, or minus the signal that killed it. */
inline int in_child(const std::function<int()>& body) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const int status = body();
    std::fflush(nullptr);
    _exit(status);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

inline bool write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

/** Reserves huge pages for the time it lives. */
class HugePages {
 public:
  explicit HugePages(uint64_t pages) : before_(total()), wanted_(before_ + pages) {
    set_total(wanted_);
    reserved_ = total() >= wanted_;
  }
  ~HugePages() { set_total(before_); }
  HugePages(const HugePages&) = delete;
  HugePages& operator=(const HugePages&) = delete;

  bool reserved() const { return reserved_; }
  /** So many of them are ordinary memory from now on. Whether the kernel could do that. */
  bool give(uint64_t pages) const {
    set_total(wanted_ - pages);
    return total() == wanted_ - pages;
  }
  static uint64_t free() { return read("free_hugepages"); }

 private:
  static std::string file(const char* name) {
    return std::string("/sys/kernel/mm/hugepages/hugepages-2048kB/") + name;
  }
  static uint64_t read(const char* name) {
    uint64_t found = 0;
    std::ifstream(file(name)) >> found;
    return found;
  }
  static uint64_t total() { return read("nr_hugepages"); }
  static void set_total(uint64_t pages) { write_file(file("nr_hugepages"), std::to_string(pages)); }

  uint64_t before_;
  uint64_t wanted_;
  bool reserved_ = false;
};

/** For a test that needs a right which this machine does not give: fails where CI is to run
 *  everything, else says what was not run. */
inline void not_run(const char* what) {
  const char* ci = std::getenv("CI");
  if (ci != nullptr && std::strcmp(ci, "true") == 0) {
    FAIL() << "not run: " << what;
  }
  std::printf("not run here: %s\n", what);
}

}  // namespace ep_test

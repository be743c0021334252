#include "limits.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace ep {
namespace {

// Where a control group hierarchy with memory limits is mounted, and the process's place in it.
struct Hierarchy {
  bool version2;
  std::string mount_point;
  std::string mounted_root;
};

struct GroupFiles {
  const char* maximum;
  const char* current;
  const char* idle_cache_key;
};

constexpr GroupFiles kVersion2{"memory.max", "memory.current", "inactive_file "};
constexpr GroupFiles kVersion1{"memory.limit_in_bytes", "memory.usage_in_bytes",
                               "total_inactive_file "};

// False iff there is no number; the word `max` is none.
bool read_number(const std::string& path, uint64_t* out) {
  std::ifstream file(path);
  return static_cast<bool>(file >> *out);
}

// The number behind `key`, which stands at the start of a line.
bool read_keyed(const std::string& path, const std::string& key, uint64_t* out) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    return static_cast<bool>(std::istringstream(line.substr(key.size())) >> *out);
  }
  return false;
}

bool has_word(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

// proc_pid_mountinfo(5): the optional fields end with a lone hyphen.
std::vector<Hierarchy> mounted_hierarchies(const std::string& root) {
  std::vector<Hierarchy> found;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent, device, mounted_root, mount_point, word, type, source, options;
    words >> id >> parent >> device >> mounted_root >> mount_point;
    while (words >> word && word != "-") continue;
    words >> type >> source >> options;
    if (type == "cgroup2") found.push_back({true, mount_point, mounted_root});
    if (type == "cgroup" && has_word(options, "memory")) {
      found.push_back({false, mount_point, mounted_root});
    }
  }
  return found;
}

// cgroups(7): `hierarchy-id:controllers:path`; version 2 has id 0 and no controllers.
std::string own_group(const std::string& root, bool version2) {
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool matches = version2 ? line.compare(0, first, "0") == 0 && controllers.empty()
                                  : has_word(controllers, "memory");
    if (matches) return line.substr(second + 1);
  }
  return "/";
}

void tighten(Limit* limit, uint64_t available, const std::string& name) {
  if (available >= limit->available_bytes) return;
  limit->available_bytes = available;
  std::snprintf(limit->name, sizeof limit->name, "%s", name.c_str());
}

void read_group(const std::string& root, const std::string& directory, const GroupFiles& files,
                Limit* limit) {
  const std::string at = root + directory + "/";
  uint64_t maximum = 0;
  uint64_t current = 0;
  if (!read_number(at + files.maximum, &maximum) || !read_number(at + files.current, &current)) {
    return;
  }
  uint64_t idle_cache = 0;
  read_keyed(at + "memory.stat", files.idle_cache_key, &idle_cache);
  const uint64_t used = current - std::min(current, idle_cache);
  tighten(limit, maximum - std::min(maximum, used), directory + "/" + files.maximum);
}

void read_hierarchy(const std::string& root, const Hierarchy& hierarchy, Limit* limit) {
  const GroupFiles& files = hierarchy.version2 ? kVersion2 : kVersion1;
  std::string path = own_group(root, hierarchy.version2);
  // A container may see only a part of the tree: the path then starts above what is mounted.
  const std::string& top = hierarchy.mounted_root;
  if (top != "/" && path.compare(0, top.size(), top) == 0) path.erase(0, top.size());
  if (path.find("/..") != std::string::npos) path.clear();
  while (!path.empty() && path != "/") {
    read_group(root, hierarchy.mount_point + path, files, limit);
    path.erase(path.rfind('/'));
  }
  read_group(root, hierarchy.mount_point, files, limit);
}

}  // namespace

Limit nearest_limit(const char* root) {
  Limit limit{UINT64_MAX, "no limit"};
  const std::string from = root;
  uint64_t kib = 0;
  if (read_keyed(from + "/proc/meminfo", "MemAvailable:", &kib)) {
    tighten(&limit, kib * 1024, "MemAvailable in /proc/meminfo");
  }
  for (const Hierarchy& hierarchy : mounted_hierarchies(from)) {
    read_hierarchy(from, hierarchy, &limit);
  }
  return limit;
}

uint64_t free_huge_pages(const char* root) {
  const std::string directory = std::string(root) + "/sys/kernel/mm/hugepages/hugepages-2048kB/";
  uint64_t free = 0;
  uint64_t reserved = 0;
  if (!read_number(directory + "free_hugepages", &free)) return 0;
  read_number(directory + "resv_hugepages", &reserved);
  return free - std::min(free, reserved);
}

uint64_t max_map_count(const char* root) {
  uint64_t count = 0;
  const bool known = read_number(std::string(root) + "/proc/sys/vm/max_map_count", &count);
  return known ? count : 65530;
}

}  // namespace ep

// How limits are read, from trees of files in the kernel's own formats: what a board, a container
// and both versions of control groups show.
#include "limits.hpp"

#include <filesystem>
#include <fstream>
#include <string>

#include "memory_support.hpp"

namespace {

using namespace ep_test;

/** A directory that stands for the root of a system. */
class Tree {
 public:
  Tree() {
    std::string name = std::filesystem::temp_directory_path() / "edgepool_XXXXXX";
    root_ = mkdtemp(name.data());
    write("/proc/meminfo", "MemTotal: 4000000 kB\nMemFree: 1000 kB\nMemAvailable: 1048576 kB\n");
  }
  ~Tree() { std::filesystem::remove_all(root_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void group(const std::string& path, const std::string& max, uint64_t current) const {
    write(path + "/memory.max", max + "\n");
    write(path + "/memory.current", std::to_string(current) + "\n");
  }
  ep::Limit limit() const { return ep::nearest_limit(root_.c_str()); }
  const char* root() const { return root_.c_str(); }

 private:
  std::string root_;
};

constexpr const char* kVersion2 =
    "22 1 0:20 / /proc rw - proc proc rw\n"
    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(Limits, AreMemAvailableWithoutControlGroups) {
  const Tree tree;
  EXPECT_EQ(tree.limit().available_bytes, 1024 * kMib);
  EXPECT_STREQ(tree.limit().name, "MemAvailable in /proc/meminfo");
}

TEST(Limits, OfEveryGroupAboveTheProcessCount) {
  const Tree tree;
  tree.write("/proc/self/mountinfo", kVersion2);
  tree.write("/proc/self/cgroup", "0::/system.slice/edgepool.service\n");
  tree.group("/sys/fs/cgroup/system.slice/edgepool.service", "max", 5 * kMib);
  tree.group("/sys/fs/cgroup/system.slice", std::to_string(300 * kMib), 100 * kMib);
  EXPECT_EQ(tree.limit().available_bytes, 200 * kMib);
  EXPECT_STREQ(tree.limit().name, "/sys/fs/cgroup/system.slice/memory.max");
  tree.group("/sys/fs/cgroup/system.slice/edgepool.service", std::to_string(50 * kMib), 5 * kMib);
  EXPECT_EQ(tree.limit().available_bytes, 45 * kMib);
  EXPECT_STREQ(tree.limit().name, "/sys/fs/cgroup/system.slice/edgepool.service/memory.max");
  tree.group("/sys/fs/cgroup", std::to_string(10 * kMib), 11 * kMib);
  EXPECT_EQ(tree.limit().available_bytes, 0u) << "used beyond the maximum is none left";
}

TEST(Limits, CachedFilesThatNobodyUsesDoNotCount) {
  const Tree tree;
  tree.write("/proc/self/mountinfo", kVersion2);
  tree.write("/proc/self/cgroup", "0::/a\n");
  tree.group("/sys/fs/cgroup/a", std::to_string(100 * kMib), 90 * kMib);
  tree.write("/sys/fs/cgroup/a/memory.stat",
             "anon 10\ninactive_file " + std::to_string(60 * kMib) + "\nactive_file 7\n");
  EXPECT_EQ(tree.limit().available_bytes, 70 * kMib);
}

TEST(Limits, OfVersionOneAreFoundBesideVersionTwo) {
  const Tree tree;
  tree.write("/proc/self/mountinfo",
             std::string(kVersion2) +
                 "35 31 0:32 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                 "36 31 0:33 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  tree.write("/proc/self/cgroup", "9:cpu:/x\n4:memory:/user/one\n0::/\n");
  tree.write("/sys/fs/cgroup/memory/user/memory.limit_in_bytes", std::to_string(80 * kMib));
  tree.write("/sys/fs/cgroup/memory/user/memory.usage_in_bytes", std::to_string(30 * kMib));
  tree.write("/sys/fs/cgroup/memory/user/memory.stat",
             "inactive_file 5\ntotal_inactive_file " + std::to_string(10 * kMib) + "\n");
  EXPECT_EQ(tree.limit().available_bytes, 60 * kMib);
  EXPECT_STREQ(tree.limit().name, "/sys/fs/cgroup/memory/user/memory.limit_in_bytes");
}

TEST(Limits, OfAContainerThatSeesOnlyItsOwnGroupAreRead) {
  const Tree tree;
  tree.write("/proc/self/mountinfo",
             "30 23 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  tree.group("/sys/fs/cgroup", std::to_string(64 * kMib), 14 * kMib);
  for (const char* own : {"0::/docker/abc\n", "0::/\n", "0::/../other\n"}) {
    tree.write("/proc/self/cgroup", own);
    EXPECT_EQ(tree.limit().available_bytes, 50 * kMib) << own;
  }
}

TEST(Limits, HugePagesThatAreReservedAreNotFree) {
  const Tree tree;
  EXPECT_EQ(ep::free_huge_pages(tree.root()), 0u);
  tree.write("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "10\n");
  EXPECT_EQ(ep::free_huge_pages(tree.root()), 10u);
  tree.write("/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "4\n");
  EXPECT_EQ(ep::free_huge_pages(tree.root()), 6u);
}

TEST(Limits, OfMappingsFallBackToTheKernelsDefault) {
  const Tree tree;
  EXPECT_EQ(ep::max_map_count(tree.root()), 65530u);
  tree.write("/proc/sys/vm/max_map_count", "1000\n");
  EXPECT_EQ(ep::max_map_count(tree.root()), 1000u);
}

}  // namespace

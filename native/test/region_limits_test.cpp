// The limits of the machine, as it enforces them: real control groups, a real limit on locked
// memory, real huge pages. Needs root; run by another user it says what it left out.
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kernel_support.hpp"

namespace {

using namespace ep_test;

/** A control group of its own with a limit on memory, in whichever version the machine has. */
class MemoryGroup {
 public:
  explicit MemoryGroup(const std::string& parent, const std::string& name, uint64_t limit_bytes)
      : path_(parent + "/" + name) {
    const bool version1 = access((parent + "/memory.limit_in_bytes").c_str(), F_OK) == 0;
    made_ = mkdir(path_.c_str(), 0755) == 0;
    const char* file = version1 ? "/memory.limit_in_bytes" : "/memory.max";
    usable_ = made_ && write_file(path_ + file, std::to_string(limit_bytes));
  }
  ~MemoryGroup() {
    if (made_) rmdir(path_.c_str());
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  /** The top of the memory hierarchy. */
  static std::string top() {
    const std::string version1 = "/sys/fs/cgroup/memory";
    return access((version1 + "/memory.limit_in_bytes").c_str(), F_OK) == 0 ? version1
                                                                            : "/sys/fs/cgroup";
  }

  bool usable() const { return usable_; }
  const std::string& path() const { return path_; }
  /** Moves the calling process in. */
  bool enter() const { return write_file(path_ + "/cgroup.procs", std::to_string(getpid())); }

 private:
  std::string path_;
  bool made_ = false;
  bool usable_ = false;
};

/** Creates a region in a child inside the group: its status, or minus the signal that killed it. */
int create_in_group(const MemoryGroup& group, uint64_t capacity_bytes, std::string* message) {
  int channel[2];
  EXPECT_EQ(pipe(channel), 0);
  const int status = in_child([&] {
    if (!group.enter()) return 99;
    ep_region* region = nullptr;
    ep_error error{};
    const ep_region_options options = region_options(capacity_bytes);
    const int32_t result = ep_region_create(&options, &region, &error);
    if (write(channel[1], error.message, std::strlen(error.message)) < 0) return 98;
    if (result == EP_OK) std::memset(&error, 0, sizeof error);
    return static_cast<int>(result);
  });
  close(channel[1]);
  char text[1024] = {};
  EXPECT_GE(read(channel[0], text, sizeof text - 1), 0);
  close(channel[0]);
  *message = text;
  return status;
}

TEST(RegionLimits, LargerThanTheControlGroupAllowsIsRefusedAndNeverKilled) {
  const uint64_t limit = 64 * kMib;
  const MemoryGroup outer(MemoryGroup::top(), "edgepool_test_" + std::to_string(getpid()), limit);
  if (!outer.usable()) {
    not_run("a region in a memory control group: none can be made here");
    return;
  }
  int made = 0;
  int refused = 0;
  for (uint64_t capacity = limit / 2; capacity <= 2 * limit; capacity += 2 * kMib) {
    std::string message;
    const int status = create_in_group(outer, capacity, &message);
    ASSERT_TRUE(status == EP_OK || status == EP_E_NO_MEMORY)
        << capacity / kMib << " MiB: status " << status << " " << message;
    (status == EP_OK ? made : refused) += 1;
    if (status == EP_OK) continue;
    EXPECT_NE(message.find(outer.path()), std::string::npos) << message;
  }
  EXPECT_GT(made, 10) << "most of the group's memory can be had";
  EXPECT_GT(refused, 30);
}

TEST(RegionLimits, TheLimitOfAGroupAboveCountsToo) {
  const std::string name = "edgepool_test_" + std::to_string(getpid());
  const MemoryGroup outer(MemoryGroup::top(), name, 64 * kMib);
  write_file(outer.path() + "/cgroup.subtree_control", "+memory");
  const MemoryGroup inner(outer.path(), "inner", 1024 * kMib);
  if (!inner.usable()) {
    not_run("a region in nested memory control groups: none can be made here");
    return;
  }
  std::string message;
  EXPECT_EQ(create_in_group(inner, 128 * kMib, &message), EP_E_NO_MEMORY);
  EXPECT_NE(message.find(name + "/memory."), std::string::npos) << message;
  EXPECT_EQ(create_in_group(inner, 32 * kMib, &message), EP_OK) << message;
}

/** Lends memory of a region, uses it otherwise and takes back what there is, in a child inside the
 *  group: the status of that, 97 and more where something else went wrong. */
int take_back_in_group(const MemoryGroup& group) {
  return in_child([&] {
    if (!group.enter()) return 99;
    const RegionHandle region = make_region(32 * kMib);
    if (ep_region_lend(region.get(), 16 * kMib, nullptr) != EP_OK) return 98;
    auto used = std::make_unique<std::vector<char>>(24 * kMib, 1);
    ep_error error{};
    const int32_t refused = ep_region_take_back(region.get(), 16 * kMib, &error);
    const uint64_t lent = stats_of(region).lent_bytes;
    if (lent == 0 || lent % (2 * kMib) != 0) return 97;
    if (std::strstr(error.message, "to be taken back") == nullptr) return 97;
    used.reset();
    if (ep_region_take_back(region.get(), lent, nullptr) != EP_OK) return 96;
    return stats_of(region).lent_bytes == 0 ? static_cast<int>(refused) : 95;
  });
}

TEST(RegionLimits, WhatIsLentComesBackWhenItsMemoryIsFreeAndIsRefusedBefore) {
  const std::string name = "edgepool_test_" + std::to_string(getpid());
  const MemoryGroup group(MemoryGroup::top(), name, 56 * kMib);
  if (!group.usable()) {
    not_run("taking memory back in a memory control group: none can be made here");
    return;
  }
  EXPECT_EQ(take_back_in_group(group), EP_E_NO_MEMORY);
}

/** Gives up every privilege over locked memory in the calling process. */
bool drop_lock_privilege() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  data[0].effective &= ~(1u << CAP_IPC_LOCK);
  data[0].permitted &= ~(1u << CAP_IPC_LOCK);
  return syscall(SYS_capset, &header, data) == 0;
}

int create_with_lock_limit(uint64_t limit_bytes, ep_lock lock) {
  return in_child([&] {
    const rlimit limit{limit_bytes, limit_bytes};
    if (!drop_lock_privilege() || setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 99;
    ep_region* region = nullptr;
    ep_error error{};
    ep_region_options options = region_options(8 * kMib);
    options.lock = lock;
    const int32_t status = ep_region_create(&options, &region, &error);
    if (status == EP_E_MEMLOCK) {
      const bool named = std::strstr(error.message, "RLIMIT_MEMLOCK allows 1.0 MiB") != nullptr;
      if (!named || error.available_bytes != limit_bytes || !region_mappings().empty()) return 98;
      return static_cast<int>(EP_E_MEMLOCK);
    }
    if (status != EP_OK) return 97;
    ep_region_stats stats{};
    ep_region_get_stats(region, &stats);
    return stats.locked != 0 ? 1 : 0;
  });
}

TEST(RegionLimits, ASmallLimitOnLockedMemoryRefusesWhereRequiredAndOnlyShowsWherePreferred) {
  EXPECT_EQ(create_with_lock_limit(1 * kMib, EP_LOCK_REQUIRED), EP_E_MEMLOCK);
  EXPECT_EQ(create_with_lock_limit(1 * kMib, EP_LOCK_PREFERRED), 0);
  // A lower hard limit cannot be raised without privilege, so this one fits from the start.
  rlimit own{};
  getrlimit(RLIMIT_MEMLOCK, &own);
  if (own.rlim_max < 8 * kMib) {
    not_run("locking inside the limit: the limit is below 8 MiB");
    return;
  }
  EXPECT_EQ(create_with_lock_limit(8 * kMib, EP_LOCK_REQUIRED), 1);
}

TEST(RegionLimits, HugePagesServeTheRegionWhereEnoughAreReserved) {
  const HugePages pages(8);
  if (!pages.reserved()) {
    not_run("a region of huge pages: none can be reserved here");
    return;
  }
  for (const ep_pages mode : {EP_PAGES_HUGETLB, EP_PAGES_AUTO}) {
    ep_region_options options = region_options(16 * kMib);
    options.pages = mode;
    options.lock = EP_LOCK_REQUIRED;
    const RegionHandle region = make_region(options);
    EXPECT_EQ(stats_of(region).page_bytes, 2 * kMib);
    EXPECT_EQ(stats_of(region).locked, 1) << "huge pages are never swapped";
    const PoolHandle a = make_pool(region, "a", 6 * kMib, 100);
    const PoolHandle b = make_pool(region, "b", 8 * kMib, 5 * kMib);
    EXPECT_EQ(stats_of(a).chunk_bytes, 2 * kMib);
    EXPECT_EQ(stats_of(a).mapped_bytes, 2 * kMib);
    EXPECT_EQ(stats_of(b).mapped_bytes, 6 * kMib);
    void* block = ep_pool_alloc(a.get(), 5 * kMib, 64);
    ASSERT_NE(block, nullptr);
    fill(block, 5 * kMib, 5);
    EXPECT_EQ(stats_of(region).unassigned_bytes, 4 * kMib);
    EXPECT_EQ(ep_region_map(region.get(), nullptr, 0), 1024u);
    EXPECT_EQ(region_mappings().size(), stats_of(region).mappings + 1);
    ASSERT_EQ(ep_pool_grow(a.get(), 6 * kMib, nullptr), EP_OK);
    ASSERT_EQ(ep_pool_trim(b.get(), 0, nullptr), EP_OK);
    ASSERT_EQ(ep_pool_grow(b.get(), 4 * kMib, nullptr), EP_OK);
    ASSERT_EQ(ep_pool_grow(b.get(), 8 * kMib, nullptr), EP_OK);
    EXPECT_EQ(region_mappings().size(), stats_of(region).mappings + 1);
    EXPECT_TRUE(filled(block, 5 * kMib, 5));
    expect_sound(a);
    ep_pool_free(a.get(), block);
    EXPECT_EQ(ep_pool_trim(a.get(), 0, nullptr), EP_OK);
    EXPECT_EQ(stats_of(a).mapped_bytes, 2 * kMib);
  }
}

TEST(RegionLimits, TooFewHugePagesAreARefusalOrOrdinaryPages) {
  const HugePages pages(2);
  ep_region_options options = region_options(1024 * kMib);
  options.pages = EP_PAGES_HUGETLB;
  ep_region* region = nullptr;
  ep_error error{};
  EXPECT_EQ(ep_region_create(&options, &region, &error), EP_E_NO_MEMORY);
  EXPECT_NE(std::strstr(error.message, "vm.nr_hugepages"), nullptr) << error.message;
  options.capacity_bytes = 8 * kMib;
  options.pages = EP_PAGES_AUTO;
  EXPECT_LT(stats_of(make_region(options)).page_bytes, 2 * kMib);
}

}  // namespace

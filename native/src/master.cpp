#include "master.hpp"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "error.hpp"
#include "limits.hpp"

#ifndef MADV_POPULATE_WRITE  // Linux 5.14; not yet in Debian 12's headers for every target
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE  // Linux 6.1
#define MADV_COLLAPSE 25
#endif

namespace ep {
namespace {

constexpr size_t kDefaultStepBytes = size_t{16} << 20;
constexpr double kMib = 1024.0 * 1024.0;

// What taking memory costs beside the memory: page tables and the kernel's own records, charged to
// the same control group, and what the kernel hands out to each processor in batches.
uint64_t with_kernel_costs(uint64_t bytes) {
  const uint64_t costs = bytes / 256 + (uint64_t{2} << 20);
  return bytes > UINT64_MAX - costs ? UINT64_MAX : bytes + costs;
}

int32_t too_large(ep_error* error, uint64_t asked, uint64_t available, const char* limit) {
  return fail(error, EP_E_NO_MEMORY, {asked, available, available},
              "region: %.1f MiB requested, %.1f MiB available (limit: %s); "
              "lower region.capacity_mb or free memory",
              static_cast<double>(asked) / kMib, static_cast<double>(available) / kMib, limit);
}

void touch(char* address, size_t bytes) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (size_t at = 0; at < bytes; at += page) {
    // Writes without changing what is there.
    __atomic_fetch_or(address + at, 0, __ATOMIC_RELAXED);
  }
}

// Asks for huge pages whatever the system's setting for shared memory is, which is `never` by
// default. The kernel collapses only what has a page already. What it does not collapse (an older
// kernel, no free huge page) is populated with ordinary pages afterwards.
void collapse(char* address, size_t bytes) {
  for (size_t at = 0; at < bytes; at += kExtentBytes) {
    if (!populate(address + at, static_cast<size_t>(sysconf(_SC_PAGESIZE)))) return;
  }
  madvise(address, bytes, MADV_COLLAPSE);
}

// Most of the mapping at `base` by huge pages: `ShmemPmdMapped` of its entry in smaps.
bool mapped_huge(const char* base, size_t bytes) {
  char start[32];
  std::snprintf(start, sizeof start, "%" PRIxPTR "-", reinterpret_cast<uintptr_t>(base));
  std::ifstream file("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, std::string(start).size(), start) == 0) inside = true;
    if (!inside || line.compare(0, 15, "ShmemPmdMapped:") != 0) continue;
    uint64_t kib = 0;
    std::istringstream(line.substr(15)) >> kib;
    return kib * 1024 > bytes / 2;
  }
  return false;
}

}  // namespace

bool populate(void* address, size_t bytes) {
  int result = 0;
  do {
    result = madvise(address, bytes, MADV_POPULATE_WRITE);
  } while (result != 0 && (errno == EINTR || errno == EAGAIN));
  if (result == 0) return true;
  if (errno != EINVAL) return false;
  touch(static_cast<char*>(address), bytes);  // A kernel before 5.14.
  return true;
}

Master::~Master() { give_back(); }

void Master::give_back() {
  if (base_ != nullptr) munmap(base_, bytes_);
  if (fd_ >= 0) close(fd_);
  base_ = nullptr;
  fd_ = -1;
}

int32_t Master::check_room(const ep_region_options& options, uint64_t capacity_bytes,
                           ep_error* error) {
  const uint64_t free_huge = free_huge_pages("") * kExtentBytes;
  if (options.pages != EP_PAGES_ORDINARY && free_huge >= capacity_bytes) return EP_OK;
  if (options.pages == EP_PAGES_HUGETLB) {
    return too_large(error, capacity_bytes, free_huge, "free 2 MiB pages, vm.nr_hugepages");
  }
  const Limit limit = nearest_limit("");
  if (with_kernel_costs(capacity_bytes) <= limit.available_bytes) return EP_OK;
  return too_large(error, capacity_bytes, limit.available_bytes, limit.name);
}

int32_t Master::take(const ep_region_options& options, uint64_t capacity_bytes, ep_error* error) {
  bytes_ = capacity_bytes;
  if (options.pages == EP_PAGES_HUGETLB) return attempt(options, true, error);
  // Someone else, or a limit of a control group, may be in the way of huge pages that are free.
  const bool try_huge =
      options.pages == EP_PAGES_AUTO && free_huge_pages("") * kExtentBytes >= bytes_;
  if (try_huge && attempt(options, true, nullptr) == EP_OK) return EP_OK;
  return attempt(options, false, error);
}

int32_t Master::attempt(const ep_region_options& options, bool hugetlb, ep_error* error) {
  const size_t step =
      options.populate_step_bytes == 0 ? kDefaultStepBytes : options.populate_step_bytes;
  int32_t status = open(hugetlb, error);
  if (status == EP_OK) {
    collapsed_ = !hugetlb && options.pages == EP_PAGES_AUTO;
    if (!hugetlb) madvise(base_, bytes_, collapsed_ ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    const size_t rounded = (step + kExtentBytes - 1) / kExtentBytes * kExtentBytes;
    status = populate_in_steps(rounded, error);
  }
  if (status == EP_OK) status = lock(options.lock, error);
  if (status != EP_OK) {
    give_back();
    return status;
  }
  transparent_huge_ = !hugetlb_ && mapped_huge(base_, bytes_);
  return EP_OK;
}

int32_t Master::open(bool hugetlb, ep_error* error) {
  const unsigned flags =
      MFD_CLOEXEC | MFD_ALLOW_SEALING | (hugetlb ? MFD_HUGETLB | MFD_HUGE_2MB : 0);
  fd_ = memfd_create("edgepool", flags);
  if (fd_ < 0) return fail_errno(error, "memfd_create", "region");
  hugetlb_ = hugetlb;
  if (ftruncate(fd_, static_cast<off_t>(bytes_)) != 0) {
    return fail_errno(error, "ftruncate", "region");
  }
  if (fcntl(fd_, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
    return fail_errno(error, "fcntl(F_ADD_SEALS)", "region");
  }
  return map(error);
}

// Starts at a multiple of an extent, where a huge page can: reserved with one extent more, of
// which what is left over goes back.
int32_t Master::map(ep_error* error) {
  void* raw = mmap(nullptr, bytes_ + kExtentBytes, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (raw == MAP_FAILED) return fail_errno(error, "mmap", "region: reserving addresses");
  char* const start = static_cast<char*>(raw);
  const size_t lead =
      (kExtentBytes - reinterpret_cast<uintptr_t>(raw) % kExtentBytes) % kExtentBytes;
  if (lead != 0) munmap(start, lead);
  munmap(start + lead + bytes_, kExtentBytes - lead);
  base_ = start + lead;
  if (mmap(base_, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd_, 0) == MAP_FAILED) {
    return fail_errno(error, "mmap", "region");
  }
  madvise(base_, bytes_, MADV_DONTFORK);
  madvise(base_, bytes_, MADV_DONTDUMP);
  return EP_OK;
}

int32_t Master::populate_in_steps(size_t step_bytes, ep_error* error) {
  for (size_t done = 0; done < bytes_;) {
    const size_t rest = bytes_ - done;
    if (!hugetlb_) {
      const Limit limit = nearest_limit("");
      if (limit.available_bytes < with_kernel_costs(rest)) {
        return too_large(error, bytes_, done + limit.available_bytes, limit.name);
      }
    }
    const size_t bytes = std::min(step_bytes, rest);
    if (collapsed_) collapse(base_ + done, bytes);
    if (!populate(base_ + done, bytes)) {
      if (errno == ENOMEM || errno == EFAULT) {
        return too_large(error, bytes_, done, "the kernel refused while populating");
      }
      return fail_errno(error, "madvise(MADV_POPULATE_WRITE)", "region");
    }
    done += bytes;
  }
  return EP_OK;
}

bool Master::give_extent(uint64_t offset) {
  return fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                   static_cast<off_t>(kExtentBytes)) == 0;
}

int32_t Master::room_to_retake(ep_error* error) {
  const Limit limit = nearest_limit("");
  if (limit.available_bytes >= with_kernel_costs(kExtentBytes)) return EP_OK;
  return fail(error, EP_E_NO_MEMORY, {kExtentBytes, limit.available_bytes, limit.available_bytes},
              "region: %.1f MiB to be taken back, %.1f MiB available (limit: %s); free memory",
              static_cast<double>(kExtentBytes) / kMib,
              static_cast<double>(limit.available_bytes) / kMib, limit.name);
}

// The file has the page before anybody touches it: an access that finds none ends the process.
int32_t Master::retake_huge_page(uint64_t offset, ep_error* error) {
  int result = 0;
  do {
    result = fallocate(fd_, 0, static_cast<off_t>(offset), static_cast<off_t>(kExtentBytes));
  } while (result != 0 && errno == EINTR);
  if (result == 0) return EP_OK;
  if (errno != ENOSPC && errno != ENOMEM) return fail_errno(error, "fallocate", "region");
  const uint64_t free = free_huge_pages("") * kExtentBytes;
  return fail(error, EP_E_NO_MEMORY, {kExtentBytes, free, free},
              "region: %.1f MiB to be taken back, %.1f MiB of huge pages free (limit: "
              "vm.nr_hugepages, or hugetlb of the control group); raise it",
              static_cast<double>(kExtentBytes) / kMib, static_cast<double>(free) / kMib);
}

// The mapping is still locked, and what is populated in it is locked with it.
int32_t Master::retake_extent(uint64_t offset, ep_error* error) {
  int32_t status = hugetlb_ ? retake_huge_page(offset, error) : room_to_retake(error);
  if (status != EP_OK) return status;
  char* const address = base_ + offset;
  if (collapsed_) collapse(address, kExtentBytes);
  if (populate(address, kExtentBytes)) return EP_OK;
  status = fail_errno(error, "madvise(MADV_POPULATE_WRITE)", "region");
  give_extent(offset);
  return status;
}

int32_t Master::lock(uint32_t mode, ep_error* error) {
  if (mode == EP_LOCK_OFF) return EP_OK;
  // hugetlb pages are never swapped nor reclaimed, and mlock passes them over.
  locked_ = hugetlb_ || mlock(base_, bytes_) == 0;
  if (locked_ || mode == EP_LOCK_PREFERRED) return EP_OK;
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  return fail(error, EP_E_MEMLOCK, {bytes_, limit.rlim_cur, limit.rlim_cur},
              "region: %.1f MiB to be locked, RLIMIT_MEMLOCK allows %.1f MiB; raise the limit "
              "(ulimit -l, LimitMEMLOCK=) or set region.lock to preferred",
              static_cast<double>(bytes_) / kMib, static_cast<double>(limit.rlim_cur) / kMib);
}

}  // namespace ep

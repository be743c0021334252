// The region's memory itself: a sealed memfd and the one mapping of all of it, which populates it
// and holds the lock. Pools map their runs from the same file.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

inline constexpr size_t kExtentBytes = size_t{2} << 20;

/** Makes every page of a shared mapping present and writable in the page tables, so that no later
 *  access faults. False with errno set iff the kernel cannot. */
bool populate(void* address, size_t bytes);

class Master {
 public:
  Master() = default;
  ~Master();
  Master(const Master&) = delete;
  Master& operator=(const Master&) = delete;

  /** Whether the limits leave room now; `capacity_bytes` may be any number. */
  static int32_t check_room(const ep_region_options& options, uint64_t capacity_bytes,
                            ep_error* error);
  /** Takes all of it or, with an error, nothing. `capacity_bytes` is a multiple of kExtentBytes. */
  int32_t take(const ep_region_options& options, uint64_t capacity_bytes, ep_error* error);

  /** Gives the pages of the extent at `offset` back to the system, a hugetlb page to the kernel's
   *  free ones; its addresses stay. False with errno set iff the kernel does not. */
  bool give_extent(uint64_t offset);
  /** Takes pages for that extent again, populated and locked as the others are. EP_E_NO_MEMORY iff
   *  the limits leave no room for them, or no huge page is free: then nothing has changed. */
  int32_t retake_extent(uint64_t offset, ep_error* error);

  int fd() const { return fd_; }
  /** All of it, present and writable. */
  char* base() const { return base_; }
  bool hugetlb() const { return hugetlb_; }
  bool locked() const { return locked_; }
  /** 1 iff most of it is mapped by transparent huge pages. Read once, when it was populated. */
  bool transparent_huge() const { return transparent_huge_; }

 private:
  int32_t attempt(const ep_region_options& options, bool hugetlb, ep_error* error);
  int32_t open(bool hugetlb, ep_error* error);
  int32_t map(ep_error* error);
  int32_t populate_in_steps(size_t step_bytes, ep_error* error);
  int32_t lock(uint32_t mode, ep_error* error);
  int32_t room_to_retake(ep_error* error);
  int32_t retake_huge_page(uint64_t offset, ep_error* error);
  void give_back();

  int fd_ = -1;
  char* base_ = nullptr;
  size_t bytes_ = 0;
  bool hugetlb_ = false;
  bool collapsed_ = false;  // asked to be of transparent huge pages
  bool locked_ = false;
  bool transparent_huge_ = false;
};

}  // namespace ep

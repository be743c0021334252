#include "record.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace ep {

Recording::~Recording() { drop(); }

void Recording::drop() {
  if (records_ != nullptr) munmap(records_, bytes_);
  records_ = nullptr;
  capacity_ = 0;
  made_ = 0;
}

bool Recording::start(uint32_t capacity) {
  drop();
  if (capacity == 0) return true;
  bytes_ = sizeof(ep_record) * capacity;
  void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) return false;
  records_ = static_cast<ep_record*>(memory);
  capacity_ = capacity;
  return true;
}

void Recording::add(ep_record record) {
  if (made_ < capacity_) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    record.time_ns =
        static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
    record.thread_id = static_cast<uint32_t>(syscall(SYS_gettid));
    records_[made_] = record;
  }
  if (made_ != UINT32_MAX) made_ += 1;
}

uint32_t Recording::copy(ep_record* records, uint32_t capacity) const {
  const uint32_t count = std::min({made_, capacity_, capacity});
  if (count != 0) std::memcpy(records, records_, count * sizeof(ep_record));
  return made_;
}

}  // namespace ep

// A part of the region as memory that a device writes into: a dma-buf over pages of its memfd
// (/dev/udmabuf, Documentation/driver-api/dma-buf in Linux).
#pragma once

#include <cstdint>
#include <vector>

#include "edgepool.h"
#include "region.hpp"

namespace ep {

inline constexpr char kUdmabuf[] = "/dev/udmabuf";

class DmaBuffer {
 public:
  DmaBuffer() = default;
  ~DmaBuffer() { close(); }
  DmaBuffer(DmaBuffer&& other) noexcept;
  DmaBuffer& operator=(DmaBuffer&&) = delete;
  DmaBuffer(const DmaBuffer&) = delete;
  DmaBuffer& operator=(const DmaBuffer&) = delete;

  /** Of whole pages, in order. EP_E_SYSTEM iff the kernel has no such device or refuses. */
  int32_t open(const char* device, int memfd, const std::vector<Stretch>& stretches,
               ep_error* error);
  void close();
  int fd() const { return fd_; }

  /** Around what the processor reads after the device has written: a processor whose caches the
   *  device does not see gets its caches emptied. */
  void begin_read() const;
  void end_read() const;

 private:
  int fd_ = -1;
};

}  // namespace ep

#include "dma_buffer.hpp"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <utility>

#include "error.hpp"

namespace ep {
namespace {

void sync(int descriptor, uint64_t what) {
  dma_buf_sync order = {what | DMA_BUF_SYNC_READ};
  int result = 0;
  do {
    result = ioctl(descriptor, DMA_BUF_IOCTL_SYNC, &order);
  } while (result < 0 && (errno == EINTR || errno == EAGAIN));
}

}  // namespace

DmaBuffer::DmaBuffer(DmaBuffer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

int32_t DmaBuffer::open(const char* device, int memfd, const std::vector<Stretch>& stretches,
                        ep_error* error) {
  close();
  const int maker = ::open(device, O_RDWR | O_CLOEXEC);
  if (maker < 0) return fail_errno(error, "open", device);
  // A header and a list behind it, in the alignment of both.
  const size_t item_count = stretches.size();
  std::vector<udmabuf_create_item> room(item_count + 1);
  static_assert(sizeof(udmabuf_create_list) <= sizeof(udmabuf_create_item));
  static_assert(alignof(udmabuf_create_list) <= alignof(udmabuf_create_item));
  auto* const list = reinterpret_cast<udmabuf_create_list*>(room.data());
  list->flags = UDMABUF_FLAGS_CLOEXEC;
  list->count = static_cast<uint32_t>(item_count);
  for (size_t i = 0; i < item_count; ++i) {
    list->list[i] = {static_cast<uint32_t>(memfd), 0, stretches[i].offset, stretches[i].bytes};
  }
  fd_ = ioctl(maker, UDMABUF_CREATE_LIST, list);
  const int number = errno;
  ::close(maker);
  errno = number;
  return fd_ >= 0 ? EP_OK : fail_errno(error, "UDMABUF_CREATE_LIST", device);
}

void DmaBuffer::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void DmaBuffer::begin_read() const { sync(fd_, DMA_BUF_SYNC_START); }

void DmaBuffer::end_read() const { sync(fd_, DMA_BUF_SYNC_END); }

}  // namespace ep

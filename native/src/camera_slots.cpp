#include "camera_slots.hpp"

#include <unistd.h>

#include "error.hpp"
#include "pixels.hpp"
#include "v4l2_offers.hpp"

namespace ep {
namespace {

/** Slots that the camera has: one that it fills, and those for the frames until the app is there.
 */
constexpr uint32_t kGiven = 4;

uint64_t whole_pages(uint64_t bytes) {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

/** A slot has rows without gaps, one plane behind the other. */
int32_t lies_as_in_a_slot(const CameraFormat& format, const ep_frame& frame, ep_error* why) {
  if (is_mjpeg(format.fourcc)) {
    return fail(why, EP_E_UNSUPPORTED, "MJPEG is decoded into its slot");
  }
  const size_t row = frame_layout(nullptr, frame).rows[0].bytes;
  if (format.stride_bytes != row) {
    return fail(why, EP_E_UNSUPPORTED, "its rows have %u bytes, those of a slot %zu",
                format.stride_bytes, row);
  }
  if (format.image_bytes == frame.bytes) return EP_OK;
  return fail(why, EP_E_UNSUPPORTED, "its frames have %llu bytes, those of a slot %llu",
              static_cast<unsigned long long>(format.image_bytes),
              static_cast<unsigned long long>(frame.bytes));
}

}  // namespace

bool CameraSlots::start(ep_ring* ring, V4l2Device* device, const CameraFormat& format,
                        const ep_frame& frame, const char* maker, ep_error* why) {
  drop();
  ring_ = ring;
  int32_t status = lies_as_in_a_slot(format, frame, why);
  if (status == EP_OK) status = make_buffers(frame, maker, why);
  std::vector<int> memory;
  for (const DmaBuffer& buffer : buffers_) memory.push_back(buffer.fd());
  if (status == EP_OK) status = device->import(memory, whole_pages(frame.bytes), why);
  if (status == EP_OK) {
    status = give_first(device, why);
    if (status == EP_OK) status = device->stream(why);
    if (status != EP_OK) device->forget();
  }
  if (status != EP_OK) drop();
  return status == EP_OK;
}

int32_t CameraSlots::make_buffers(const ep_frame& frame, const char* maker, ep_error* why) {
  given_.assign(ring_->count(), false);
  for (uint32_t slot = 0; slot < ring_->count(); ++slot) {
    const PoolPart& memory = ring_->memory(slot);
    const int32_t status = buffers_.emplace_back().open(
        maker, memory.memfd(), memory.stretches(whole_pages(frame.bytes)), why);
    if (status != EP_OK) return status;
  }
  return EP_OK;
}

int32_t CameraSlots::give_first(V4l2Device* device, ep_error* why) {
  for (uint32_t i = 0; i < kGiven; ++i) {
    const uint32_t slot = ring_->begin_fill();
    if (slot == ep_ring::kNoSlot) {
      return fail(why, EP_E_BUSY, "the ring has no %u slots free", kGiven);
    }
    given_[slot] = true;
    const int32_t status = device->queue(slot, why);
    if (status != EP_OK) return status;
  }
  return EP_OK;
}

void CameraSlots::take(uint32_t slot) {
  buffers_[slot].begin_read();
  given_[slot] = false;
}

void CameraSlots::give(uint32_t slot, V4l2Device* device) {
  buffers_[slot].end_read();
  given_[slot] = device->queue(slot, nullptr) == EP_OK;
  if (!given_[slot]) ring_->abandon(slot);
}

void CameraSlots::drop() {
  for (uint32_t slot = 0; slot < given_.size(); ++slot) {
    if (given_[slot]) ring_->abandon(slot);
  }
  given_.clear();
  buffers_.clear();
}

}  // namespace ep

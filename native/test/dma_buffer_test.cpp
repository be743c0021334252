#include "dma_buffer.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "camera_slots.hpp"
#include "frames_fixture.hpp"
#include "ring.hpp"

namespace {

using ep::CameraFormat;
using ep::CameraSlots;
using ep::DmaBuffer;
using ep::Stretch;
using ep_test::FramesPool;
using ep_test::kMiB;
using ep_test::Ring;

constexpr uint64_t kSlotBytes = 640 * 360 * 2;
constexpr uint64_t kWholePages = (kSlotBytes + 4095) / 4096 * 4096;

std::vector<uint8_t> read_memfd(int memfd, const std::vector<Stretch>& stretches) {
  std::vector<uint8_t> bytes;
  for (const Stretch& stretch : stretches) {
    std::vector<uint8_t> piece(stretch.bytes);
    EXPECT_EQ(pread(memfd, piece.data(), piece.size(), static_cast<off_t>(stretch.offset)),
              static_cast<ssize_t>(piece.size()));
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
  return bytes;
}

TEST(DmaBuffer, ASlotLiesInTheMemfdWhereItsStretchesSay) {
  FramesPool pool;
  Ring ring(pool.get(), 5, kSlotBytes);
  // In pieces: what lies between two slots is taken, so one of them grows elsewhere.
  ep_error error = {};
  ASSERT_EQ(ep_ring_fit(ring.get(), 3 * kMiB, &error), EP_OK) << error.message;
  for (uint32_t slot = 0; slot < 5; ++slot) {
    const ep::PoolPart& memory = ring.get()->memory(slot);
    uint8_t* const pixels = ring.get()->pixels(slot);
    for (uint64_t i = 0; i < 3 * kMiB; ++i)
      pixels[i] = static_cast<uint8_t>(i * 7 + i / 999 + slot);
    const std::vector<uint8_t> seen = read_memfd(memory.memfd(), memory.stretches(3 * kMiB));
    EXPECT_EQ(seen, std::vector<uint8_t>(pixels, pixels + 3 * kMiB)) << "slot " << slot;
    EXPECT_EQ(memory.stretches(4096).size(), 1u);
  }
}

TEST(DmaBuffer, IsTheSlotItselfOrSaysWhyNot) {
  FramesPool pool;
  Ring ring(pool.get(), 2, kSlotBytes);
  const ep::PoolPart& memory = ring.get()->memory(1);
  const std::vector<Stretch> stretches = memory.stretches(kWholePages);
  DmaBuffer buffer;
  ep_error error = {};
  EXPECT_EQ(buffer.open("/nowhere/udmabuf", memory.memfd(), stretches, &error), EP_E_SYSTEM);
  EXPECT_EQ(error.system_errno, ENOENT);
  EXPECT_NE(std::string(error.message).find("/nowhere/udmabuf"), std::string::npos);
  EXPECT_EQ(buffer.open("/dev/null", memory.memfd(), stretches, &error), EP_E_SYSTEM);
  // An emulator may not know the request at all.
  EXPECT_TRUE(error.system_errno == ENOTTY || error.system_errno == ENOSYS) << error.message;
  EXPECT_EQ(buffer.fd(), -1);
  const int32_t status = buffer.open(ep::kUdmabuf, memory.memfd(), stretches, &error);
  if (access(ep::kUdmabuf, R_OK | W_OK) != 0) {
    EXPECT_EQ(status, EP_E_SYSTEM);
    return;
  }
  ASSERT_EQ(status, EP_OK) << error.message;
  void* const seen = mmap(nullptr, kWholePages, PROT_READ | PROT_WRITE, MAP_SHARED, buffer.fd(), 0);
  ASSERT_NE(seen, MAP_FAILED);
  static_cast<uint8_t*>(seen)[kSlotBytes - 1] = 42;
  buffer.begin_read();
  EXPECT_EQ(ring.get()->pixels(1)[kSlotBytes - 1], 42);
  buffer.end_read();
  munmap(seen, kWholePages);
}

/** What stands in the way of a camera with such a format; no slot stays taken. */
std::string hindrance(const CameraFormat& format, const char* maker) {
  FramesPool pool;
  Ring ring(pool.get(), 6, kSlotBytes);
  ep::V4l2Device device;
  ep_frame frame = {};
  frame.width = 640;
  frame.height = 360;
  frame.pixels = EP_PIXELS_YUYV;
  frame.bytes = kSlotBytes;
  CameraSlots slots;
  ep_error why = {};
  EXPECT_FALSE(slots.start(ring.get(), &device, format, frame, maker, &why));
  EXPECT_FALSE(slots.on());
  EXPECT_EQ(ep_ring_held(ring.get()), 0u);
  return why.message;
}

TEST(CameraSlots, SayWhatStandsInTheWay) {
  CameraFormat format;
  format.fourcc = V4L2_PIX_FMT_MJPEG;
  EXPECT_EQ(hindrance(format, ep::kUdmabuf), "MJPEG is decoded into its slot");
  format.fourcc = V4L2_PIX_FMT_YUYV;
  format.stride_bytes = 1344;
  EXPECT_EQ(hindrance(format, ep::kUdmabuf), "its rows have 1344 bytes, those of a slot 1280");
  format.stride_bytes = 1280;
  format.image_bytes = 1280 * 368;
  EXPECT_EQ(hindrance(format, ep::kUdmabuf),
            "its frames have 471040 bytes, those of a slot 460800");
  format.image_bytes = kSlotBytes;
  EXPECT_NE(hindrance(format, "/nowhere/udmabuf").find("/nowhere/udmabuf"), std::string::npos);
}

}  // namespace

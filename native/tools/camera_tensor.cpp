// Writes what a model would get of a camera's frame to a file: the input tensor, R, G and B of
// every pixel, one byte each, at the camera's own size.
//
//   camera_tensor DEVICE FORMAT WIDTH HEIGHT FILE [FRAME]
//
// FORMAT is a V4L2 code (YUYV, NV12, MJPG); FRAME (10) counts from 1. Frames are captured and
// converted by the library's own code, in a region of its own.

#include <linux/videodev2.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "convert.hpp"
#include "edgepool.h"
#include "ring.hpp"
#include "v4l2_source.hpp"

namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr int kMostTurns = 600;  // of 100 ms
constexpr uint32_t kSlots = 8;

// Everything that a run opens, closed in the order that handles ask for.
struct Session {
  ep_region* region = nullptr;
  ep_pool* pool = nullptr;
  ep_ring* ring = nullptr;

  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    if (ring != nullptr) ep_ring_destroy(ring, nullptr);
    if (pool != nullptr) ep_pool_destroy(pool, nullptr);
    if (region != nullptr) ep_region_destroy(region, nullptr);
  }

  int32_t Open(uint64_t slot_bytes, ep_error* error) {
    ep_region_options options = {};
    options.capacity_bytes = 64 * kMiB;
    options.pages = EP_PAGES_ORDINARY;
    ep_pool_options frames = {};
    frames.name = "frames";
    frames.quota_bytes = 48 * kMiB;
    int32_t status = ep_region_create(&options, &region, error);
    if (status == EP_OK) status = ep_pool_create(region, &frames, &pool, error);
    if (status == EP_OK) status = ep_ring_create(pool, kSlots, slot_bytes, &ring, error);
    return status;
  }
};

// Waits for a frame and puts it into a slot, which `slot` names.
bool Fill(ep::V4l2Source* source, ep_ring* ring, ep_frame* frame, uint32_t* slot, ep_error* error) {
  ep::FrameSource::Arrival arrival = {};
  for (int turn = 0; turn < kMostTurns; ++turn) {
    if (source->await(100, &arrival, error) != ep::FrameSource::Awaited::kFrame) continue;
    *slot = ring->begin_fill();
    char note[128] = {};
    const auto outcome = source->fill(arrival.number, *slot, frame, note, error);
    *slot = source->filled(*slot);
    if (outcome == ep::FrameSource::Outcome::kFilled) return true;
    ring->abandon(*slot);
  }
  return false;
}

// The tensor of a model that takes the whole frame.
bool Convert(const uint8_t* pixels, const ep_frame& frame, std::vector<uint8_t>* tensor,
             ep_error* error) {
  ep_tensor_info input = {};
  input.type = EP_TYPE_UINT8;
  input.rank = 4;
  input.shape[0] = 1;
  input.shape[1] = static_cast<int32_t>(frame.height);
  input.shape[2] = static_cast<int32_t>(frame.width);
  input.shape[3] = 3;
  input.bytes = uint64_t{frame.width} * frame.height * 3;
  tensor->resize(input.bytes);
  std::vector<uint8_t> scratch(ep::convert_scratch_bytes(frame, input));
  const ep_convert_options automatic = {EP_FIT_STRETCH, 1, {}, {}};
  return ep::convert(pixels, frame, automatic, input, tensor->data(), scratch.data(),
                     scratch.size(), error) == EP_OK;
}

bool Write(const char* path, const std::vector<uint8_t>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  return file.good();
}

bool Run(const char* device, const ep::CameraWish& wish, const char* path, int wanted,
         ep_error* error) {
  Session session;
  ep::V4l2Source source(device, wish);
  ep_frame largest = {};
  if (source.probe(&largest, error) != EP_OK) return false;
  if (session.Open(largest.bytes, error) != EP_OK) return false;
  if (source.prepare(session.ring, error) != EP_OK) return false;
  for (int count = 1;; ++count) {
    ep_frame frame = {};
    uint32_t slot = 0;
    if (!Fill(&source, session.ring, &frame, &slot, error)) return false;
    std::vector<uint8_t> tensor;
    const bool converted =
        count < wanted || Convert(session.ring->pixels(slot), frame, &tensor, error);
    const uint64_t copied = session.ring->content(slot)->bytes_copied;
    session.ring->abandon(slot);
    if (!converted) return false;
    if (count < wanted) continue;
    std::printf("%ux%u by %s, %llu bytes copied\n", frame.width, frame.height, source.way().c_str(),
                static_cast<unsigned long long>(copied));
    return Write(path, tensor);
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 6 || std::strlen(words[2]) != 4) {
    std::fprintf(stderr, "usage: camera_tensor DEVICE FORMAT WIDTH HEIGHT FILE [FRAME]\n");
    return 2;
  }
  const char* const code = words[2];
  const ep::CameraWish wish = {static_cast<uint32_t>(std::atoi(words[3])),
                               static_cast<uint32_t>(std::atoi(words[4])), 30,
                               v4l2_fourcc(code[0], code[1], code[2], code[3])};
  ep_error error = {};
  if (Run(words[1], wish, words[5], count > 6 ? std::atoi(words[6]) : 10, &error)) return 0;
  std::fprintf(stderr, "camera_tensor: %s\n",
               error.message[0] != '\0' ? error.message : "no frame, or FILE cannot be written");
  return 1;
}

// Frames of a YUV4MPEG2 file, read straight into the slots where their planes lie the same there.
#pragma once

#include <cstdint>
#include <string>

#include "edgepool.h"
#include "frame_memory.hpp"
#include "source.hpp"
#include "y4m.hpp"

namespace ep {

/** Every frame of the file once, in order, at the file's rate. Where no slot is free the frame
 * comes at the next turn: a recording is repeated whole. A file that is cut short is reported, then
 * ends.
 */
class Y4mSource final : public FrameSource {
 public:
  explicit Y4mSource(std::string path) : path_(std::move(path)) {}
  ~Y4mSource() override;

  int32_t probe(ep_frame* largest, ep_error* error) override;
  int32_t prepare(ep_ring* ring, ep_error* error) override;
  double own_fps() const override { return header_.fps; }
  Outcome fill(uint64_t number, uint32_t slot, ep_frame* frame, char* note,
               ep_error* error) override;

 private:
  ep_frame whole_frame() const;
  bool read_line(std::string* line);
  int32_t cannot_read(ep_error* error) const;

  const std::string path_;
  int descriptor_ = -1;
  Y4mHeader header_;
  int64_t offset_ = 0;   // of the next line
  uint64_t frames_ = 0;  // given until now
  bool ended_ = false;
  std::string line_;
  PoolBlock planes_;  // of one frame, where a slot has them otherwise
  ep_ring* ring_ = nullptr;
};

}  // namespace ep

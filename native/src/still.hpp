// Picture files at a frame rate: one file, or a folder of them in order of name, round and round.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "edgepool.h"
#include "frame_memory.hpp"
#include "picture.hpp"
#include "source.hpp"

namespace ep {

/**
 * A picture is decoded once when its turn comes, into one block of the frames pool. A slot gets a
 * copy of it only when it does not hold that picture already: of a single file every slot is filled
 * once and nothing is copied from then on.
 *
 * Where the pictures of a folder differ in size the slots follow them: they are large a moment
 * before a larger picture's turn comes.
 *
 * A file of a folder that cannot be decoded is reported once and left out from then on.
 */
class StillSource final : public FrameSource {
 public:
  /** `frames_each`: how many frames a picture of a folder stands, at least 1. */
  StillSource(std::string path, uint64_t frames_each)
      : path_(std::move(path)), frames_each_(frames_each) {}

  int32_t probe(ep_frame* largest, ep_error* error) override;
  int32_t prepare(ep_ring* ring, ep_error* error) override;
  Outcome fill(uint64_t number, uint32_t slot, ep_frame* frame, char* note,
               ep_error* error) override;

 private:
  int32_t list(ep_error* error);
  int32_t load_next(ep_error* error);
  void look_ahead(uint64_t number);

  const std::string path_;
  const uint64_t frames_each_;
  bool is_folder_ = false;
  std::vector<std::string> files_;
  std::vector<uint64_t> frame_bytes_;  // of each file's picture; 0: cannot be decoded
  size_t next_file_ = 0;

  ep_ring* ring_ = nullptr;
  uint64_t owner_ = 0;
  PictureDecoder decoder_;
  PoolBlock picture_;
  std::string picture_file_;  // decoded into picture_; empty: none
  std::string picture_note_;
  ep_frame picture_frame_ = {};
  uint64_t picture_count_ = 0;  // how many were decoded: which one this is
  uint64_t stands_until_ = 0;   // the first frame number of the next picture
  ep_frame largest_ = {};
};

}  // namespace ep

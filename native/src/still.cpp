#include "still.hpp"

#include <strings.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "error.hpp"

namespace ep {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNoteBytes = sizeof(ep_event::message);
/** How many frames before a picture's turn its slots are made ready. */
constexpr uint64_t kFramesAhead = 4;

bool has_picture_ending(const std::string& file) {
  const std::string ending = fs::path(file).extension().string();
  for (const char* known : {".jpg", ".jpeg", ".bmp"}) {
    if (strcasecmp(ending.c_str(), known) == 0) return true;
  }
  return false;
}

}  // namespace

int32_t StillSource::list(ep_error* error) {
  files_.clear();
  std::error_code failure;
  is_folder_ = fs::is_directory(path_, failure);
  if (!is_folder_) {
    files_.push_back(path_);
    return EP_OK;
  }
  for (fs::directory_iterator entry(path_, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string file = entry->path().string();
    std::error_code unknown;
    if (has_picture_ending(file) && entry->is_regular_file(unknown)) files_.push_back(file);
  }
  if (failure) {
    return fail(error, EP_E_FILE, "%s: cannot be read: %s", path_.c_str(),
                failure.message().c_str());
  }
  if (files_.empty()) {
    return fail(error, EP_E_FILE, "%s: holds no .jpg, .jpeg or .bmp file", path_.c_str());
  }
  std::sort(files_.begin(), files_.end());
  return EP_OK;
}

int32_t StillSource::probe(ep_frame* largest, ep_error* error) {
  const int32_t listed = list(error);
  if (listed != EP_OK) return listed;
  int32_t first_failure = EP_OK;
  largest_ = {};
  frame_bytes_.clear();
  for (const std::string& file : files_) {
    ep_frame frame;
    ep_error reason;
    const int32_t status =
        decoder_.open(file.c_str(), PictureDecoder::Want::kCheapest, &frame, &reason);
    frame_bytes_.push_back(status == EP_OK ? frame.bytes : 0);
    if (status == EP_OK) {
      if (frame.bytes > largest_.bytes) largest_ = frame;
    } else if (first_failure == EP_OK) {
      first_failure = status;
      if (error != nullptr) *error = reason;
    }
  }
  if (largest_.bytes == 0) return first_failure;
  *largest = largest_;
  return EP_OK;
}

int32_t StillSource::prepare(ep_ring* ring, ep_error* error) {
  const int32_t status = picture_.take(ring->pool(), largest_.bytes, "the picture", error);
  if (status != EP_OK) return status;
  ring_ = ring;
  owner_ = next_owner();
  const bool varies = std::any_of(frame_bytes_.begin(), frame_bytes_.end(), [this](uint64_t bytes) {
    return bytes != 0 && bytes != largest_.bytes;
  });
  if (varies) {
    const int32_t follows = ring->follow(error);
    if (follows != EP_OK) return follows;
  }
  return is_folder_ ? EP_OK : load_next(error);
}

int32_t StillSource::load_next(ep_error* error) {
  const std::string& file = files_[next_file_];
  if (file != picture_file_) {
    ep_frame frame;
    int32_t status = decoder_.open(file.c_str(), PictureDecoder::Want::kCheapest, &frame, error);
    if (status == EP_OK && frame.bytes > picture_.bytes()) {
      status = fail(error, EP_E_IMAGE,
                    "%s: became larger than every picture that was there at the start: start the "
                    "source again",
                    file.c_str());
    }
    if (status == EP_OK) {
      picture_file_.clear();
      status = decoder_.decode(picture_.data(), picture_.bytes(), error);
    }
    if (status != EP_OK) {
      const auto index = static_cast<std::ptrdiff_t>(next_file_);
      files_.erase(files_.begin() + index);
      frame_bytes_.erase(frame_bytes_.begin() + index);
      if (next_file_ == files_.size()) next_file_ = 0;
      return status;
    }
    picture_frame_ = frame;
    picture_file_ = file;
    picture_note_ = is_folder_ ? fs::path(file).filename().string() : std::string();
    ++picture_count_;
  }
  next_file_ = (next_file_ + 1) % files_.size();
  return EP_OK;
}

void StillSource::look_ahead(uint64_t number) {
  uint64_t bytes = picture_frame_.bytes;
  if (is_folder_ && number + kFramesAhead >= stands_until_ && !files_.empty()) {
    bytes = std::max(bytes, frame_bytes_[next_file_]);
  }
  ring_->expect(bytes);
}

FrameSource::Outcome StillSource::fill(uint64_t number, uint32_t slot, ep_frame* frame, char* note,
                                       ep_error* error) {
  if (is_folder_ && number >= stands_until_) {
    if (files_.empty()) return Outcome::kEnded;
    if (load_next(error) != EP_OK) return Outcome::kFailed;
    stands_until_ = number + frames_each_;
  }
  look_ahead(number);
  // Where it has not grown yet: the picture before this one was broken, or the machine is late.
  if (ring_->ensure(slot, picture_frame_.bytes, error) != EP_OK) return Outcome::kFailed;
  SlotContent* const content = ring_->content(slot);
  if (content->owner != owner_ || content->picture != picture_count_) {
    std::memcpy(ring_->pixels(slot), picture_.data(), picture_frame_.bytes);
    *content = {owner_, picture_count_, picture_frame_.bytes};
  } else {
    content->bytes_copied = 0;
  }
  *frame = picture_frame_;
  if (is_folder_) std::snprintf(note, kNoteBytes, "%s", picture_note_.c_str());
  return Outcome::kFilled;
}

}  // namespace ep

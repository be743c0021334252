// A model's file, read with read(2) straight into memory of the caller's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "edgepool.h"

namespace ep {

inline constexpr uint64_t kDefaultMaxFileBytes = uint64_t{1} << 30;

class ModelFile {
 public:
  ModelFile() = default;
  ~ModelFile();
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  /** EP_E_FILE iff it cannot be opened, is no regular file or has more than `limit` bytes
   *  (0: kDefaultMaxFileBytes), EP_E_NOT_A_MODEL iff it is empty. */
  int32_t open(const char* path, uint64_t limit, uint64_t* size, ep_error* error);

  /** Reads all of it. EP_E_FILE iff reading fails or it became shorter meanwhile. */
  int32_t read_all(uint8_t* bytes, uint64_t size, ep_error* error);

 private:
  int descriptor_ = -1;
  const char* path_ = nullptr;
};

}  // namespace ep

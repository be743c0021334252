#include "model_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cinttypes>
#include <cstring>

#include "error.hpp"

namespace ep {

ModelFile::~ModelFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

int32_t ModelFile::open(const char* path, uint64_t limit, uint64_t* size, ep_error* error) {
  path_ = path;
  // O_NONBLOCK: a FIFO must be refused below, not waited for.
  descriptor_ = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status = {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0) {
    return fail(error, EP_E_FILE, "model '%s': cannot be read: %s", path, strerrordesc_np(errno));
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(error, EP_E_FILE, "model '%s': not a regular file; give a .tflite file", path);
  }
  if (status.st_size == 0) {
    return fail(error, EP_E_NOT_A_MODEL, "model '%s': the file is empty; give a .tflite file",
                path);
  }
  *size = static_cast<uint64_t>(status.st_size);
  const uint64_t most = limit == 0 ? kDefaultMaxFileBytes : limit;
  if (*size > most) {
    return fail(error, EP_E_FILE, "model '%s': %" PRIu64 " bytes, at most %" PRIu64 " are taken",
                path, *size, most);
  }
  return EP_OK;
}

int32_t ModelFile::read_all(uint8_t* bytes, uint64_t size, ep_error* error) {
  uint64_t done = 0;
  while (done < size) {
    const ssize_t part = ::read(descriptor_, bytes + done, size - done);
    if (part < 0 && errno == EINTR) continue;
    if (part < 0)
      return fail(error, EP_E_FILE, "model '%s': cannot be read: %s", path_,
                  strerrordesc_np(errno));
    if (part == 0)
      return fail(error, EP_E_FILE, "model '%s': it became shorter while it was read", path_);
    done += static_cast<uint64_t>(part);
  }
  return EP_OK;
}

}  // namespace ep

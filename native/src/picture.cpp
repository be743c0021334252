#include "picture.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bmp.hpp"
#include "error.hpp"
#include "pixels.hpp"

namespace ep {
namespace {

bool is_jpeg(const uint8_t* file, size_t bytes) {
  return bytes >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;
}

int32_t image_error(ep_error* error, const char* path, const char* reason) {
  return fail(error, EP_E_IMAGE, "%s: cannot be decoded: %s", path, reason);
}

/** Closes on every way out. */
class File {
 public:
  explicit File(const char* path) : descriptor_(::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

int32_t cannot_read(ep_error* error, const char* path) {
  const int number = errno;
  fail(error, EP_E_FILE, "%s: cannot be read: %s", path, strerrordesc_np(number));
  if (error != nullptr) error->system_errno = number;
  return EP_E_FILE;
}

/** Reads exactly `bytes`; false with errno set, 0 iff the file ended before. */
bool read_exactly(int descriptor, uint8_t* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = read(descriptor, to, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = 0;
    if (got <= 0) return false;
    to += got;
    bytes -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

PictureDecoder::~PictureDecoder() { std::free(file_); }

int32_t PictureDecoder::open(const char* path, Want want, ep_frame* frame, ep_error* error) {
  frame_ = {};
  std::snprintf(path_, sizeof path_, "%s", path);
  const int32_t read = read_file(path, error);
  if (read != EP_OK) return read;
  is_jpeg_ = is_jpeg(file_, file_bytes_);
  if (is_jpeg_) {
    const char* const wrong = jpeg_.open(file_, file_bytes_, want, &frame_);
    if (wrong != nullptr) return image_error(error, path_, wrong);
  } else if (is_bmp(file_, file_bytes_)) {
    BmpInfo info;
    const char* const wrong = read_bmp_header(file_, file_bytes_, &info);
    if (wrong != nullptr) return image_error(error, path_, wrong);
    frame_.width = info.width;
    frame_.height = info.height;
    frame_.pixels = EP_PIXELS_RGB24;
  } else {
    return image_error(error, path_, "neither a JPEG nor a BMP file");
  }
  frame_.bytes = frame_bytes(frame_.pixels, frame_.width, frame_.height);
  *frame = frame_;
  return EP_OK;
}

int32_t PictureDecoder::read_file(const char* path, ep_error* error) {
  const File file(path);
  struct stat about;
  if (file.descriptor() < 0 || fstat(file.descriptor(), &about) != 0) {
    return cannot_read(error, path_);
  }
  if (!S_ISREG(about.st_mode)) {
    return fail(error, EP_E_FILE, "%s: is not a file: name a JPEG or BMP file", path_);
  }
  if (about.st_size == 0) return fail(error, EP_E_FILE, "%s: is empty", path_);
  const uint64_t bytes = static_cast<uint64_t>(about.st_size);
  if (bytes > kMaxPictureFileBytes) {
    return fail(error, EP_E_FILE, "%s: has %llu bytes, a picture file may have %llu", path_,
                static_cast<unsigned long long>(bytes),
                static_cast<unsigned long long>(kMaxPictureFileBytes));
  }
  if (bytes > file_capacity_) {
    uint8_t* const larger = static_cast<uint8_t*>(std::realloc(file_, bytes));
    if (larger == nullptr) return fail(error, EP_E_NO_MEMORY, "%s: no memory to read it", path_);
    file_ = larger;
    file_capacity_ = bytes;
  }
  file_bytes_ = bytes;
  if (read_exactly(file.descriptor(), file_, file_bytes_)) return EP_OK;
  if (errno != 0) return cannot_read(error, path_);
  return fail(error, EP_E_FILE, "%s: became shorter while it was read", path_);
}

int32_t PictureDecoder::decode(uint8_t* pixels, uint64_t capacity, ep_error* error) {
  if (frame_.bytes == 0 || capacity < frame_.bytes) {
    return fail(error, EP_E_ARGUMENT, "%s: needs %llu bytes, there are %llu", path_,
                static_cast<unsigned long long>(frame_.bytes),
                static_cast<unsigned long long>(capacity));
  }
  if (is_jpeg_) {
    const char* const broken = jpeg_.decode(pixels);
    return broken == nullptr ? EP_OK : image_error(error, path_, broken);
  }
  BmpInfo info;
  const char* const wrong = read_bmp_header(file_, file_bytes_, &info);
  if (wrong != nullptr) return image_error(error, path_, wrong);
  decode_bmp(file_, info, pixels);
  return EP_OK;
}

}  // namespace ep

int32_t ep_picture_decode(const char* path, void* rgb, uint64_t capacity, ep_frame* out,
                          ep_error* error) {
  if (path == nullptr || out == nullptr || (rgb == nullptr && capacity > 0)) {
    return ep::fail(error, EP_E_ARGUMENT, "picture: path, out or rgb is null");
  }
  ep::PictureDecoder decoder;
  ep_frame frame;
  int32_t status = decoder.open(path, ep::PictureDecoder::Want::kRgb, &frame, error);
  if (status == EP_OK && capacity > 0) {
    status = decoder.decode(static_cast<uint8_t*>(rgb), capacity, error);
  }
  if (status == EP_OK) *out = frame;
  return status;
}

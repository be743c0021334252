#include "compressor.hpp"

#include <mutex>

#include "error.hpp"
#include "own_library.hpp"

namespace ep {
namespace {

// ── lz4 ──

struct Lz4Library {
  int (*compress)(const char* from, char* to, int bytes, int room_bytes) = nullptr;
  int (*expand)(const char* from, char* to, int from_bytes, int room_bytes) = nullptr;
};
Lz4Library lz4;

bool find_lz4(void* handle) {
  return find_function(handle, "LZ4_compress_default", &lz4.compress) &&
         find_function(handle, "LZ4_decompress_safe", &lz4.expand);
}

uint64_t compress_lz4(const char* from, uint64_t bytes, char* to, uint64_t room_bytes) {
  const int written = lz4.compress(from, to, static_cast<int>(bytes), static_cast<int>(room_bytes));
  return written > 0 ? static_cast<uint64_t>(written) : 0;
}

bool expand_lz4(const char* from, uint64_t from_bytes, char* to, uint64_t bytes) {
  const auto wanted = static_cast<int>(bytes);
  return lz4.expand(from, to, static_cast<int>(from_bytes), wanted) == wanted;
}

// ── zstd ──

// Slower ones gain next to nothing on weights.
constexpr int kZstdLevel = 1;

struct ZstdLibrary {
  void* (*new_compressing)() = nullptr;
  void* (*new_expanding)() = nullptr;
  size_t (*compress)(void* context, void* to, size_t room_bytes, const void* from, size_t bytes,
                     int level) = nullptr;
  size_t (*expand)(void* context, void* to, size_t room_bytes, const void* from,
                   size_t from_bytes) = nullptr;
  unsigned (*is_error)(size_t result) = nullptr;
  // Its own memory, kept for good: expanding never needs more than it has, and what cannot be
  // compressed for want of it stays as it is.
  void* compressing = nullptr;
  void* expanding = nullptr;
  std::mutex mutex;  // of both
};
ZstdLibrary zstd;

bool find_zstd(void* handle) {
  const bool found = find_function(handle, "ZSTD_createCCtx", &zstd.new_compressing) &&
                     find_function(handle, "ZSTD_createDCtx", &zstd.new_expanding) &&
                     find_function(handle, "ZSTD_compressCCtx", &zstd.compress) &&
                     find_function(handle, "ZSTD_decompressDCtx", &zstd.expand) &&
                     find_function(handle, "ZSTD_isError", &zstd.is_error);
  if (!found) return false;
  if (zstd.compressing == nullptr) zstd.compressing = zstd.new_compressing();
  if (zstd.expanding == nullptr) zstd.expanding = zstd.new_expanding();
  return zstd.compressing != nullptr && zstd.expanding != nullptr;
}

uint64_t compress_zstd(const char* from, uint64_t bytes, char* to, uint64_t room_bytes) {
  const std::lock_guard lock(zstd.mutex);
  const size_t written = zstd.compress(zstd.compressing, to, room_bytes, from, bytes, kZstdLevel);
  return zstd.is_error(written) != 0 ? 0 : written;
}

bool expand_zstd(const char* from, uint64_t from_bytes, char* to, uint64_t bytes) {
  const std::lock_guard lock(zstd.mutex);
  return zstd.expand(zstd.expanding, to, bytes, from, from_bytes) == bytes;
}

// ── Both ──

struct Entry {
  uint32_t compression;
  const char* file;
  bool (*find)(void* handle);
  Compressor compressor;
  bool opened;
};

std::mutex entries_lock;
Entry entries[] = {
    {EP_COMPRESSION_LZ4, "liblz4.so.1", find_lz4, {compress_lz4, expand_lz4}, false},
    {EP_COMPRESSION_ZSTD, "libzstd.so.1", find_zstd, {compress_zstd, expand_zstd}, false},
};

int32_t open_entry(Entry* entry, ep_error* error) {
  const std::lock_guard lock(entries_lock);
  if (entry->opened) return EP_OK;
  void* const handle = open_own_library(entry->file);
  if (handle == nullptr || !entry->find(handle)) {
    return fail(error, EP_E_LIBRARY,
                "%s: cannot be used; install it, or set parking.compress to none (%s)", entry->file,
                why_not());
  }
  entry->opened = true;
  return EP_OK;
}

}  // namespace

int32_t find_compressor(uint32_t compression, const Compressor** out, ep_error* error) {
  *out = nullptr;
  if (compression == EP_COMPRESSION_NONE) return EP_OK;
  for (Entry& entry : entries) {
    if (entry.compression != compression) continue;
    const int32_t status = open_entry(&entry, error);
    if (status == EP_OK) *out = &entry.compressor;
    return status;
  }
  return fail(error, EP_E_ARGUMENT, "compression %u: there is no such; take 0 to 2", compression);
}

}  // namespace ep

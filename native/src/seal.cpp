#include "seal.hpp"

#include <sys/mman.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include "crypto_library.hpp"
#include "error.hpp"

namespace ep {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kKeyPageBytes = 4096;
// What libcrypto takes in one call is an int.
constexpr uint64_t kMostAtOnce = uint64_t{1} << 30;

using Nonce = std::array<uint8_t, 12>;
using Bound = std::array<uint8_t, 40>;

std::mutex key_lock;
const uint8_t* process_key = nullptr;

bool draw(uint8_t* key) {
  for (size_t drawn = 0; drawn < kKeyBytes;) {
    const ssize_t more = getrandom(key + drawn, kKeyBytes - drawn, 0);
    if (more < 0 && errno != EINTR) return false;
    if (more > 0) drawn += static_cast<size_t>(more);
  }
  return true;
}

/** A page of its own, which is in no swap where that is allowed, and in no core file or child. */
int32_t key_of_process(const uint8_t** out, ep_error* error) {
  const std::lock_guard lock(key_lock);
  if (process_key == nullptr) {
    void* const page =
        mmap(nullptr, kKeyPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return fail_errno(error, "mmap", "the key of sealed blocks");
    mlock(page, kKeyPageBytes);
    madvise(page, kKeyPageBytes, MADV_DONTDUMP);
    madvise(page, kKeyPageBytes, MADV_DONTFORK);
    if (!draw(static_cast<uint8_t*>(page))) {
      const int32_t status = fail_errno(error, "getrandom", "the key of sealed blocks");
      munmap(page, kKeyPageBytes);
      return status;
    }
    mprotect(page, kKeyPageBytes, PROT_READ);
    process_key = static_cast<const uint8_t*>(page);
  }
  *out = process_key;
  return EP_OK;
}

template <size_t kSize>
void put(std::array<uint8_t, kSize>* out, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) (*out)[at + i] = static_cast<uint8_t>(value >> 8 * i);
}

Nonce nonce_of(const PieceName& name) {
  Nonce nonce;
  put(&nonce, 0, name.generation, 8);
  put(&nonce, 8, name.place, 1);
  put(&nonce, 9, name.number, 3);
  return nonce;
}

Bound bound_of(const PieceName& name) {
  Bound bound;
  put(&bound, 0, name.model, 8);
  put(&bound, 8, name.generation, 8);
  put(&bound, 16, name.live_bytes, 8);
  put(&bound, 24, name.bytes, 8);
  put(&bound, 32, name.place, 4);
  put(&bound, 36, name.number, 4);
  return bound;
}

/** One piece on its way in or out. */
class Cipher {
 public:
  int32_t begin(const PieceName& name, bool encrypt, ep_error* error) {
    int32_t status = open_crypto_library(&library_, error);
    const uint8_t* key = nullptr;
    if (status == EP_OK) status = key_of_process(&key, error);
    if (status != EP_OK) return status;
    context_ = {library_->context_new(), library_->context_free};
    const Nonce nonce = nonce_of(name);
    const Bound bound = bound_of(name);
    int bytes = 0;
    const bool ready =
        context_ != nullptr &&
        library_->init(context_.get(), library_->chacha20_poly1305(), nullptr, key, nonce.data(),
                       encrypt ? 1 : 0) == 1 &&
        library_->update(context_.get(), nullptr, &bytes, bound.data(), bound.size()) == 1;
    return ready ? EP_OK : fail(error, EP_E_LIBRARY, "libcrypto.so.3: has no ChaCha20-Poly1305");
  }
  bool pass(const void* from, void* to, uint64_t bytes) {
    const auto* in = static_cast<const unsigned char*>(from);
    auto* out = static_cast<unsigned char*>(to);
    for (uint64_t done = 0; done < bytes;) {
      const auto part = static_cast<int>(std::min(bytes - done, kMostAtOnce));
      int written = 0;
      if (library_->update(context_.get(), out + done, &written, in + done, part) != 1)
        return false;
      done += static_cast<uint64_t>(part);
    }
    return true;
  }
  bool authenticate(const void* from, uint64_t bytes) {
    const auto* in = static_cast<const unsigned char*>(from);
    for (uint64_t done = 0; done < bytes;) {
      const auto part = static_cast<int>(std::min(bytes - done, kMostAtOnce));
      int passed = 0;
      if (library_->update(context_.get(), nullptr, &passed, in + done, part) != 1) return false;
      done += static_cast<uint64_t>(part);
    }
    return true;
  }
  bool finish() {
    unsigned char none[EP_SEAL_BYTES];
    int bytes = 0;
    return library_->finish(context_.get(), none, &bytes) == 1;
  }
  bool tag(int control, void* tag) {
    return library_->control(context_.get(), control, EP_SEAL_BYTES, tag) == 1;
  }

 private:
  const CryptoLibrary* library_ = nullptr;
  std::unique_ptr<void, void (*)(void*)> context_{nullptr, nullptr};
};

}  // namespace

uint64_t next_number() {
  static std::atomic<uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

int32_t seal(const PieceName& name, const std::vector<MemorySpan>& plain, void* sealed,
             ep_error* error) {
  Cipher cipher;
  const int32_t status = cipher.begin(name, true, error);
  if (status != EP_OK) return status;
  auto* at = static_cast<char*>(sealed);
  bool sound = true;
  for (const MemorySpan& span : plain) {
    sound = sound && cipher.pass(span.at, at, span.bytes);
    at += span.bytes;
  }
  if (sound && cipher.finish() && cipher.tag(CryptoLibrary::kGetTag, at)) return EP_OK;
  return fail(error, EP_E_LIBRARY, "libcrypto.so.3: cannot seal");
}

int32_t unseal(const PieceName& name, const void* sealed, uint64_t size_bytes,
               const std::vector<MemorySpan>& plain, ep_error* error) {
  uint64_t wanted = EP_SEAL_BYTES;
  for (const MemorySpan& span : plain) wanted += span.bytes;
  const auto refuse = [&](const char* why) {
    return fail(error, EP_E_SEAL, "piece %u of a sealed block: %s", name.number, why);
  };
  if (size_bytes != wanted) return refuse("has another length");
  Cipher cipher;
  const int32_t status = cipher.begin(name, false, error);
  if (status != EP_OK) return status;
  const auto* at = static_cast<const char*>(sealed);
  bool sound = true;
  for (const MemorySpan& span : plain) {
    sound = sound && cipher.pass(at, span.at, span.bytes);
    at += span.bytes;
  }
  std::array<char, EP_SEAL_BYTES> tag;
  std::memcpy(tag.data(), at, tag.size());
  if (sound && cipher.tag(CryptoLibrary::kSetTag, tag.data()) && cipher.finish()) return EP_OK;
  return refuse("is not the one that was sealed here");
}

int32_t fingerprint(const std::vector<MemorySpan>& plain, Fingerprint* out, ep_error* error) {
  // Generations begin at 1: no piece has this nonce.
  Cipher cipher;
  const int32_t status = cipher.begin({0, 0, 0, 0, 0, 0}, true, error);
  if (status != EP_OK) return status;
  bool sound = true;
  for (const MemorySpan& span : plain) sound = sound && cipher.authenticate(span.at, span.bytes);
  if (sound && cipher.finish() && cipher.tag(CryptoLibrary::kGetTag, out->data())) return EP_OK;
  return fail(error, EP_E_LIBRARY, "libcrypto.so.3: cannot authenticate");
}

}  // namespace ep

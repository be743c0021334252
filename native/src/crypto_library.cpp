#include "crypto_library.hpp"

#include <dlfcn.h>

#include <mutex>

#include "error.hpp"

namespace ep {
namespace {

constexpr const char* kFile = "libcrypto.so.3";

// A sanitizer must see every call of the library's, and refuses this flag.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kOwnNamesFirst = 0;
#else
constexpr int kOwnNamesFirst = RTLD_DEEPBIND;
#endif

std::mutex library_lock;
CryptoLibrary library;
bool opened = false;

template <typename Function>
bool find(void* handle, const char* name, Function* out) {
  *out = reinterpret_cast<Function>(dlsym(handle, name));
  return *out != nullptr;
}

bool find_all(void* handle, CryptoLibrary* out) {
  return find(handle, "EVP_chacha20_poly1305", &out->chacha20_poly1305) &&
         find(handle, "EVP_CIPHER_CTX_new", &out->context_new) &&
         find(handle, "EVP_CIPHER_CTX_free", &out->context_free) &&
         find(handle, "EVP_CipherInit_ex", &out->init) &&
         find(handle, "EVP_CipherUpdate", &out->update) &&
         find(handle, "EVP_CipherFinal_ex", &out->finish) &&
         find(handle, "EVP_CIPHER_CTX_ctrl", &out->control);
}

}  // namespace

int32_t open_crypto_library(const CryptoLibrary** out, ep_error* error) {
  const std::lock_guard lock(library_lock);
  if (!opened) {
    void* const handle = dlopen(kFile, RTLD_NOW | RTLD_LOCAL | kOwnNamesFirst);
    if (handle == nullptr || !find_all(handle, &library)) {
      // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps dlerror's text for each thread
      const char* const reason = dlerror();
      return fail(error, EP_E_LIBRARY,
                  "%s: cannot be used, and without it nothing leaves the process: install OpenSSL "
                  "3, or park in the place memory (%s)",
                  kFile, reason == nullptr ? "a function is missing" : reason);
    }
    opened = true;
  }
  *out = &library;
  return EP_OK;
}

}  // namespace ep

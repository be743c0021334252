#include "crypto_library.hpp"

#include <mutex>

#include "error.hpp"
#include "own_library.hpp"

namespace ep {
namespace {

constexpr const char* kFile = "libcrypto.so.3";

std::mutex library_lock;
CryptoLibrary library;
bool opened = false;

bool find_all(void* handle, CryptoLibrary* out) {
  return find_function(handle, "EVP_chacha20_poly1305", &out->chacha20_poly1305) &&
         find_function(handle, "EVP_CIPHER_CTX_new", &out->context_new) &&
         find_function(handle, "EVP_CIPHER_CTX_free", &out->context_free) &&
         find_function(handle, "EVP_CipherInit_ex", &out->init) &&
         find_function(handle, "EVP_CipherUpdate", &out->update) &&
         find_function(handle, "EVP_CipherFinal_ex", &out->finish) &&
         find_function(handle, "EVP_CIPHER_CTX_ctrl", &out->control);
}

}  // namespace

int32_t open_crypto_library(const CryptoLibrary** out, ep_error* error) {
  const std::lock_guard lock(library_lock);
  if (!opened) {
    void* const handle = open_own_library(kFile);
    if (handle == nullptr || !find_all(handle, &library)) {
      return fail(error, EP_E_LIBRARY,
                  "%s: cannot be used, and without it nothing leaves the process: install OpenSSL "
                  "3, or park in the place memory (%s)",
                  kFile, why_not());
    }
    opened = true;
  }
  *out = &library;
  return EP_OK;
}

}  // namespace ep

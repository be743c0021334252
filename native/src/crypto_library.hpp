// The system's libcrypto (OpenSSL 3), opened when the first block is sealed: who seals nothing
// needs none. Only what sealing calls, declared as its manual does (EVP_EncryptInit(3)).
#pragma once

#include <cstddef>

#include "edgepool.h"

namespace ep {

struct CryptoLibrary {
  /** EVP_CTRL_AEAD_GET_TAG and EVP_CTRL_AEAD_SET_TAG. */
  static constexpr int kGetTag = 0x10;
  static constexpr int kSetTag = 0x11;

  const void* (*chacha20_poly1305)() = nullptr;
  void* (*context_new)() = nullptr;
  void (*context_free)(void* context) = nullptr;
  /** `encrypt` 1 or 0. 1 iff done, as all that follow. */
  int (*init)(void* context, const void* cipher, void* engine, const unsigned char* key,
              const unsigned char* nonce, int encrypt) = nullptr;
  /** `out` null: `in` is authenticated and not encrypted. */
  int (*update)(void* context, unsigned char* out, int* out_bytes, const unsigned char* in,
                int in_bytes) = nullptr;
  int (*finish)(void* context, unsigned char* out, int* out_bytes) = nullptr;
  int (*control)(void* context, int type, int argument, void* pointer) = nullptr;
};

/** The same one for the whole process, which is never closed. EP_E_LIBRARY iff there is none. */
int32_t open_crypto_library(const CryptoLibrary** out, ep_error* error);

}  // namespace ep

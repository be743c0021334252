// Sealing: bytes that leave the process are encrypted and authenticated with ChaCha20-Poly1305 (RFC
// 8439; the Cortex-A72 of a Raspberry Pi has no AES instructions) under a key that is drawn when
// the first piece is sealed, never leaves the process's memory, its core files and children
// included, and dies with it.
//
// A piece is bound to all of PieceName. Place, generation and number make its nonce, which one key
// may see once: a generation names one content, and no two parkings of the process share one.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "edgepool.h"

namespace ep {

inline constexpr uint32_t kMaxPieces = uint32_t{1} << 24;
inline constexpr uint32_t kMaxPlaces = 256;

struct PieceName {
  uint64_t model;       // no two of the process share it
  uint64_t generation;  // of the parking
  uint64_t live_bytes;  // of all of its pieces
  uint64_t bytes;       // of this one, as it is sealed: compressed where that is so
  uint32_t place;       // below kMaxPlaces
  uint32_t number;      // below kMaxPieces
};

/** A part of what is sealed, in memory. */
struct MemorySpan {
  char* at;
  uint64_t bytes;
};

/** Stands for some bytes, as long as it never leaves the process. */
using Fingerprint = std::array<uint8_t, EP_SEAL_BYTES>;

/** Of models and of parkings: 1, 2, 3 ... */
uint64_t next_number();

/** Writes the bytes of `plain` in order, encrypted, and EP_SEAL_BYTES behind them. EP_E_LIBRARY iff
 *  there is no libcrypto, EP_E_SYSTEM iff there is no key. */
int32_t seal(const PieceName& name, const std::vector<MemorySpan>& plain, void* sealed,
             ep_error* error);

/** The reverse. `size_bytes` must be that of `plain` and EP_SEAL_BYTES. EP_E_SEAL iff `sealed` is
 * not to the bit what `seal` made under this name: then `plain` holds nothing that may be used. */
int32_t unseal(const PieceName& name, const void* sealed, uint64_t size_bytes,
               const std::vector<MemorySpan>& plain, ep_error* error);

/** Poly1305 of the bytes of `plain` in order, under a key of the process that seals nothing. Other
 *  bytes of the same length, at most a piece, have the same one with a chance below 2^-80, whoever
 *  has chosen them (Bernstein, "The Poly1305-AES message-authentication code", 2005). Fails as
 *  `seal` does. */
int32_t fingerprint(const std::vector<MemorySpan>& plain, Fingerprint* out, ep_error* error);

}  // namespace ep

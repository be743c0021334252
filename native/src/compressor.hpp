// The system's liblz4 and libzstd, each opened when it is asked for: who compresses nothing needs
// neither. Only what is called, declared as their headers do (lz4.h, zstd.h).
#pragma once

#include "edgepool.h"

namespace ep {

/** Compresses and expands at most 2^30 bytes at a time. Any thread. */
struct Compressor {
  /** Returns how many bytes it has written; 0: they do not fit into `room_bytes`. The same ones for
   *  the same bytes and room. */
  uint64_t (*compress)(const char* from, uint64_t bytes, char* to, uint64_t room_bytes);
  /** True iff `from` expands to just `bytes`. Writes nothing beyond them, whatever `from` says. */
  bool (*expand)(const char* from, uint64_t from_bytes, char* to, uint64_t bytes);
};

/** The same one for the whole process; null for EP_COMPRESSION_NONE. EP_E_ARGUMENT iff there is no
 *  such ep_compression, EP_E_LIBRARY iff its library is not there. */
int32_t find_compressor(uint32_t compression, const Compressor** out, ep_error* error);

}  // namespace ep

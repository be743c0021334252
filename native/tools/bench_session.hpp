// What the programs that load models for benches share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "edgepool.h"

namespace bench {

/** CLOCK_MONOTONIC. */
uint64_t now_ns();

/** Memory of the process that no file backs (RssAnon), in bytes. */
uint64_t held_bytes();

uint64_t number(const char* word);

/** From hexadecimal digits; none from `-`. */
std::vector<uint8_t> bytes_of(const char* hexadecimal);

/** A model and what a trial has told of it. A pool of 0 bytes: it is loaded without one, from
 *  whatever allocator this process was started with. */
struct Entry {
  std::string path;
  uint64_t mapped_bytes;
  uint64_t quota_bytes;
  uint64_t requested_bytes;   // between runs
  std::vector<uint8_t> ends;  // ep_pool_place
};

/** From words in fives: PATH MAPPED QUOTA REQUESTED ENDS, the last in hexadecimal or `-`. */
std::vector<Entry> entries_of(char** words, int count);

struct Session {
  ep_region* region = nullptr;
  ep_runtime* runtime = nullptr;
};

/** With a region of `capacity_bytes` beside the runtime's own pool. */
int32_t open_session(const char* library, uint64_t capacity_bytes, Session* session,
                     ep_error* error);

/** In a pool of its own, as the product loads it: mapped, placed, loaded, trimmed. */
struct Loaded {
  ep_pool* pool = nullptr;
  ep_model* model = nullptr;
};
int32_t load(const Session& session, const Entry& entry, Loaded* out, ep_error* error);
void unload(Loaded* loaded);

}  // namespace bench

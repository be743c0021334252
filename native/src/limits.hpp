// How much memory this process may still take before the kernel would kill it instead of refusing.
#pragma once

#include <cstdint>

namespace ep {

/** The limit that stands nearest. */
struct Limit {
  uint64_t available_bytes;
  char name[256];  // where it comes from, for the message
};

/**
 * The smallest of MemAvailable and, for every memory control group (version 1 and 2) from the
 * process's own up to the root of what is mounted, its maximum less what it uses; cached file
 * pages that nobody uses do not count, for the kernel drops them first.
 *
 * `root` stands before every path read ("" for the running system).
 * What cannot be read limits nothing.
 */
Limit nearest_limit(const char* root);

/** Free 2 MiB pages that nobody has reserved. */
uint64_t free_huge_pages(const char* root);

/** vm.max_map_count: mappings a process may have; 65530 where it cannot be read. */
uint64_t max_map_count(const char* root);

}  // namespace ep

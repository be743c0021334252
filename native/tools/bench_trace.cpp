#include "bench_trace.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "edgepool.h"

namespace bench {

bool read_trace(const char* path, Trace* trace) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(path, "rb"), fclose);
  struct {
    std::array<char, 8> magic;
    uint32_t record_bytes;
    uint32_t count;
    uint64_t base;
    uint64_t reserved;
  } head = {};
  if (file == nullptr || fread(&head, sizeof head, 1, file.get()) != 1) return false;
  if (memcmp(head.magic.data(), "EPTRACE1", 8) != 0) return false;
  if (head.record_bytes != sizeof(ep_record)) return false;
  std::vector<ep_record> records(head.count);
  if (fread(records.data(), sizeof(ep_record), head.count, file.get()) != head.count) return false;
  std::unordered_map<uint64_t, uint32_t> there;  // offset to number
  std::unordered_map<uint32_t, uint64_t> sizes;
  uint64_t live = 0;
  for (const ep_record& record : records) {
    if (record.operation == EP_OP_FREE) {
      const auto block = there.find(record.offset_bytes);
      if (block == there.end()) continue;  // from before the recording
      trace->calls.push_back({EP_OP_FREE, block->second, 0, 0});
      live -= sizes[block->second];
      there.erase(block);
      continue;
    }
    uint32_t number = trace->blocks;
    if (record.operation == EP_OP_RESIZE) {
      const auto old = there.find(record.old_offset_bytes);
      if (old == there.end()) continue;
      number = old->second;
      there.erase(old);
      live -= sizes[number];
    } else {
      ++trace->blocks;
    }
    there[record.offset_bytes] = number;
    sizes[number] = record.bytes;
    live += record.bytes;
    trace->peak_bytes = std::max(trace->peak_bytes, live);
    trace->calls.push_back({record.operation, number, record.alignment, record.bytes});
  }
  return !trace->calls.empty();
}

}  // namespace bench

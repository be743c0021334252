// Loads one model, then parks and restores it again and again and tells, as one line of JSON a
// round, what each way has cost, beside a bare copy of as many bytes.
//
//   edgepool-bench-park LIBRARY ROUNDS PATH MAPPED QUOTA REQUESTED ENDS
//
// Where the memory was wanted by others, it was packed and what it gave back was written over.
// Exit status: 0 told, 1 refused, 2 wrong usage.
#include <cinttypes>
#include <cstdio>
#include <cstring>

#include "bench_session.hpp"

namespace {

using bench::now_ns;

constexpr uint64_t kPatienceNs = 1'000'000'000;
constexpr uint64_t kBesideBytes = EP_COMPRESSION_BYTES + (uint64_t{4} << 20);

/** Others had what it gave back. */
struct Packed {
  uint64_t pack_ns;
  uint64_t restore_ns;
  uint64_t bytes;
  uint64_t moved_bytes;
};

struct Round {
  uint64_t park_ns;
  uint64_t whole_ns;  // restored where nobody needed its memory
  Packed packed;
  Packed lz4;
  Packed zstd;
  uint64_t away_ns;  // brought back from outside of the region, and restored
  uint64_t copy_ns;
};

/** Outside of the region; the same memory in every round, so that no copy waits for the system. */
struct Outside {
  std::vector<uint8_t> packed;
  std::vector<uint8_t> copy;
};

uint64_t since(uint64_t* begin) {
  const uint64_t now = now_ns();
  const uint64_t passed = now - *begin;
  *begin = now;
  return passed;
}

/** Writes over every chunk that is free. */
void overwrite(ep_region* region) {
  ep_region_stats stats = {};
  ep_region_get_stats(region, &stats);
  ep_pool_options options = {};
  options.name = "other";
  options.quota_bytes = stats.unassigned_bytes;
  options.planned_bytes = stats.unassigned_bytes;
  ep_pool* other = nullptr;
  if (ep_pool_create(region, &options, &other, nullptr) != EP_OK) return;
  const uint64_t bytes = stats.unassigned_bytes - (uint64_t{64} << 10);
  void* const block = ep_pool_alloc(other, bytes, 16);
  if (block != nullptr) {
    memset(block, 0xa5, bytes);
    ep_pool_free(other, block);
  }
  ep_pool_destroy(other, nullptr);
}

int32_t measure_whole(ep_model* model, Round* round, ep_error* error) {
  uint64_t begin = now_ns();
  int32_t status = ep_model_park(model, kPatienceNs, error);
  if (status != EP_OK) return status;
  round->park_ns = since(&begin);
  status = ep_model_restore(model, error);
  round->whole_ns = since(&begin);
  return status;
}

int32_t measure_packed(ep_region* region, ep_model* model, ep_compression how, Packed* out,
                       ep_error* error) {
  int32_t status = ep_region_compress(region, how, error);
  if (status == EP_OK) status = ep_model_park(model, kPatienceNs, error);
  uint64_t begin = now_ns();
  if (status == EP_OK) status = ep_model_pack(model, error);
  if (status != EP_OK) return status;
  out->pack_ns = since(&begin);
  ep_parking parking = {};
  ep_model_get_parking(model, &parking);
  out->bytes = parking.packed_bytes;
  overwrite(region);
  begin = now_ns();
  status = ep_model_restore(model, error);
  out->restore_ns = since(&begin);
  ep_model_get_parking(model, &parking);
  out->moved_bytes = parking.moved_bytes;
  return status;
}

/** The compiler may leave nothing out of what was written there. */
void look_at(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

/** A copy of the packed bytes into memory that has been written before. */
uint64_t measure_copy(Outside* outside) {
  outside->copy.resize(outside->packed.size());
  memset(outside->copy.data(), 1, outside->copy.size());
  look_at(outside->copy.data());
  uint64_t begin = now_ns();
  memcpy(outside->copy.data(), outside->packed.data(), outside->packed.size());
  look_at(outside->copy.data());
  return since(&begin);
}

int32_t measure_away(ep_region* region, ep_model* model, Outside* outside, Round* round,
                     ep_error* error) {
  int32_t status = ep_model_park(model, kPatienceNs, error);
  if (status == EP_OK) status = ep_model_pack(model, error);
  if (status != EP_OK) return status;
  ep_parking parking = {};
  ep_model_get_parking(model, &parking);
  std::vector<uint8_t>& packed = outside->packed;
  packed.resize(parking.packed_bytes);
  status = ep_model_read_packed(model, 0, packed.data(), packed.size(), error);
  if (status == EP_OK) status = ep_model_send_away(model, error);
  if (status != EP_OK) return status;
  overwrite(region);
  round->copy_ns = measure_copy(outside);
  uint64_t begin = now_ns();
  status = ep_model_write_packed(model, 0, packed.data(), packed.size(), error);
  if (status == EP_OK) status = ep_model_restore(model, error);
  round->away_ns = since(&begin);
  return status;
}

void tell(const char* name, const Packed& packed) {
  printf(",\"%s\":{\"pack_ns\":%" PRIu64 ",\"restore_ns\":%" PRIu64 ",\"bytes\":%" PRIu64
         ",\"moved_bytes\":%" PRIu64 "}",
         name, packed.pack_ns, packed.restore_ns, packed.bytes, packed.moved_bytes);
}

int32_t take(ep_region* region, ep_model* model, Outside* outside, ep_error* error) {
  Round round = {};
  int32_t status = measure_whole(model, &round, error);
  if (status == EP_OK) {
    status = measure_packed(region, model, EP_COMPRESSION_LZ4, &round.lz4, error);
  }
  if (status == EP_OK) {
    status = measure_packed(region, model, EP_COMPRESSION_ZSTD, &round.zstd, error);
  }
  if (status == EP_OK) {
    status = measure_packed(region, model, EP_COMPRESSION_NONE, &round.packed, error);
  }
  if (status == EP_OK) status = measure_away(region, model, outside, &round, error);
  if (status == EP_OK) status = ep_model_invoke(model, nullptr, error);
  if (status != EP_OK) return status;
  printf("{\"park_ns\":%" PRIu64 ",\"whole_ns\":%" PRIu64 ",\"away_ns\":%" PRIu64
         ",\"copy_ns\":%" PRIu64,
         round.park_ns, round.whole_ns, round.away_ns, round.copy_ns);
  tell("packed", round.packed);
  tell("lz4", round.lz4);
  tell("zstd", round.zstd);
  printf("}\n");
  return EP_OK;
}

}  // namespace

int main(int count, char** words) {
  if (count != 8) {
    fprintf(stderr, "usage: edgepool-bench-park LIBRARY ROUNDS PATH MAPPED QUOTA REQUESTED ENDS\n");
    return 2;
  }
  const bench::Entry entry = bench::entries_of(words + 3, 5).front();
  bench::Session session;
  bench::Loaded loaded;
  Outside outside;
  ep_error error = {};
  int32_t status =
      bench::open_session(words[1], entry.quota_bytes + kBesideBytes, &session, &error);
  if (status == EP_OK) status = bench::load(session, entry, &loaded, &error);
  for (uint64_t i = 0; status == EP_OK && i < bench::number(words[2]); ++i) {
    status = take(session.region, loaded.model, &outside, &error);
  }
  if (status == EP_OK) return 0;
  fprintf(stderr, "%s\n", error.message);
  return 1;
}

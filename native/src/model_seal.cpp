// Packed models, piece by piece, sealed for places outside of the process.
#include <algorithm>
#include <cinttypes>

#include "error.hpp"
#include "model.hpp"
#include "pool_state.hpp"
#include "seal.hpp"

namespace ep {
namespace {

/** A piece by its name, and where its bytes begin in the packed model. */
struct SealedPiece {
  PieceName name;
  uint64_t offset;
  uint64_t bytes;
};

int32_t find_piece(ep_model* model, uint32_t place, uint32_t number, uint64_t size_bytes,
                   SealedPiece* out, ep_error* error) {
  if (model->pool == nullptr) {
    return fail(error, EP_E_STATE, "model %s: has no pool of its own, so it is never parked",
                model->name);
  }
  ep_parking parking = {};
  ep_model_get_parking(model, &parking);
  const uint64_t offset = uint64_t{number} * EP_SEALED_PIECE_BYTES;
  if (place >= kMaxPlaces || number >= kMaxPieces || offset >= parking.packed_bytes) {
    return fail(error, EP_E_ARGUMENT, "model %s: has no piece %u for place %u", model->name, number,
                place);
  }
  const uint64_t bytes = std::min<uint64_t>(EP_SEALED_PIECE_BYTES, parking.packed_bytes - offset);
  *out = {{model->number, parking.generation, parking.packed_bytes, place, number}, offset, bytes};
  if (size_bytes == bytes + EP_SEAL_BYTES) return EP_OK;
  return fail(error, EP_E_SEAL, "model %s: piece %u has %" PRIu64 " bytes, not %" PRIu64,
              model->name, number, bytes + EP_SEAL_BYTES, size_bytes);
}

}  // namespace
}  // namespace ep

int32_t ep_model_seal_piece(ep_model* model, uint32_t place, uint32_t number, void* sealed,
                            uint64_t size_bytes, ep_error* error) {
  ep::SealedPiece piece = {};
  int32_t status = ep::find_piece(model, place, number, size_bytes, &piece, error);
  if (status == EP_E_SEAL) status = EP_E_ARGUMENT;
  if (status != EP_OK) return status;
  std::vector<ep::MemorySpan> plain;
  status = model->pool->look_packed(piece.offset, piece.bytes, &plain, error);
  return status != EP_OK ? status : ep::seal(piece.name, plain, sealed, error);
}

int32_t ep_model_unseal_piece(ep_model* model, uint32_t place, uint32_t number, const void* sealed,
                              uint64_t size_bytes, ep_error* error) {
  ep::SealedPiece piece = {};
  int32_t status = ep::find_piece(model, place, number, size_bytes, &piece, error);
  if (status != EP_OK) return status;
  std::vector<ep::MemorySpan> plain;
  status = model->pool->open_packed(piece.offset, piece.bytes, &plain, error);
  if (status == EP_OK) status = ep::unseal(piece.name, sealed, size_bytes, plain, error);
  if (status == EP_OK) model->pool->have_packed(piece.bytes);
  return status;
}

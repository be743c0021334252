// Packed models, piece by piece, sealed for places outside of the process.
//
// A piece whose bytes have not changed since it was sealed is not sealed again: it stays under the
// generation of the parking that it was sealed in. What a place may bring back is thus exactly one
// piece for each number, and which one that is stands in the model, which never leaves the process.
#include <cinttypes>

#include "error.hpp"
#include "model.hpp"
#include "pool_state.hpp"
#include "seal.hpp"

namespace ep {
namespace {

/** A piece of the parking that there is now, and where its bytes begin in the packed model. */
struct SealedPiece {
  PieceName name;
  uint64_t offset;
};

int32_t find_piece(ep_model* model, uint32_t place, uint32_t number, SealedPiece* out,
                   ep_error* error) {
  if (model->pool == nullptr) {
    return fail(error, EP_E_STATE, "model %s: has no pool of its own, so it is never parked",
                model->name);
  }
  Block block = {};
  if (place >= kMaxPlaces || number >= kMaxPieces || !model->pool->find_block(number, &block)) {
    return fail(error, EP_E_ARGUMENT, "model %s: has no piece %u for place %u", model->name, number,
                place);
  }
  ep_parking parking = {};
  ep_model_get_parking(model, &parking);
  out->name = {model->number, parking.generation, parking.live_bytes, block.bytes, place, number};
  out->offset = block.offset;
  return EP_OK;
}

int32_t check_size(const ep_model* model, const SealedPiece& piece, uint64_t size_bytes,
                   ep_status status, ep_error* error) {
  const uint64_t sealed_bytes = piece.name.bytes + EP_SEAL_BYTES;
  if (size_bytes == sealed_bytes) return EP_OK;
  return fail(error, status, "model %s: piece %u has %" PRIu64 " bytes, not %" PRIu64, model->name,
              piece.name.number, sealed_bytes, size_bytes);
}

/** Null: it was never sealed for this place, or the model was of another size then. */
KnownPiece* known_piece(ep_model* model, const PieceName& name) {
  if (name.number >= model->pieces.size()) return nullptr;
  KnownPiece& known = model->pieces[name.number];
  const bool same = known.name.place == name.place && known.name.bytes == name.bytes &&
                    known.name.live_bytes == name.live_bytes;
  return known.parking != 0 && same ? &known : nullptr;
}

void know_piece(ep_model* model, const PieceName& name, const Fingerprint& fingerprint) {
  if (name.number >= model->pieces.size()) model->pieces.resize(name.number + 1);
  model->pieces[name.number] = {name, fingerprint, name.generation};
}

}  // namespace
}  // namespace ep

uint64_t ep_model_sealed_bytes(ep_model* model, uint32_t number) {
  ep::Block block = {};
  const bool found = model->pool != nullptr && model->pool->find_block(number, &block);
  return found ? block.bytes + EP_SEAL_BYTES : 0;
}

int32_t ep_model_seal_piece(ep_model* model, uint32_t place, uint32_t number, void* sealed,
                            uint64_t size_bytes, ep_error* error) {
  ep::SealedPiece piece = {};
  int32_t status = ep::find_piece(model, place, number, &piece, error);
  if (status == EP_OK) status = ep::check_size(model, piece, size_bytes, EP_E_ARGUMENT, error);
  if (status != EP_OK) return status;
  std::vector<ep::MemorySpan> plain;
  ep::Fingerprint fingerprint = {};
  status = model->pool->look_packed(piece.offset, piece.name.bytes, &plain, error);
  if (status == EP_OK) status = ep::fingerprint(plain, &fingerprint, error);
  if (status == EP_OK) status = ep::seal(piece.name, plain, sealed, error);
  if (status == EP_OK) ep::know_piece(model, piece.name, fingerprint);
  return status;
}

int32_t ep_model_keep_piece(ep_model* model, uint32_t place, uint32_t number, uint32_t* kept,
                            ep_error* error) {
  *kept = 0;
  ep::SealedPiece piece = {};
  int32_t status = ep::find_piece(model, place, number, &piece, error);
  if (status != EP_OK) return status;
  std::vector<ep::MemorySpan> plain;
  status = model->pool->look_packed(piece.offset, piece.name.bytes, &plain, error);
  ep::KnownPiece* const known = ep::known_piece(model, piece.name);
  if (status != EP_OK || known == nullptr) return status;
  ep::Fingerprint fingerprint = {};
  status = ep::fingerprint(plain, &fingerprint, error);
  if (status != EP_OK || fingerprint != known->fingerprint) return status;
  known->parking = piece.name.generation;
  *kept = 1;
  return EP_OK;
}

int32_t ep_model_unseal_piece(ep_model* model, uint32_t place, uint32_t number, const void* sealed,
                              uint64_t size_bytes, ep_error* error) {
  ep::SealedPiece piece = {};
  int32_t status = ep::find_piece(model, place, number, &piece, error);
  if (status == EP_OK) status = ep::check_size(model, piece, size_bytes, EP_E_SEAL, error);
  if (status != EP_OK) return status;
  const ep::KnownPiece* const known = ep::known_piece(model, piece.name);
  if (known == nullptr || known->parking != piece.name.generation) {
    return ep::fail(error, EP_E_SEAL, "model %s: piece %u was not sealed for place %u", model->name,
                    number, place);
  }
  std::vector<ep::MemorySpan> plain;
  status = model->pool->open_packed(piece.offset, piece.name.bytes, &plain, error);
  if (status == EP_OK) status = ep::unseal(known->name, sealed, size_bytes, plain, error);
  if (status == EP_OK) model->pool->have_packed(piece.name.bytes);
  return status;
}

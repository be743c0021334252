// Parked models that leave the process sealed: what comes back to the bit is taken, all else is
// refused, and a model whose bytes are lost is loaded again as if it had never been there.
#include "seal.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <set>

#include "model.hpp"
#include "runtime_support.hpp"

namespace ep_test {
namespace {

constexpr uint64_t kMib = 1024 * 1024;
constexpr uint64_t kPatienceNs = 2'000'000'000;
constexpr uint32_t kPlace = 3;

using Piece = std::vector<uint8_t>;

ep_parking parking_of(ep_model* model) {
  ep_parking parking = {};
  ep_model_get_parking(model, &parking);
  return parking;
}

void pack(ep_model* model) {
  ep_error error = {};
  ASSERT_EQ(ep_model_park(model, kPatienceNs, &error), EP_OK) << error.message;
  ASSERT_EQ(ep_model_pack(model, &error), EP_OK) << error.message;
}

std::vector<Piece> seal_all(ep_model* model, uint32_t place = kPlace) {
  const uint64_t bytes = parking_of(model).live_bytes;
  std::vector<Piece> pieces((bytes + EP_SEALED_PIECE_BYTES - 1) / EP_SEALED_PIECE_BYTES);
  for (uint32_t i = 0; i < pieces.size(); ++i) {
    Piece& piece = pieces[i];
    piece.resize(ep_model_sealed_bytes(model, i));
    ep_error error = {};
    EXPECT_EQ(ep_model_seal_piece(model, place, i, piece.data(), piece.size(), &error), EP_OK)
        << error.message;
  }
  EXPECT_EQ(ep_model_sealed_bytes(model, static_cast<uint32_t>(pieces.size())), 0U);
  return pieces;
}

int32_t unseal(ep_model* model, uint32_t number, const Piece& piece, ep_error* error = nullptr) {
  return ep_model_unseal_piece(model, kPlace, number, piece.data(), piece.size(), error);
}

bool keeps(ep_model* model, uint32_t place, uint32_t number) {
  uint32_t kept = 9;
  ep_error error = {};
  EXPECT_EQ(ep_model_keep_piece(model, place, number, &kept, &error), EP_OK) << error.message;
  return kept == 1;
}

/** Seals those anew that have changed; returns their numbers. */
std::set<uint32_t> seal_changed(ep_model* model, std::vector<Piece>* pieces) {
  std::set<uint32_t> changed;
  for (uint32_t i = 0; i < pieces->size(); ++i) {
    if (keeps(model, kPlace, i)) continue;
    Piece& piece = (*pieces)[i];
    piece.resize(ep_model_sealed_bytes(model, i));
    EXPECT_EQ(ep_model_seal_piece(model, kPlace, i, piece.data(), piece.size(), nullptr), EP_OK);
    changed.insert(i);
  }
  return changed;
}

class Sealed : public testing::Test {
 protected:
  void SetUp() override {
    path_ = shared_model("mobilenet_v1_0.25_128_quant.tflite");
    if (path_.empty()) path_ = repository() + "build/models/shapes.tflite";
    pool_ = make_pool("sealed", 64 * kMib);
  }
  void TearDown() override { destroy_pool(pool_); }

  void take_back(ep_model* model, const std::vector<Piece>& pieces) {
    ep_error error = {};
    for (uint32_t i = 0; i < pieces.size(); ++i) {
      ASSERT_EQ(unseal(model, i, pieces[i], &error), EP_OK) << error.message;
    }
    ASSERT_EQ(ep_model_restore(model, &error), EP_OK) << error.message;
    ASSERT_EQ(ep_pool_check(pool_, &error), EP_OK) << error.message;
  }

  std::string path_;
  ep_pool* pool_ = nullptr;
};

/** By how what is sealed was compressed. */
class SealedPieces : public Sealed, public testing::WithParamInterface<uint32_t> {
 protected:
  void SetUp() override {
    Sealed::SetUp();
    ep_error error = {};
    ASSERT_EQ(ep_region_compress(region(), GetParam(), &error), EP_OK) << error.message;
  }
  void TearDown() override {
    ep_region_compress(region(), EP_COMPRESSION_NONE, nullptr);
    Sealed::TearDown();
  }
};
INSTANTIATE_TEST_SUITE_P(Compressions, SealedPieces,
                         testing::Values(EP_COMPRESSION_NONE, EP_COMPRESSION_ZSTD));

TEST_P(SealedPieces, ComeBackToTheBitAndLookLikeNothingMeanwhile) {
  ep_model* const model = load(pool_, {path_});
  const std::string expected = run(model, 1, 1);
  uint64_t generation = 0;
  for (int round = 0; round < 3; ++round) {
    pack(model);
    EXPECT_GT(parking_of(model).generation, generation);
    generation = parking_of(model).generation;
    const std::vector<Piece> pieces = seal_all(model);
    Piece plain(pieces[0].size() - EP_SEAL_BYTES);
    ASSERT_EQ(ep_model_read_packed(model, 0, plain.data(), plain.size(), nullptr), EP_OK);
    const auto same = std::mismatch(plain.begin(), plain.end(), pieces[0].begin());
    EXPECT_LT(same.first - plain.begin(), 8);
    ASSERT_EQ(ep_model_send_away(model, nullptr), EP_OK);
    take_back(model, pieces);
    EXPECT_TRUE(run(model, 1, 1) == expected);
  }
  unload(model, true);
}

TEST_P(SealedPieces, AreRefusedWhereNotToTheBitWhatWasSealedAndTheRightOneStillTaken) {
  const uint64_t seed = test_seed();
  std::mt19937_64 random(seed);
  ep_model* const model = load(pool_, {path_});
  ep_pool* const other_pool = make_pool("other", 64 * kMib);
  ep_model* const other = load(other_pool, {path_});
  const std::string expected = run(model, 1, 1);
  pack(model);
  pack(other);
  const std::vector<Piece> former = seal_all(model);
  const std::vector<Piece> of_other = seal_all(other);
  ASSERT_EQ(ep_model_restore(model, nullptr), EP_OK);
  pack(model);
  const std::vector<Piece> elsewhere = seal_all(model, kPlace + 1);
  const std::vector<Piece> pieces = seal_all(model);
  ASSERT_EQ(ep_model_send_away(model, nullptr), EP_OK);

  for (uint32_t i = 0; i < pieces.size(); ++i) {
    ep_error error = {};
    EXPECT_EQ(unseal(model, i, former[i], &error), EP_E_SEAL);
    EXPECT_STREQ(error.message, ("piece " + std::to_string(i) +
                                 " of a sealed block: is not the one that was sealed here")
                                    .c_str());
    EXPECT_EQ(unseal(model, i, of_other[i]), EP_E_SEAL);
    EXPECT_EQ(unseal(model, i, elsewhere[i]), EP_E_SEAL);
    for (int times = 0; times < 20; ++times) {
      Piece altered = pieces[i];
      const uint64_t bit = times == 0 ? 0 : random() % (altered.size() * 8);
      altered[bit / 8] ^= static_cast<uint8_t>(1U << bit % 8);
      EXPECT_EQ(unseal(model, i, altered), EP_E_SEAL) << bit;
    }
    const Piece cut(pieces[i].begin(), pieces[i].end() - 1);
    EXPECT_EQ(unseal(model, i, cut), EP_E_SEAL);
    Piece longer = pieces[i];
    longer.push_back(0);
    EXPECT_EQ(unseal(model, i, longer), EP_E_SEAL);
    longer.resize(2 * EP_SEALED_PIECE_BYTES);
    EXPECT_EQ(unseal(model, i, longer), EP_E_SEAL);
    EXPECT_EQ(unseal(model, i, {}), EP_E_SEAL);
    if (i + 1 < pieces.size()) {
      EXPECT_EQ(unseal(model, i, pieces[i + 1]), EP_E_SEAL);
    }
    EXPECT_EQ(ep_model_restore(model, nullptr), EP_E_STATE);
    EXPECT_EQ(unseal(model, i, pieces[i], &error), EP_OK) << error.message;
  }
  EXPECT_EQ(ep_model_restore(model, nullptr), EP_OK);
  EXPECT_TRUE(run(model, 1, 1) == expected);
  unload(model, true);
  unload(other, true);
  destroy_pool(other_pool);
}

// Its weights are where they were, its arena is another one.
TEST_P(SealedPieces, NeedNotBeSealedAgainWhereNothingHasChanged) {
  const std::string several_pieces = repository() + "build/models/mobilenet_v3_small_int8.tflite";
  ep_model* const model = load(pool_, {several_pieces});
  const std::string expected = run(model, 1, 1);
  pack(model);
  const uint64_t bytes = parking_of(model).live_bytes;
  EXPECT_FALSE(keeps(model, kPlace, 0));
  std::vector<Piece> pieces = seal_all(model);
  for (uint64_t salt = 2; salt < 5; ++salt) {
    ASSERT_EQ(ep_model_send_away(model, nullptr), EP_OK);
    take_back(model, pieces);
    run(model, salt, 1);
    pack(model);
    ASSERT_EQ(parking_of(model).live_bytes, bytes);
    const std::vector<Piece> former = pieces;
    const std::set<uint32_t> changed = seal_changed(model, &pieces);
    EXPECT_GT(changed.size(), 0U);
    EXPECT_LT(changed.size(), pieces.size());
    ASSERT_EQ(ep_model_send_away(model, nullptr), EP_OK);
    for (uint32_t i = 0; i < pieces.size(); ++i) {
      Piece altered = pieces[i];
      altered[salt] ^= 1;
      EXPECT_EQ(unseal(model, i, altered), EP_E_SEAL);
      if (changed.count(i) != 0) {
        EXPECT_EQ(unseal(model, i, former[i]), EP_E_SEAL);
      }
      ASSERT_EQ(unseal(model, i, pieces[i]), EP_OK);
    }
    ASSERT_EQ(ep_model_restore(model, nullptr), EP_OK);
    EXPECT_TRUE(run(model, 1, 1) == expected);
    pack(model);
    seal_changed(model, &pieces);
  }
  // Who has it for one place has it for no other.
  EXPECT_TRUE(keeps(model, kPlace, 0));
  EXPECT_FALSE(keeps(model, kPlace + 1, 0));
  seal_all(model, kPlace + 1);
  EXPECT_FALSE(keeps(model, kPlace, 0));
  EXPECT_EQ(ep_model_restore(model, nullptr), EP_OK);
  unload(model, true);
}

// A place has it, and this parking has not asked for it.
TEST_F(Sealed, APieceOfAnEarlierParkingIsRefusedThoughNothingHasChanged) {
  ep_model* const model = load(pool_, {path_});
  pack(model);
  const std::vector<Piece> former = seal_all(model);
  ASSERT_EQ(ep_model_restore(model, nullptr), EP_OK);
  pack(model);
  ASSERT_EQ(ep_model_send_away(model, nullptr), EP_OK);
  ep_error error = {};
  EXPECT_EQ(unseal(model, 0, former[0], &error), EP_E_SEAL);
  EXPECT_NE(std::strstr(error.message, "piece 0 was not sealed for place 3"), nullptr)
      << error.message;
  unload(model, true);
}

TEST_F(Sealed, PiecesComeInOrderOfAPackedModelOnly) {
  ep_model* const model = load(pool_, {path_});
  Piece piece(EP_SEALED_PIECE_BYTES + EP_SEAL_BYTES);
  const auto seal = [&](uint32_t place, uint32_t number, uint64_t bytes) {
    return ep_model_seal_piece(model, place, number, piece.data(), bytes, nullptr);
  };
  EXPECT_EQ(seal(kPlace, 0, piece.size()), EP_E_ARGUMENT);
  pack(model);
  std::vector<Piece> pieces = seal_all(model);
  const auto count = static_cast<uint32_t>(pieces.size());
  EXPECT_EQ(seal(kPlace, 0, pieces[0].size() - 1), EP_E_ARGUMENT);
  EXPECT_EQ(seal(kPlace, count, piece.size()), EP_E_ARGUMENT);
  EXPECT_EQ(seal(256, 0, pieces[0].size()), EP_E_ARGUMENT);
  EXPECT_EQ(unseal(model, 0, pieces[0]), EP_E_STATE);
  ASSERT_EQ(ep_model_send_away(model, nullptr), EP_OK);
  EXPECT_EQ(seal(kPlace, 0, pieces[0].size()), EP_E_STATE);
  if (count > 1) {
    EXPECT_EQ(unseal(model, 1, pieces[1]), EP_E_ARGUMENT);
  }
  take_back(model, pieces);
  unload(model, true);
}

TEST_F(Sealed, AModelWhoseBytesAreLostIsForgottenAndLoadedAnew) {
  for (const uint32_t threads : {1U, 2U, 4U}) {
    // An emulator shows the calls of its own machine, not those that its threads are in.
    if (emulated() && threads > 1) continue;
    for (const ep_delegate delegate : {EP_DELEGATE_AUTO, EP_DELEGATE_NONE}) {
      SCOPED_TRACE(threads);
      const LoadSpec spec = {path_, delegate, threads};
      ep_model* lost = load(pool_, spec);
      const std::string expected = run(lost, 1, 1);
      pack(lost);
      const std::vector<Piece> pieces = seal_all(lost);
      ASSERT_EQ(ep_model_send_away(lost, nullptr), EP_OK);
      // In the middle of its way back, and before it. With a single piece it would be back.
      if (threads != 2 && pieces.size() > 1) {
        ASSERT_EQ(unseal(lost, 0, pieces[0]), EP_OK);
      }
      unload(lost, true);
      EXPECT_EQ(pool_stats(pool_).threads, 0U);
      EXPECT_EQ(pool_stats(pool_).mapped_bytes, 0U);
      ep_model* const again = load(pool_, spec);
      EXPECT_TRUE(run(again, 1, 1) == expected);
      unload(again, true);
    }
  }
}

TEST(Seal, FingerprintsTellBytesApartHoweverTheyLie) {
  char text[5] = {'h', 'e', 'l', 'l', 'o'};
  ep::Fingerprint whole = {};
  ep::Fingerprint parts = {};
  ASSERT_EQ(ep::fingerprint({{text, 5}}, &whole, nullptr), EP_OK);
  ASSERT_EQ(ep::fingerprint({{text, 2}, {text + 2, 3}}, &parts, nullptr), EP_OK);
  EXPECT_TRUE(whole == parts);
  for (int bit = 0; bit < 40; ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    ASSERT_EQ(ep::fingerprint({{text, 5}}, &parts, nullptr), EP_OK);
    EXPECT_FALSE(whole == parts) << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}

// The key is in no child: what it would seal there, or take for sealed, is another's.
TEST(Seal, IsOfThisProcess) {
  const ep::PieceName name = {1, ep::next_number(), 5, 5, kPlace, 0};
  char text[5] = {'h', 'e', 'l', 'l', 'o'};
  char back[5] = {};
  char sealed[sizeof text + EP_SEAL_BYTES];
  ep_error error = {};
  ASSERT_EQ(ep::seal(name, {{text, 2}, {text + 2, 3}}, sealed, &error), EP_OK) << error.message;
  ASSERT_EQ(ep::unseal(name, sealed, sizeof sealed, {{back, 1}, {back + 1, 4}}, &error), EP_OK);
  EXPECT_EQ(std::memcmp(text, back, sizeof text), 0);
  EXPECT_EQ(ep::unseal(name, sealed, sizeof sealed - 1, {{back, 5}}, &error), EP_E_SEAL);
  // An emulator's child has all of its parent's memory.
  if (emulated()) return;
  const pid_t child = fork();
  if (child == 0) {
    ep::unseal(name, sealed, sizeof sealed, {{back, 5}}, nullptr);
    _Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

}  // namespace
}  // namespace ep_test

// What lies packed in scattered chunks is compressed where it lies and comes back to the bit; what
// is not what was compressed writes nothing beyond its room.
#include "blocks.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "memory_support.hpp"

namespace {

using namespace ep_test;

constexpr uint64_t kGranule = 16 * kKib;

/** Chunks in an order of their own, as a pool may have them. */
class Scattered {
 public:
  Scattered(uint64_t bytes, std::mt19937_64* random)
      : memory_((bytes + kGranule - 1) / kGranule * kGranule) {
    std::vector<uint32_t> order(memory_.size() / kGranule);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), *random);
    for (const uint32_t first : order) runs_.push_back({first, 1});
  }
  ep::Strip strip() { return {runs_, kGranule, memory_.data()}; }
  std::vector<char> read(uint64_t bytes) {
    std::vector<char> out(bytes);
    strip().read(0, out.data(), bytes);
    return out;
  }
  /** As others leave what was given back. */
  void overwrite_behind(uint64_t bytes) {
    const std::vector<char> pattern(memory_.size() - bytes, '\xa5');
    strip().write(bytes, pattern.data(), pattern.size());
  }

 private:
  std::vector<char> memory_;
  std::vector<ep::Run> runs_;
};

std::vector<char> noise(uint64_t bytes, std::mt19937_64* random) {
  std::vector<char> out(bytes);
  for (char& each : out) each = static_cast<char>((*random)());
  return out;
}

class Compressed : public testing::TestWithParam<uint32_t> {
 protected:
  Compressed() { workspace_.memory = memory_.data(); }
  void SetUp() override {
    ep_error error{};
    ASSERT_EQ(ep::find_compressor(GetParam(), &compressor_, &error), EP_OK) << error.message;
  }
  ep::Blocks compress(const ep::Strip& strip, uint64_t live_bytes) {
    return ep::compress(strip, live_bytes, *compressor_, &workspace_);
  }
  bool expand(const ep::Strip& strip, const ep::Blocks& blocks) {
    return ep::expand(strip, blocks, *compressor_, &workspace_);
  }
  const ep::Compressor* compressor_ = nullptr;

 private:
  std::vector<char> memory_ = std::vector<char>(ep::Workspace::kBytes);
  ep::Workspace workspace_;
};

TEST_P(Compressed, BlocksBecomeSmallerOrStayAsTheyAreAndComeBack) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 6; ++round) {
    const uint64_t bytes = random() % (4 * ep::kBlockBytes) + 1;
    Scattered chunks(bytes, &random);
    std::vector<char> text = noise(bytes, &random);
    std::vector<bool> is_noise;
    for (uint64_t at = 0; at < bytes; at += ep::kBlockBytes) {
      const uint64_t part = std::min(ep::kBlockBytes, bytes - at);
      is_noise.push_back(random() % 2 == 0);
      if (!is_noise.back()) std::memset(text.data() + at, static_cast<int>(random() % 256), part);
    }
    chunks.strip().write(0, text.data(), bytes);
    const ep::Blocks blocks = compress(chunks.strip(), bytes);
    ASSERT_EQ(blocks.count(), is_noise.size());
    ASSERT_EQ(blocks.live_bytes(), bytes);
    uint64_t offset = 0;
    for (uint32_t i = 0; i < blocks.count(); ++i) {
      const ep::Block block = blocks.at(i);
      EXPECT_EQ(block.offset, offset);
      // A few bytes are less than what tells that they are compressed.
      if (block.live_bytes >= 64) {
        EXPECT_EQ(block.bytes == block.live_bytes, is_noise[i]) << i;
      }
      offset += block.bytes;
    }
    EXPECT_EQ(blocks.bytes(), offset);
    chunks.overwrite_behind(blocks.bytes());
    ASSERT_TRUE(expand(chunks.strip(), blocks));
    ASSERT_TRUE(chunks.read(bytes) == text) << round;
  }
}

TEST_P(Compressed, TheSameBytesBecomeTheSameBytes) {
  std::mt19937_64 random(test_seed());
  std::vector<char> text = noise(2 * ep::kBlockBytes, &random);
  for (char& each : text) each = static_cast<char>(each & 0x11);
  std::vector<char> first;
  for (int round = 0; round < 2; ++round) {
    Scattered chunks(text.size(), &random);
    chunks.strip().write(0, text.data(), text.size());
    const ep::Blocks blocks = compress(chunks.strip(), text.size());
    EXPECT_LT(blocks.bytes(), text.size());
    const std::vector<char> now = chunks.read(blocks.bytes());
    if (round == 1) {
      EXPECT_TRUE(now == first);
    }
    first = now;
  }
}

// The room is just as large as it is said to be: a sanitizer sees the first byte beyond it.
TEST_P(Compressed, NothingExpandsBeyondItsRoom) {
  std::mt19937_64 random(test_seed());
  const std::vector<char> zeros(ep::kBlockBytes);
  std::vector<char> packed(ep::kBlockBytes);
  const uint64_t bytes =
      compressor_->compress(zeros.data(), zeros.size(), packed.data(), 32 * kKib);
  ASSERT_GT(bytes, 0U);
  packed.resize(bytes);
  for (const uint64_t room : {uint64_t{1}, uint64_t{1000}, ep::kBlockBytes - 1}) {
    std::vector<char> out(room + 16, '\xee');
    EXPECT_FALSE(compressor_->expand(packed.data(), bytes, out.data(), room)) << room;
    for (uint64_t at = room; at < out.size(); ++at) ASSERT_EQ(out[at], '\xee') << room;
  }
  std::vector<char> whole(ep::kBlockBytes);
  EXPECT_FALSE(compressor_->expand(packed.data(), bytes - 1, whole.data(), whole.size()));
  EXPECT_FALSE(compressor_->expand(packed.data(), 0, whole.data(), whole.size()));
  std::vector<char> more(ep::kBlockBytes + 1);
  EXPECT_FALSE(compressor_->expand(packed.data(), bytes, more.data(), more.size()));
  for (int round = 0; round < 500; ++round) {
    std::vector<char> altered = round % 2 == 0 ? packed : noise(random() % 4096 + 1, &random);
    altered[random() % altered.size()] ^= static_cast<char>(1U << random() % 8);
    std::vector<char> out(random() % 4096 + 1);
    compressor_->expand(altered.data(), altered.size(), out.data(), out.size());
  }
  EXPECT_TRUE(compressor_->expand(packed.data(), bytes, whole.data(), whole.size()));
  EXPECT_TRUE(whole == zeros);
}

INSTANTIATE_TEST_SUITE_P(All, Compressed, testing::Values(EP_COMPRESSION_LZ4, EP_COMPRESSION_ZSTD),
                         [](const auto& info) {
                           return std::string(info.param == EP_COMPRESSION_LZ4 ? "lz4" : "zstd");
                         });

TEST(Compressors, ThereIsNoneForNoneAndNoneBeyondTheLast) {
  const ep::Compressor* compressor = nullptr;
  EXPECT_EQ(ep::find_compressor(EP_COMPRESSION_NONE, &compressor, nullptr), EP_OK);
  EXPECT_EQ(compressor, nullptr);
  ep_error error{};
  EXPECT_EQ(ep::find_compressor(3, &compressor, &error), EP_E_ARGUMENT);
  EXPECT_STREQ(error.message, "compression 3: there is no such; take 0 to 2");
}

}  // namespace

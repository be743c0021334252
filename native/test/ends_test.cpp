#include "ends.hpp"

#include <map>
#include <string>

#include "memory_support.hpp"
#include "pool.hpp"

namespace {

using namespace ep_test;

/** A recording, written block by block. */
class Story {
 public:
  Story& take(const std::string& name, uint64_t bytes) {
    next_ += bytes + 4096;
    at_[name] = next_;
    return add(EP_OP_ALLOC, next_, 0, bytes);
  }
  Story& give(const std::string& name) { return add(EP_OP_FREE, at_[name], 0, 0); }
  Story& resize(const std::string& name, uint64_t bytes, bool moves) {
    const uint64_t old = at_[name];
    if (moves) at_[name] = next_ += bytes + 4096;
    return add(EP_OP_RESIZE, at_[name], old, bytes);
  }

  /** `l` or `h` for each allocation and resize. */
  std::string ends() const {
    const trial::Ends ends = trial::choose_ends(records_);
    std::string out;
    for (uint32_t i = 0; i < ends.count; ++i) {
      out += (ends.bits[i / 8] >> i % 8 & 1) != 0 ? 'h' : 'l';
    }
    return out;
  }

 private:
  Story& add(ep_operation operation, uint64_t offset, uint64_t old, uint64_t bytes) {
    ep_record record{};
    record.operation = static_cast<uint8_t>(operation);
    record.offset_bytes = offset;
    record.old_offset_bytes = old;
    record.bytes = bytes;
    records_.push_back(record);
    return *this;
  }

  std::map<std::string, uint64_t> at_;
  std::vector<ep_record> records_;
  uint64_t next_ = 0;
};

TEST(Ends, WhatStaysLiesLowAndWhatGoesHigh) {
  EXPECT_EQ(Story().ends(), "");
  EXPECT_EQ(Story().take("a", 1000).take("b", 10).give("b").take("c", 10).ends(), "lhl");
  EXPECT_EQ(Story().take("a", 1000).take("b", 10).give("b").give("a").ends(), "hh");
}

TEST(Ends, AResizedBlockIsAnotherOneWhetherItMovesOrNot) {
  for (const bool moves : {false, true}) {
    EXPECT_EQ(Story().take("file", 9000).take("a", 100).resize("a", 200, moves).ends(), "lhl");
    EXPECT_EQ(Story().take("file", 9000).take("a", 1).resize("a", 2, moves).give("a").ends(),
              "lhh");
  }
}

TEST(Ends, GrowingScratchAlternatesSoThatItsLastLeavesRoomForWhatStays) {
  // 100, 200, 300 taken before the one in front is freed; 400 stays.
  const std::string ends = Story()
                               .take("a", 100)
                               .take("b", 200)
                               .give("a")
                               .take("c", 300)
                               .give("b")
                               .take("d", 400)
                               .give("c")
                               .ends();
  EXPECT_EQ(ends, "hlhl");
}

TEST(Ends, OfTwoThatBothGoTheOneIsLowDuringWhichNothingComesThatStays) {
  // "small" would lie above a low "a" and keep a hole below it.
  const std::string ends =
      Story().take("a", 500).take("small", 1).take("b", 600).give("a").give("b").ends();
  EXPECT_EQ(ends, "hll");
}

TEST(Ends, ThePoolLaysBlocksWhereTheBitsSay) {
  const RegionHandle region = make_region(8 * kMib);
  const PoolHandle pool = make_pool(region, "a", 4 * kMib, 4 * kMib);
  const uint8_t ends[] = {0b01010};  // low, high, low, high, and one resize: low
  ASSERT_EQ(ep_pool_place(pool.get(), ends, 5, nullptr), EP_OK);
  std::vector<char*> blocks;
  for (int i = 0; i < 4; ++i) {
    blocks.push_back(static_cast<char*>(ep_pool_alloc(pool.get(), 100 * kKib, 16)));
  }
  EXPECT_LT(blocks[0], blocks[2]);
  EXPECT_LT(blocks[2], blocks[3]);
  EXPECT_LT(blocks[3], blocks[1]);
  fill(blocks[0], 100 * kKib, 5);
  // The block behind is in the way: it moves, to the low end.
  char* const moved = static_cast<char*>(ep::pool_resize(pool.get(), blocks[0], 300 * kKib));
  EXPECT_TRUE(filled(moved, 100 * kKib, 5));
  EXPECT_GT(moved, blocks[2]);
  EXPECT_LT(moved, blocks[3]);
  ep_pool_free(pool.get(), blocks[1]);
  ep_pool_free(pool.get(), blocks[3]);
  ASSERT_EQ(ep_pool_trim(pool.get(), 0, nullptr), EP_OK);
  const ep_pool_stats stats = stats_of(pool);
  EXPECT_LT(stats.mapped_bytes, 550 * kKib);
  EXPECT_LE(stats.utilisation, 1.0) << "of the most that was mapped";
  expect_sound(pool);
  ep_error error{};
  EXPECT_EQ(ep_pool_place(pool.get(), nullptr, 1, &error), EP_E_ARGUMENT);
  EXPECT_EQ(ep_pool_place(pool.get(), nullptr, 0, &error), EP_OK);
}

}  // namespace

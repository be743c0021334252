#include "ends.hpp"

#include <algorithm>
#include <unordered_map>

namespace trial {
namespace {

constexpr uint32_t kStays = UINT32_MAX;
constexpr uint64_t kLargeShare = 32;  // from this part of the peak on, a block is large

struct Life {
  uint64_t bytes;
  uint32_t born;  // the operation's number
  uint32_t died;
  bool high;
};

bool overlap(const Life& earlier, const Life& later) { return later.born < earlier.died; }

/** In the order of birth; a resized block is another one. */
std::vector<Life> lives_of(const std::vector<ep_record>& records) {
  std::vector<Life> lives;
  std::unordered_map<uint64_t, size_t> at;
  for (uint32_t i = 0; i < records.size(); ++i) {
    const ep_record& record = records[i];
    const bool freed = record.operation == EP_OP_FREE;
    if (freed || record.operation == EP_OP_RESIZE) {
      const auto former = at.find(freed ? record.offset_bytes : record.old_offset_bytes);
      if (former != at.end()) {
        lives[former->second].died = i;
        at.erase(former);
      }
    }
    if (freed) continue;
    at[record.offset_bytes] = lives.size();
    lives.push_back({record.bytes, i, kStays, false});
  }
  return lives;
}

uint64_t peak_of(const std::vector<Life>& lives, size_t operations) {
  std::vector<int64_t> changes(operations);
  for (const Life& life : lives) {
    changes[life.born] += static_cast<int64_t>(life.bytes);
    if (life.died != kStays) changes[life.died] -= static_cast<int64_t>(life.bytes);
  }
  int64_t live = 0;
  int64_t peak = 0;
  for (const int64_t change : changes) peak = std::max(peak, live += change);
  return static_cast<uint64_t>(peak);
}

/** How many blocks that stay come while this one is there: above it, were it at the low end. */
size_t staying_during(const std::vector<Life>& lives, const Life& passing) {
  return static_cast<size_t>(std::count_if(lives.begin(), lives.end(), [&](const Life& life) {
    return life.died == kStays && life.born > passing.born && life.born < passing.died;
  }));
}

/** A scratch buffer grows by taking a larger piece before the smaller one is freed. At alternate
 *  ends each finds room for the price of the two largest; the last is high where one that stays
 *  comes in its life, else the end is last where fewer blocks that stay come above a low one. */
void alternate(const std::vector<Life>& lives, const std::vector<Life*>& chain, bool last_is_high) {
  size_t cost[2] = {0, 0};
  for (size_t i = 0; i < chain.size(); ++i) {
    cost[(chain.size() - 1 - i) % 2] += staying_during(lives, *chain[i]);
  }
  const size_t high = last_is_high || cost[1] <= cost[0] ? 0 : 1;
  for (size_t i = 0; i < chain.size(); ++i) {
    chain[i]->high = (chain.size() - 1 - i) % 2 == high;
  }
}

void settle_large(std::vector<Life>& lives, uint64_t large_bytes) {
  std::vector<Life*> chain;
  for (Life& life : lives) {
    if (life.bytes < large_bytes) continue;
    const bool follows = !chain.empty() && overlap(*chain.back(), life);
    const bool stays = life.died == kStays;
    if (!follows || stays) {
      alternate(lives, chain, follows && stays);
      chain.clear();
    }
    if (!stays) chain.push_back(&life);
  }
  alternate(lives, chain, false);
}

}  // namespace

Ends choose_ends(const std::vector<ep_record>& records) {
  std::vector<Life> lives = lives_of(records);
  for (Life& life : lives) life.high = life.died != kStays;
  settle_large(lives, peak_of(lives, records.size()) / kLargeShare);
  Ends ends = {std::vector<uint8_t>((lives.size() + 7) / 8), static_cast<uint32_t>(lives.size())};
  for (size_t i = 0; i < lives.size(); ++i) {
    if (lives[i].high) ends.bits[i / 8] |= static_cast<uint8_t>(1u << i % 8);
  }
  return ends;
}

}  // namespace trial

// Who is inside a model, and whether anybody may come in. A call costs one exchange on its way in
// and one on its way out.
#pragma once

#include <atomic>
#include <cstdint>

namespace ep {

class Gate {
 public:
  /** False iff it is shut. Waits while it is being tried, which takes as long as a look at the
   *  model's threads. May be entered again from inside. */
  bool enter() {
    uint32_t seen = state_.load(std::memory_order_relaxed);
    for (;;) {
      if (seen == kShut) return false;
      if (seen == kTried) {
        state_.wait(kTried);
        seen = state_.load(std::memory_order_relaxed);
      } else if (state_.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire,
                                              std::memory_order_relaxed)) {
        return true;
      }
    }
  }
  void leave() { state_.fetch_sub(1, std::memory_order_release); }

  /** Keeps everybody waiting until `shut` or `open`. False iff somebody is inside, or it is shut.
   */
  bool try_close() {
    uint32_t nobody = 0;
    return state_.compare_exchange_strong(nobody, kTried, std::memory_order_acquire,
                                          std::memory_order_relaxed);
  }
  void shut() { become(kShut); }
  void open() { become(0); }
  bool is_shut() const { return state_.load(std::memory_order_acquire) == kShut; }

 private:
  static constexpr uint32_t kShut = UINT32_MAX;
  static constexpr uint32_t kTried = UINT32_MAX - 1;

  void become(uint32_t state) {
    state_.store(state, std::memory_order_release);
    state_.notify_all();
  }

  std::atomic<uint32_t> state_{0};
};

}  // namespace ep

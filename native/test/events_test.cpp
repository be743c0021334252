#include "events.hpp"

#include <fcntl.h>

#include <array>
#include <atomic>
#include <thread>

#include "frames_fixture.hpp"

namespace {

using ep_test::Events;

ep_event numbered(uint64_t number) {
  ep_event event = {};
  event.kind = EP_EVENT_RESULT;
  event.tag = number;
  return event;
}

int bytes_waiting(const Events& events) {
  char bytes[64];
  return static_cast<int>(read(events.read_fd(), bytes, sizeof bytes));
}

TEST(Events, ComeOutInTheOrderTheyWentIn) {
  Events events(8);
  for (uint64_t round = 0; round < 5; ++round) {
    for (uint64_t i = 0; i < 6; ++i) ASSERT_TRUE(events.get()->try_push(numbered(round * 6 + i)));
    const std::vector<ep_event> drained = events.next();
    ASSERT_EQ(drained.size(), 6u);
    for (uint64_t i = 0; i < 6; ++i) EXPECT_EQ(drained[i].tag, round * 6 + i);
  }
}

TEST(Events, WriteOneByteWhenTheQueueStopsBeingEmpty) {
  Events events(8);
  EXPECT_FALSE(events.readable(0));
  for (uint64_t i = 0; i < 5; ++i) events.get()->try_push(numbered(i));
  EXPECT_EQ(bytes_waiting(events), 1);
  EXPECT_FALSE(events.readable(0));
}

TEST(Events, WakeTheReaderAgainForWhatItLeft) {
  Events events(8);
  for (uint64_t i = 0; i < 5; ++i) events.get()->try_push(numbered(i));
  EXPECT_EQ(events.next(3).size(), 3u);
  EXPECT_TRUE(events.readable(0));
  EXPECT_EQ(events.next(3).size(), 2u);
  EXPECT_FALSE(events.readable(0));
}

TEST(Events, RefuseWhatDoesNotFitAndKeepReservedPlaces) {
  Events events(4);
  ASSERT_TRUE(events.get()->reserve());
  ASSERT_TRUE(events.get()->reserve());
  EXPECT_TRUE(events.get()->try_push(numbered(1)));
  EXPECT_TRUE(events.get()->try_push(numbered(2)));
  EXPECT_FALSE(events.get()->try_push(numbered(3)));
  EXPECT_FALSE(events.get()->reserve());
  events.get()->push_reserved(numbered(4));
  events.get()->cancel();
  EXPECT_TRUE(events.get()->try_push(numbered(5)));
  std::array<ep_event, 8> out;
  ASSERT_EQ(ep_events_drain(events.get(), out.data(), out.size()), 4u);
  EXPECT_EQ(out[2].tag, 4u);
  EXPECT_EQ(out[3].tag, 5u);
}

TEST(Events, GiveTheReaderANonBlockingPipeThatChildrenDoNotInherit) {
  Events events(1);
  EXPECT_TRUE(fcntl(events.read_fd(), F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(events.read_fd(), F_GETFD) & FD_CLOEXEC);
}

TEST(Events, GoOnWithoutASignalWhenTheReaderHasClosedItsEnd) {
  Events events(8);
  events.close_reader();
  for (uint64_t i = 0; i < 4; ++i) EXPECT_TRUE(events.get()->try_push(numbered(i)));
  ep_event event;
  EXPECT_EQ(ep_events_drain(events.get(), &event, 1), 1u);
  EXPECT_EQ(events.left().size(), 3u);
}

TEST(Events, EndThePipeWhenTheyAreDestroyed) {
  ep_events* events = nullptr;
  int32_t read_fd = -1;
  ASSERT_EQ(ep_events_create(4, &events, &read_fd, nullptr), EP_OK);
  ep_events_destroy(events);
  char byte;
  EXPECT_EQ(read(read_fd, &byte, 1), 0) << "end of file";
  close(read_fd);
}

TEST(Events, RefuseACapacityOutOfRange) {
  ep_events* events = nullptr;
  int32_t read_fd = -1;
  ep_error error = {};
  EXPECT_EQ(ep_events_create(0, &events, &read_fd, &error), EP_E_ARGUMENT);
  EXPECT_EQ(ep_events_create(UINT32_MAX, &events, &read_fd, &error), EP_E_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("capacity"), std::string::npos);
  EXPECT_EQ(events, nullptr);
}

// Answers are reserved before and never lost; frames may be refused, and are counted then.
TEST(Events, LoseNoReservedEventUnderFourWritersAndASlowReader) {
  constexpr uint64_t kEach = 2000;
  Events events(16);
  std::atomic<uint64_t> refused{0};
  std::vector<std::thread> writers;
  for (uint64_t writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&events, &refused, writer] {
      for (uint64_t i = 0; i < kEach; ++i) {
        const bool reserved = writer < 2;
        if (reserved) {
          while (!events.get()->reserve()) std::this_thread::yield();
          events.get()->push_reserved(numbered(writer * kEach + i));
        } else if (!events.get()->try_push(numbered(writer * kEach + i))) {
          ++refused;
        }
      }
    });
  }
  std::vector<uint64_t> next(4, 0);
  uint64_t received = 0;
  bool ordered = true;
  while (received + refused < 4 * kEach) {
    if (!events.readable(1)) continue;
    const std::vector<ep_event> drained = events.next(5);
    for (const ep_event& event : drained) {
      const uint64_t writer = event.tag / kEach;
      const uint64_t i = event.tag % kEach;
      ordered = ordered && (writer < 2 ? i == next[writer] : i >= next[writer]);
      next[writer] = i + 1;
    }
    received += drained.size();
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_TRUE(ordered);
  EXPECT_EQ(received + refused, 4 * kEach);
  EXPECT_EQ(next[0], kEach);
  EXPECT_EQ(next[1], kEach);
}

}  // namespace

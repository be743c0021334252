// Stands before a server and hands on what it gets, each way, so much later: for a network on one
// machine, where the kernel has nothing that delays packets.
//
//   delay_relay ADDRESS PORT SERVER_PORT DELAY_US
//
// Listens on ADDRESS:PORT and talks to ADDRESS:SERVER_PORT, both IPv4. Says `ready`, and runs until
// it is killed. What is on its way is not bounded: the links before it are slower than memory.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/** What came in at one time; empty at the end. */
struct Parcel {
  Clock::time_point due;
  std::vector<char> bytes;
};

/** One way of a connection. */
class Way {
 public:
  Way(int from, int to, std::chrono::microseconds delay) : from_(from), to_(to), delay_(delay) {}

  void take_in() {
    std::vector<char> room(65536);
    for (bool more = true; more;) {
      const ssize_t count = recv(from_, room.data(), room.size(), 0);
      more = count > 0;
      const std::lock_guard lock(mutex_);
      parcels_.push_back({Clock::now() + delay_, {room.data(), room.data() + (more ? count : 0)}});
      came_.notify_one();
    }
  }

  void hand_on() {
    prctl(PR_SET_TIMERSLACK, 1UL);
    for (;;) {
      std::unique_lock lock(mutex_);
      came_.wait(lock, [&] { return !parcels_.empty(); });
      const Parcel parcel = std::move(parcels_.front());
      parcels_.pop_front();
      lock.unlock();
      std::this_thread::sleep_until(parcel.due);
      if (parcel.bytes.empty() || !send_all(parcel.bytes)) break;
    }
    shutdown(to_, SHUT_WR);
    shutdown(from_, SHUT_RD);
  }

 private:
  bool send_all(const std::vector<char>& bytes) const {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t count = send(to_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      if (count <= 0) return false;
      done += static_cast<size_t>(count);
    }
    return true;
  }

  const int from_;
  const int to_;
  const std::chrono::microseconds delay_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Parcel> parcels_;
};

sockaddr_in address_of(const char* address, const char* port) {
  sockaddr_in out = {};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<uint16_t>(std::atoi(port)));
  inet_pton(AF_INET, address, &out.sin_addr);
  return out;
}

int new_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return fd;
}

void send_at_once(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void serve(int client, const sockaddr_in& server, std::chrono::microseconds delay) {
  const int other = new_socket();
  send_at_once(client);
  send_at_once(other);
  if (connect(other, reinterpret_cast<const sockaddr*>(&server), sizeof server) == 0) {
    Way there(client, other, delay);
    Way back(other, client, delay);
    std::thread threads[] = {std::thread(&Way::take_in, &there), std::thread(&Way::hand_on, &there),
                             std::thread(&Way::take_in, &back), std::thread(&Way::hand_on, &back)};
    for (std::thread& thread : threads) thread.join();
  }
  close(client);
  close(other);
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) {
    std::fprintf(stderr, "usage: delay_relay ADDRESS PORT SERVER_PORT DELAY_US\n");
    return 2;
  }
  const sockaddr_in own = address_of(words[1], words[2]);
  const sockaddr_in server = address_of(words[1], words[3]);
  const std::chrono::microseconds delay(std::atoi(words[4]));
  const int listener = new_socket();
  if (bind(listener, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
      listen(listener, 16) != 0) {
    std::perror("delay_relay");
    return 1;
  }
  std::printf("ready\n");
  std::fflush(stdout);
  for (;;) {
    const int client = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    std::thread(serve, client, server, delay).detach();
  }
}

// What a service manager's socket receives.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "edgepool.h"

namespace {

/** A datagram socket of that name; `@` at its beginning makes it abstract. */
class Receiver {
 public:
  explicit Receiver(std::string name) : name_(std::move(name)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, sizeof address.sun_path - 1);
    const bool abstract = name_[0] == '@';
    if (abstract) address.sun_path[0] = '\0';
    const size_t bytes = offsetof(sockaddr_un, sun_path) + name_.size() + (abstract ? 0 : 1);
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), static_cast<socklen_t>(bytes)), 0);
  }
  ~Receiver() {
    close(fd_);
    if (name_[0] != '@') unlink(name_.c_str());
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  const char* name() const { return name_.c_str(); }

  /** The next datagram; empty where none waits. */
  std::string next() const {
    char bytes[256];
    const ssize_t count = recv(fd_, bytes, sizeof bytes, MSG_DONTWAIT);
    return count < 0 ? std::string() : std::string(bytes, static_cast<size_t>(count));
  }

 private:
  std::string name_;
  int fd_ = -1;
};

std::string unique(const char* kind) {
  return std::string(kind) + "edgepool-notify-" + std::to_string(getpid());
}

TEST(Notify, ReachesASocketWithAPath) {
  const Receiver receiver(testing::TempDir() + unique(""));
  EXPECT_EQ(ep_notify(receiver.name(), "READY=1\nSTATUS=all well", nullptr), EP_OK);
  EXPECT_EQ(receiver.next(), "READY=1\nSTATUS=all well");
  EXPECT_EQ(receiver.next(), "");
}

TEST(Notify, ReachesAnAbstractSocket) {
  const Receiver receiver(unique("@"));
  EXPECT_EQ(ep_notify(receiver.name(), "WATCHDOG=1", nullptr), EP_OK);
  EXPECT_EQ(receiver.next(), "WATCHDOG=1");
}

TEST(Notify, ANameThatIsNoSocketIsRefused) {
  ep_error error{};
  EXPECT_EQ(ep_notify("vsock:2:1", "READY=1", &error), EP_E_ARGUMENT);
  EXPECT_NE(std::string(error.message).find("vsock:2:1"), std::string::npos);
  const std::string too_long = "/" + std::string(sizeof sockaddr_un::sun_path, 'x');
  EXPECT_EQ(ep_notify(too_long.c_str(), "READY=1", &error), EP_E_ARGUMENT);
}

TEST(Notify, WhoeverDoesNotListenIsNamed) {
  ep_error error{};
  EXPECT_EQ(ep_notify("/no/such/socket", "READY=1", &error), EP_E_SYSTEM);
  EXPECT_NE(std::string(error.message).find("/no/such/socket"), std::string::npos);
}

TEST(Notify, AReceiverThatIsFullDoesNotHoldTheSender) {
  const Receiver receiver(unique("@full-"));
  int32_t status = EP_OK;
  for (int i = 0; i < 100000 && status == EP_OK; ++i) {
    status = ep_notify(receiver.name(), "WATCHDOG=1", nullptr);
  }
  EXPECT_EQ(status, EP_E_SYSTEM);
}

}  // namespace

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "error.hpp"

int32_t ep_notify(const char* address, const char* text, ep_error* error) {
  if (address == nullptr || text == nullptr) {
    return ep::fail(error, EP_E_ARGUMENT, "notify: no address or no text");
  }
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const size_t length = strlen(address);
  const bool abstract = address[0] == '@';
  if ((!abstract && address[0] != '/') || length >= sizeof to.sun_path) {
    return ep::fail(error, EP_E_ARGUMENT,
                    "notify: '%s' is no path and no abstract name (@...) of a Unix socket",
                    address);
  }
  memcpy(to.sun_path, address, length);
  if (abstract) to.sun_path[0] = '\0';
  // An abstract name ends where it is said to end, a path with its zero byte.
  const size_t name_bytes = abstract ? length : length + 1;
  const auto to_bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_bytes);
  const int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket_fd < 0) return ep::fail_errno(error, "socket", address);
  const ssize_t sent = sendto(socket_fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<const sockaddr*>(&to), to_bytes);
  const int32_t status = sent < 0 ? ep::fail_errno(error, "sendto", address) : EP_OK;
  close(socket_fd);
  return status;
}

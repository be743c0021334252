// Sets how many huge pages of 2 MiB the kernel keeps, for a user who may not: what a program lends
// of a region of reserved huge pages goes back to the system in this way alone.
//
//   edgepool-hugepages USER
//
// A service that is started by its socket (sd_listen_fds(3)): descriptor 3 is a Unix stream socket
// that listens. Whoever connects asks once and gets one line:
//
//   set COUNT        the kernel is to keep so many
//   COUNT MOST       what it keeps now, be that another number, and what may be asked for
//   refused: WHY     nothing has changed
//
// MOST is what there was when it was started first since the system was: it stands in the folder
// $RUNTIME_DIRECTORY, which outlives this program. It ends when nobody has asked for half a minute.
// Exit status: 0 then, 1 not set up as a service, 2 wrong usage.
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

namespace {

constexpr int kListening = 3;
constexpr int kQuietMs = 30000;
constexpr timeval kPatience = {1, 0};
constexpr size_t kLongestRequest = 32;
constexpr const char* kCount = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";

int fault(const std::string& what) {
  std::fprintf(stderr, "edgepool-hugepages: %s\n", what.c_str());
  return 1;
}

std::optional<uint64_t> read_number(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (!(file >> number)) return {};
  return number;
}

bool write_number(const std::string& path, uint64_t number) {
  std::ofstream file(path);
  file << number << std::flush;
  return file.good();
}

/** Noted before anybody can have asked for another number. */
std::optional<uint64_t> read_most(const std::string& folder) {
  const std::string noted = folder + "/most";
  if (access(noted.c_str(), F_OK) == 0) return read_number(noted);
  const std::optional<uint64_t> now = read_number(kCount);
  const std::string written = noted + ".new";
  if (!now || !write_number(written, *now)) return {};
  if (rename(written.c_str(), noted.c_str()) != 0) return {};
  return now;
}

/** Without its end; empty where it does not come in time, or is too long for a request. */
std::string read_line(int connection) {
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  char text[kLongestRequest];
  for (size_t filled = 0; filled < sizeof text;) {
    const ssize_t got = recv(connection, text + filled, sizeof text - filled, 0);
    if (got <= 0) return {};
    filled += static_cast<size_t>(got);
    const std::string_view line(text, filled);
    if (line.ends_with('\n')) return std::string(line.substr(0, filled - 1));
  }
  return {};
}

std::optional<uint64_t> parse_count(std::string_view request) {
  constexpr std::string_view kVerb = "set ";
  if (!request.starts_with(kVerb)) return {};
  request.remove_prefix(kVerb.size());
  uint64_t count = 0;
  const char* const end = request.data() + request.size();
  const auto [stop, error] = std::from_chars(request.data(), end, count);
  if (error != std::errc() || stop != end) return {};
  return count;
}

bool is_of(int connection, uid_t user) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == user;
}

struct Bounds {
  uid_t user;
  uint64_t most;
};

std::string answer(int connection, const Bounds& bounds) {
  const std::optional<uint64_t> count = parse_count(read_line(connection));
  if (!is_of(connection, bounds.user)) return "refused: it is for another user";
  if (!count) return "refused: no request; ask `set COUNT`";
  const std::string most = std::to_string(bounds.most);
  if (*count > bounds.most) {
    return "refused: " + std::to_string(*count) + " huge pages are more than the " + most +
           " that the system has started with";
  }
  if (!write_number(kCount, *count)) return std::string("refused: cannot write ") + kCount;
  const std::optional<uint64_t> now = read_number(kCount);
  if (!now) return std::string("refused: cannot read ") + kCount;
  return std::to_string(*now) + " " + most;
}

void serve(int connection, const Bounds& bounds) {
  const std::string line = answer(connection, bounds);
  if (line.starts_with("refused")) fault(line);
  // Whoever has not waited for it needs none.
  send(connection, (line + "\n").c_str(), line.size() + 1, MSG_NOSIGNAL);
  close(connection);
}

bool is_service() {
  const char* const process = std::getenv("LISTEN_PID");
  const char* const sockets = std::getenv("LISTEN_FDS");
  if (process == nullptr || sockets == nullptr) return false;
  return std::to_string(getpid()) == process && std::strcmp(sockets, "1") == 0;
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    std::fprintf(stderr, "usage: edgepool-hugepages USER\n");
    return 2;
  }
  const char* const folder = std::getenv("RUNTIME_DIRECTORY");
  if (!is_service() || folder == nullptr) {
    return fault("is a service of its socket: start edgepool-hugepages.socket");
  }
  const passwd* const user = getpwnam(words[1]);
  if (user == nullptr) return fault(std::string("there is no user ") + words[1]);
  const std::optional<uint64_t> most = read_most(folder);
  if (!most) return fault(std::string("cannot read ") + kCount + ", or note it in " + folder);

  const Bounds bounds = {user->pw_uid, *most};
  pollfd waiting = {kListening, POLLIN, 0};
  while (poll(&waiting, 1, kQuietMs) > 0) {
    const int connection = accept4(kListening, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) {
      serve(connection, bounds);
    } else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
      return fault(std::string("accept: ") + std::strerror(errno));
    }
  }
  return 0;
}

// Stops one thread of another process and keeps it so, while the others run on: what a thread
// looks like that hangs. For the board test.
//
//   hold THREAD SECONDS
//
// THREAD is the kernel's number of the thread; the main thread's is the process's. Ends with the
// thread, or after that time; then the thread goes on.

#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int count, char** words) {
  if (count != 3) {
    std::fprintf(stderr, "usage: hold THREAD SECONDS\n");
    return 2;
  }
  const auto thread = static_cast<pid_t>(std::atoi(words[1]));
  int status = 0;
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0 ||
      ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0 ||
      waitpid(thread, &status, __WALL) != thread) {
    std::perror("hold");
    return 1;
  }
  alarm(static_cast<unsigned>(std::atoi(words[2])));
  // Its end is waited for here: a process that is watched stays a zombie until the watcher looks.
  while (WIFSTOPPED(status) && waitpid(thread, &status, __WALL) == thread) {
  }
  return 0;
}

// One asset for each way in which a stage can go wrong, and a good one that must go right beside
// them. What each of them gets is in bad_stage_test.py.
// Runs in an executor only: by hand most of these would end the program, as they are meant to.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
#include <sys/wait.h>
#include <unistd.h>

#include <weir/weir.h>

namespace {

int good() { return 1; }

int throws_error() { throw std::runtime_error("the source said no"); }

int segfaults() {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
  return 1;
}

int calls_exit() { std::exit(7); }

int loops() {
  for (volatile unsigned turns = 0;;) turns = turns + 1;
}

int floods() {
  const std::string line(1023, 'x');
  for (int i = 0; i < 64 * 1024; ++i) std::puts(line.c_str());
  std::puts("the last line");
  return 1;
}

// The child keeps the pipes and ignores polite signals; it must not outlive the attempt.
int forks() {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGTERM, SIG_IGN);
    setsid();
    for (;;) pause();
  }
  std::printf("child %d\n", static_cast<int>(child));
  return static_cast<int>(child);
}

// The child comes back from the stage with a result of its own, before the parent does.
int returns_twice() {
  const pid_t child = fork();
  if (child == 0) return 1;
  waitpid(child, nullptr, 0);
  return 2;
}

weir::File writes_file(weir::Context& ctx) {
  const auto path = ctx.scratch() / "file";
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw std::runtime_error("no scratch directory");
  std::fputs("written", file);
  std::fclose(file);
  return {path};
}

// Ends by itself when it is told that nobody wants its result.
int polite(weir::Context& ctx) {
  // tidy:allow(sleep): what is asked for comes from outside, and only asking tells
  while (!ctx.canceled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  std::puts("put away");
  return 1;
}

// A process beside the executor, which a resource starts and stages use.
struct Server {
  pid_t pid = 0;
};

Server start_server() {
  const pid_t child = fork();
  if (child == 0) {
    for (;;) pause();
  }
  return {child};
}

int asks_server(const Server& server) {
  if (waitpid(server.pid, nullptr, WNOHANG) != 0) throw std::runtime_error("the server is dead");
  forks();
  return static_cast<int>(server.pid);
}

int leaks() {
  static std::vector<char*> kept;
  for (int i = 0; i < 64; ++i) {
    char* block = static_cast<char*>(std::malloc(1 << 20));
    for (int page = 0; page < 1 << 20; page += 4096) block[page] = 1;
    kept.push_back(block);
  }
  return static_cast<int>(kept.size());
}

weir::File returns_missing_file() { return {"/nonexistent/file"}; }

std::string large() { return std::string(200 * 1024, 'a'); }
int reads_large(const std::string& text) { return static_cast<int>(text.size()); }

int slow() {
  // tidy:allow(sleep): an attempt that is still running when it is cancelled
  std::this_thread::sleep_for(std::chrono::minutes(5));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using std::chrono::seconds;
  weir::Pipeline p("misbehave");
  p.asset("good", good);
  p.asset("throws_error", throws_error).retry({.max_attempts = 2});
  p.asset("segfaults", segfaults);
  p.asset("calls_exit", calls_exit);
  p.asset("loops", loops).timeout(seconds(2));
  p.asset("floods", floods);
  p.asset("forks", forks);
  p.asset("leaks", leaks);
  p.asset("returns_missing_file", returns_missing_file);
  auto value = p.asset("large", large);
  p.asset("reads_large", reads_large, value);
  p.asset("slow", slow);
  p.asset("returns_twice", returns_twice);
  p.asset("writes_file", writes_file);
  p.asset("polite", polite);
  auto server = p.resource("server", [](const weir::Start&) { return start_server(); });
  p.asset("asks_server", asks_server, server);
  return weir::main(p, argc, argv);
}

// A small module with a stage for every way in which an attempt can end. Driven by the tests beside
// it, by name; the order of the stages is part of what they know. It is a plain user program: it
// knows nothing of the tests.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weir/weir.h"

namespace {

struct Limits {
  int count = 3;
  std::string word = "x";
};
struct Position {
  int at = 0;
};
struct Counter {
  int made = 0;
};

// A process that lives until this one ends, and what it does is wait for that.
struct Server {
  int pid = 0;
};

using Numbers = std::vector<int>;

Numbers numbers(weir::Context& ctx, const Limits& limits) {
  Numbers out;
  for (int i = 0; i < limits.count; ++i) out.push_back(i);
  ctx.meta("rows", out.size());
  ctx.info("made numbers", {{"word", limits.word}});
  std::printf("printed by numbers\n");
  return out;
}

int sum(const Numbers& in) {
  int total = 0;
  for (const int value : in) total += value;
  return total;
}

std::string large(const int& total) { return std::string(200'000, char('a' + total % 26)); }

weir::Outcome<int> skipped() { return weir::skip("nothing new"); }

int throws() { throw std::runtime_error("no such table"); }

int permanent_failure() { throw weir::permanent("bad schema"); }

int again_later() { throw weir::retry_after(std::chrono::seconds(30), "429"); }

int odd_exception() { throw 7; }

int crashes() {
  std::printf("printed before the crash\n");
  std::raise(SIGSEGV);
  return 0;
}

int exits() { std::exit(7); }

int step(weir::Cursor<Position>& cursor, Counter& counter) {
  const int from = cursor.at().value_or(Position{}).at;
  cursor.advance({from + 10});
  return ++counter.made;
}

weir::File file(weir::Context& ctx) {
  const auto path = ctx.scratch() / "out.txt";
  std::ofstream(path) << "file contents";
  return {path};
}

std::string read_file(const weir::File& in) {
  std::ifstream stream(in.path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

int shouts(weir::Context& ctx) {
  ctx.info(std::string(50u << 20, 'x'));
  return 1;
}

std::string says_time(weir::Context& ctx, weir::ScheduledTime time) {
  ctx.meta("for", time.text());
  return time.text();
}

int start_waiting_process() {
  const int pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) ::pause();
}

int asks_server(const Server& server) {
  const int stray = start_waiting_process();
  ::kill(stray, SIGKILL);
  ::waitpid(stray, nullptr, 0);
  return server.pid;
}

// The forked process comes back first, with a result of its own.
int forks_and_returns(weir::Context& ctx) {
  const int child = ::fork();
  if (child == 0) {
    ctx.info("from the child");
    return 0;
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int until_canceled(weir::Context& ctx) {
  ::raise(SIGTERM);  // for one that never asked this would be the end; see asks_first
  return ctx.canceled() ? 1 : 0;
}

int asks_first(weir::Context& ctx) {
  if (ctx.canceled()) return 0;
  ::raise(SIGTERM);
  if (!ctx.canceled()) return 1;
  std::printf("put away\n");
  return 2;
}

constexpr int kCounted = 200'000;

int counts(weir::Context& ctx) {
  for (int i = 1; i <= kCounted; ++i) ctx.progress(i, kCounted);
  return 1;
}

int speaks_oddly(weir::Context& ctx) {
  ctx.progress(-5, 3);
  ctx.progress(0.0f / 0.0f, "\xED\xA0\x80\n" + std::string(1 << 20, 'x'));
  return 1;
}

int says_and_crashes(weir::Context& ctx) {
  ctx.progress(0.5, "half");
  std::raise(SIGSEGV);
  return 0;
}

weir::Verdict small(const int& value) {
  return weir::Verdict(value < 3).because("it is " + std::to_string(value)).meta("value", value);
}

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("sample");
  auto limits = p.params<Limits>("limits");
  auto counter = p.resource("counter", [](const weir::Start&) { return Counter{}; });
  auto made = p.asset("numbers", numbers, limits);                               // 0
  auto total = p.asset("sum", sum, made).check("small", small, weir::blocking);  // 1
  p.asset("large", large, total);                                                // 2
  p.asset("skipped", skipped);                                                   // 3
  p.asset("throws", throws);                                                     // 4
  p.asset("permanent_failure", permanent_failure);                               // 5
  p.asset("again_later", again_later);                                           // 6
  p.asset("odd_exception", odd_exception);                                       // 7
  p.asset("crashes", crashes);                                                   // 8
  p.asset("exits", exits);                                                       // 9
  p.asset("step", step, weir::cursor<Position>(), counter);                      // 10
  auto written = p.asset("file", file);                                          // 11
  p.asset("read_file", read_file, written);                                      // 12
  auto server = p.resource("server", [](const weir::Start&) {
    static_cast<void>(start_waiting_process());  // of which the first try is left
    if (std::getenv("SAMPLE_SERVER_TRIED") == nullptr) {
      ::setenv("SAMPLE_SERVER_TRIED", "1", 1);
      throw std::runtime_error("the port is in use");
    }
    return Server{start_waiting_process()};
  });
  p.asset("asks_server", asks_server, server);            // 13
  p.asset("forks_and_returns", forks_and_returns);        // 14
  p.asset("until_canceled", until_canceled);              // 15
  p.asset("asks_first", asks_first);                      // 16
  p.asset("shouts", shouts);                              // 17
  p.asset("counts", counts);                              // 18
  p.asset("speaks_oddly", speaks_oddly);                  // 19
  p.asset("says_and_crashes", says_and_crashes);          // 20
  p.asset("says_time", says_time, weir::scheduled_time);  // 21
  p.job("good", weir::select("numbers or file+")).cron("0 2 * * *");
  return weir::main(p, argc, argv);
}

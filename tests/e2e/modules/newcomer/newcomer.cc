// What a newcomer's module does in its first hour: a library or two, a secret for a client, a word
// on how far it is, a schedule, and a look at what the stage was started with.
// Built by CMakeLists.txt beside it, outside the library's tree. What each stage is to give stands
// in first_module_test.py.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <poll.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <weir/weir.h>

namespace {

struct Database {
  std::string dsn;
};

std::string uses_libraries() {
  spdlog::set_level(spdlog::level::off);
  const auto document = nlohmann::json::parse(R"({"rows": [1, 2, 3]})");
  return fmt::format("{} rows", document.at("rows").size());
}

std::string asks(const Database& database) { return "connected to " + database.dsn; }

std::string contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Everything that a stage and what it starts can see without asking, after a stage of the same
// process has asked.
std::string looks_around(const Database&) {
  std::string seen;
  for (char** entry = environ; *entry != nullptr; ++entry) seen += std::string(*entry) + "\n";
  seen += contents("/proc/self/environ") + contents("/proc/self/cmdline");
  seen += contents("/proc/" + std::to_string(getppid()) + "/environ");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> child(
      popen("env; ls -l /proc/self/fd; for f in /proc/[0-9]*/environ; do "
            "tr '\\0' '\\n' < $f | grep ^WEIR_; done 2>/dev/null",
            "r"),
      pclose);
  if (child == nullptr) throw weir::permanent("no child process");
  std::string line(4096, '\0');
  while (std::fgets(line.data(), static_cast<int>(line.size()), child.get()) != nullptr) {
    seen += line.c_str();
  }
  std::puts(seen.c_str());  // for a run by hand, which keeps no values
  return seen;
}

// Says how far it is, as often as it can, and then is silent until it is canceled.
int takes_its_time(weir::Context& ctx) {
  for (int i = 0; i < 100'000; ++i) ctx.progress(3, 10, "epoch 2 of 10");
  ctx.progress(3, 10, "epoch 3 of 10");
  while (!ctx.canceled()) poll(nullptr, 0, 10);
  return 1;
}

std::string says_time(weir::ScheduledTime time) { return time.text(); }

// With the holidays of a file that is there when the module is registered, and later no more.
weir::Schedule nightly(const char* holidays) {
  const auto schedule =
      weir::cron("0 2 * * mon-fri", "Europe/Berlin").jitter(std::chrono::minutes(2));
  if (holidays == nullptr) return schedule;
  return schedule.except(weir::ics_calendar("holidays", holidays));
}

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("newcomer");
  p.asset("uses_libraries", uses_libraries);
  p.asset("takes_its_time", takes_its_time);
  auto database = p.resource(
      "database", [](const weir::Start& start) { return Database{start.secret("dsn")}; });
  p.asset("asks", asks, database);
  p.asset("looks_around", looks_around, database);
  auto nowhere = p.resource(
      "nowhere", [](const weir::Start& start) { return Database{start.secret("unset")}; });
  p.asset("asks_in_vain", asks, nowhere).retry({.max_attempts = 5});
  p.asset("says_time", says_time, weir::scheduled_time)
      .freshness(weir::max_age(std::chrono::hours(26)).observe_only())
      .alert(weir::on_stale().to("team"));
  p.job("nightly", weir::select("says_time")).schedule(nightly(std::getenv("NEWCOMER_HOLIDAYS")));
  return weir::main(p, argc, argv);
}

// A module with one mistake in what it declares, chosen by the variable BROKEN; with another value
// there is none. A plain user program on one thread, driven by verbs_test.cc; it must not know of
// the tests.
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>
#include <sys/wait.h>
#include <unistd.h>

#include "weir/weir.h"

namespace {

struct Deep {
  std::vector<Deep> inside;
};

int aaa() { return 1; }

int exits() { std::exit(0); }

int child_exits() {
  const int pid = ::fork();
  if (pid == 0) std::exit(0);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

Deep deep() {
  Deep out;
  for (int i = 0; i < 200; ++i) {
    Deep outer;
    outer.inside.push_back(std::move(out));
    out = std::move(outer);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const variable = std::getenv("BROKEN");
  const std::string broken = variable == nullptr ? "" : variable;
  weir::Pipeline p("broken");
  p.asset("aaa", aaa);
  if (broken == "unknown_asset") p.job("nightly", weir::select("aab"));
  if (broken == "syntax") p.job("nightly", weir::select("aaa and ("));
  if (broken == "nothing") p.job("nightly", weir::select("aaa and not aaa"));
  if (broken == "name") p.asset(weir::name("Bad Name"), aaa);
  if (broken == "deep") p.params<Deep>("deep", deep());
  if (broken == "owner") p.asset("bbb", aaa).owner("M\xFCller");
  if (broken == "version") p.asset("bbb", aaa).version("\xFF");
  const auto nightly = [&p](weir::CronExpression when, weir::ZoneName zone) {
    return p.job("nightly", weir::select("aaa")).cron(when, zone);
  };
  if (broken == "cron") nightly(weir::cron_text("0 25 * * *"), "UTC");
  if (broken == "zone") nightly("0 2 * * *", weir::zone_name("Europe/Berln"));
  if (broken == "calendar") {
    nightly("@daily", "UTC")
        .schedule(weir::cron("0 2 * * *").except(weir::ics_calendar("holidays", "holidays.ics")));
  }
  if (broken == "child_exits") p.asset("bbb", child_exits);
  if (broken == "exits") p.asset("bbb", exits);
  return weir::main(p, argc, argv);
}

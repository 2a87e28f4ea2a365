// A job that runs every second and says for which: each of its runs makes a version of one asset,
// whose value is the time that the run is for. What passed while the scheduler was down is all made
// up for. Another one takes that time as members of a parameter and leaves holidays out.
#include <chrono>
#include <string>

#include <weir/weir.h>

namespace {

std::string said(const weir::ScheduledTime& at) { return at.text(); }

struct Window {
  std::chrono::year_month_day day{};
  std::string until{};
  int rows = 3;
};

std::string cut(const Window& window) {
  return std::to_string(unsigned(window.day.day())) + " until " + window.until + " rows " +
         std::to_string(window.rows);
}

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("recurring");
  auto time = p.asset("said", said, weir::scheduled_time);
  p.job("say", weir::upstream_of(time))
      .schedule(weir::cron("* * * * * *")
                    .named("each_second")
                    .overlap(weir::Overlap::kQueueAll)
                    .catch_up(weir::CatchUp::all())
                    .paused());
  const auto window = p.params<Window>("window");
  auto part = p.asset("part", cut, window);
  p.job("cut", weir::upstream_of(part))
      .schedule(weir::cron("30 2 * * *", "Asia/Tokyo")
                    .with(window, {.rows = 7})
                    .with(window, &Window::day, weir::scheduled_time)
                    .with(window, &Window::until, weir::scheduled_time)
                    .except(weir::Calendar{"holidays", {"2026-01-01", "2026-12-25"}})
                    .paused());
  return weir::main(p, argc, argv);
}

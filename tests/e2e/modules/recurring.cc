// A job that runs every second and says for which: each of its runs makes a version of one asset,
// whose value is the time that the run is for. What passed while the scheduler was down is all made
// up for.
#include <string>

#include <weir/weir.h>

namespace {

std::string said(const weir::ScheduledTime& at) { return at.text(); }

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
  return weir::main(p, argc, argv);
}

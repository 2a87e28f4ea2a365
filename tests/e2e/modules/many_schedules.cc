// SCHEDULES schedules of one job with one task that does nothing; all of them fire at the times of
// WEIR_BENCH_CRON, which is read when the module is described: what a minute costs in which all are
// due.
#include <cstdlib>
#include <string>

#include <weir/weir.h>

namespace {

int nothing() { return 1; }

}  // namespace

int main(int argc, char** argv) {
  const char* cron = std::getenv("WEIR_BENCH_CRON");
  weir::Pipeline p("many_schedules");
  auto made = p.asset("made", nothing);
  auto job = p.job("make", weir::upstream_of(made));
  for (int i = 0; i < SCHEDULES; ++i) {
    job.schedule(weir::cron(weir::cron_text(cron == nullptr ? "@yearly" : cron))
                     .named(weir::name("s" + std::to_string(i)))
                     .overlap(weir::Overlap::kAllow));
  }
  return weir::main(p, argc, argv);
}

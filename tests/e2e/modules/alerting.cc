// A job that fails when it is told to, after it has said something to its log: what alert_test.py
// tells others of. With ALERTING_TO it says itself who is told.
// Runs in an executor.
#include <cstdio>
#include <stdexcept>

#include <weir/weir.h>

namespace {

struct ReportParams {
  bool fail = false;
};

int report(const ReportParams& params) {
  std::fputs("looking at the source\n", stderr);
  if (params.fail) throw std::runtime_error("the source said no");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  weir::Pipeline p("alerting");
  auto params = p.params<ReportParams>("report");
  auto value = p.asset("value", report, params);
  const weir::Job daily = p.job("daily", weir::upstream_of(value));
#ifdef ALERTING_TO
  daily.alert(weir::on_failure().to(ALERTING_TO));
#else
  static_cast<void>(daily);
#endif
  return weir::main(p, argc, argv);
}

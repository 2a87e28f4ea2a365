// A worker without the rest of the weir binary: `worker_host SCHEDULER DATA SLOTS [DRAIN_MS
// [STAGE_USER]]`, and its supervisor under the hidden verb. SIGTERM drains it. For tests only: the
// token is fixed.
#include <cstring>
#include <string>
#include <thread>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/worker.h"

int main(int argc, char** argv) {
  using namespace weir::worker;
  if (argc > 1 && std::strcmp(argv[1], "supervisor") == 0) return supervisor_main(argc, argv);
  if (argc < 4) return 2;
  const std::string stage_user = argc > 5 ? argv[5] : "";
  auto supervisor = start_supervisor(stage_user);
  if (!supervisor.ok()) return 3;
  sigset_t mask;
  ::sigemptyset(&mask);
  ::sigaddset(&mask, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  WorkerOptions options;
  options.scheduler = argv[1];
  options.data_dir = argv[2];
  options.slots = ::atoi(argv[3]);
  options.token = "the-token";
  options.stage_user = stage_user;
  options.drain_max_ms = argc > 4 ? ::atoi(argv[4]) : 10'000;
  std::stop_source stop;
  std::jthread signals([&](std::stop_token ended) {
    while (!ended.stop_requested()) {
      timespec wait{0, 50'000'000};
      if (::sigtimedwait(&mask, nullptr, &wait) == SIGTERM) stop.request_stop();
    }
  });
  const weir::base::Status status =
      run_worker(options, std::move(supervisor).value(), stop.get_token());
  if (!status.ok()) ::fprintf(stderr, "%s\n", status.text().c_str());
  return status.ok() ? 0 : 1;
}

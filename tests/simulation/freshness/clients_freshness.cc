// What simulated people ask of freshness policies, and whoever brings the source tells of it: see
// clients.h. They know names and little more, so that some of it is refused. On the simulation's
// one thread.
#include "tests/simulation/clients.h"
#include "tests/simulation/freshness/freshness_world.h"

namespace weir::simulation {

using std::chrono::seconds;

void Clients::ask_for_freshness() {
  if (rng_.chance(0.5)) {
    engine::ObserveAsset command;
    command.asset = kFeed;
    command.version = std::to_string(rng_.below(1'000));
    if (rng_.chance(0.5)) {
      command.at = now_().wall - rng_.between(Duration(0), Duration(seconds(180)));
    }
    command.by = "feeder";
    return submit(make("observe", std::move(command)));
  }
  engine::PauseFreshness command;
  command.pause = rng_.chance(0.4);
  if (rng_.chance(0.6)) {
    const std::string stage = (rng_.chance(0.5) ? "p0_s" : "p1_s") + std::to_string(rng_.below(4));
    command.assets.push_back(stage);
  }
  command.by = "ops";
  submit(make("pause-freshness", std::move(command)));
}

}  // namespace weir::simulation

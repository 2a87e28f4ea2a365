// SimulationService: the world is read on a read thread, then simulated on the same one. One
// simulation at a time, so that the other read threads answer meanwhile; a second one is told to
// come back. Handlers hand over and return.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>

#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/rpc/simulation.h"
#include "weir/v1/simulation_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::size_t kQueuedRunsRead = 1'000;  // more of them are left out, and it says so

// A turn that ends with its owner.
class Turn {
 public:
  explicit Turn(std::atomic<bool>& taken) : taken_(taken), mine_(!taken.exchange(true)) {}
  ~Turn() {
    if (mine_) taken_.store(false);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  bool mine() const { return mine_; }

 private:
  std::atomic<bool>& taken_;
  const bool mine_;
};

bool asks_what_is_usual(const engine::AlertRuleRow& rule) { return rule.over_usual; }

// Of everything that the active modules make; of their jobs where a rule asks for it, which one of
// a module that is only tried may do too.
Status read_history(Backend& backend, const v1::SimulateRequest& request, dryrun::World& world) {
  const auto definitions = backend.catalog.definitions();
  if (!definitions.ok()) return definitions.status();
  std::vector<std::string> assets;
  for (const auto& [asset, definition] : (*definitions)->assets) assets.push_back(asset);
  auto durations = backend.reader.durations(assets);
  if (!durations.ok()) return durations.status();
  world.history.insert(std::make_move_iterator(durations->begin()),
                       std::make_move_iterator(durations->end()));
  const auto& rules = world.snapshot.alert_rules;
  const bool asked = std::any_of(rules.begin(), rules.end(), asks_what_is_usual);
  if (!asked && request.manifests().empty()) return {};
  std::vector<std::string> jobs;
  for (const auto& manifest : (*definitions)->manifests) {
    for (const module::JobSpec& job : manifest->jobs) {
      jobs.push_back(manifest->pipeline + "/" + job.name);
    }
  }
  auto taken = backend.reader.job_durations(jobs);
  if (!taken.ok()) return taken.status();
  world.job_history.insert(std::make_move_iterator(taken->begin()),
                           std::make_move_iterator(taken->end()));
  return {};
}

// The rows of queued runs, which a snapshot does not have.
Status read_queued(Backend& backend, dryrun::World& world, v1::SimulateResponse* response) {
  auto& queued = world.snapshot.queued;
  if (queued.size() > kQueuedRunsRead) {
    response->add_notes(std::to_string(queued.size() - kQueuedRunsRead) +
                        " of the queued runs are left out");
    queued.resize(kQueuedRunsRead);
  }
  for (const engine::QueuedRun& run : queued) {
    auto row = backend.reader.get_run(run.id);
    if (row.ok()) world.queued.push_back(std::move(row->run));
    // One that has gone since is none; the engine sets aside what it cannot read.
    if (!row.ok() && row.status().code() != Code::kNotFound) return row.status();
  }
  return {};
}

// By the whole digest or its beginning; modules that were replaced are kept.
Result<Against> module_of(Backend& backend, const std::string& digest) {
  std::vector<engine::Digest> found;
  ports::PageRequest page;
  page.size = ports::kPageSizeMax;
  do {
    const auto rows = backend.reader.list_modules(page);
    if (!rows.ok()) return rows.status();
    for (const engine::ModuleRow& row : rows->rows) {
      const bool meant =
          row.digest.hex().starts_with(digest) || (row.active && row.pipeline == digest);
      if (meant) found.push_back(row.digest);
    }
    page.after = rows->next;
  } while (!page.after.empty());
  if (found.size() == 1) return backend.catalog.manifest(found.front());
  return Status(found.empty() ? Code::kNotFound : Code::kInvalidArgument, base::kErrUnknownModule,
                (found.empty() ? "no registered module is '" : "several modules begin with '") +
                    digest + "'; `weir modules list` shows them");
}

Status answer(Backend& backend, const v1::SimulateRequest& request,
              v1::SimulateResponse* response) {
  if (request.alone()) return simulate_alone(request, response);
  dryrun::World world;
  auto snapshot = backend.reader.snapshot();
  if (!snapshot.ok()) return snapshot.status();
  world.snapshot = std::move(snapshot).value();
  world.now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  if (Status status = read_history(backend, request, world); !status.ok()) return status;
  if (Status status = read_queued(backend, world, response); !status.ok()) return status;
  Against against;
  if (!request.against().empty()) {
    auto found = module_of(backend, request.against());
    if (!found.ok()) return found.status();
    against = std::move(found).value();
  }
  return simulate(request, std::move(world), against, backend.zones, response);
}

class SimulationServiceImpl final : public v1::SimulationService::CallbackService {
 public:
  explicit SimulationServiceImpl(Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Simulate(grpc::CallbackServerContext* context,
                                     const v1::SimulateRequest* request,
                                     v1::SimulateResponse* response) override {
    return serve_read(backend_, context, [=, this]() -> Status {
      const Turn turn(taken_);
      if (!turn.mine()) {
        return {Code::kResourceExhausted, base::kErrLimit,
                "another simulation is going on; try again in some seconds"};
      }
      return answer(backend_, *request, response);
    });
  }

 private:
  Backend& backend_;
  std::atomic<bool> taken_{false};
};

}  // namespace

std::unique_ptr<grpc::Service> make_simulation_service(Backend& backend) {
  return std::make_unique<SimulationServiceImpl>(backend);
}

}  // namespace weir::rpc

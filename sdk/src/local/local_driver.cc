// The loop of a local run: command, step, rows, commit, then effects, in the order in which the
// scheduler does it. The one worker renews its leases by itself, because it cannot be lost without
// the loop being lost too.
#include "sdk/src/local/local_driver.h"

#include <random>
#include <system_error>
#include <stdlib.h>

#include "base/check.h"
#include "base/errors.h"
#include "engine/engine.h"
#include "sdk/src/local/local_worker.h"
#include "sdk/src/pipeline_manifest.h"

namespace weir::sdk_impl {
namespace {

using base::Code;
using base::Json;
using base::Result;
using base::Status;
using engine::CommandBody;

constexpr engine::SessionId kSession{1};
constexpr const char* kWorkerId = "local";
constexpr int kIdleJumpsMax = 10'000;  // a run that needs more waits for something that never comes

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::filesystem::filesystem_error("cannot make a temporary directory", pattern,
                                            std::error_code(errno, std::generic_category()));
  }
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() { remove_folder(path_); }

void remove_folder(const std::filesystem::path& path) {
  std::error_code error;
  // Stored trees are read-only for their owner too.
  for (auto at = std::filesystem::recursive_directory_iterator(path, error);
       !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
    if (!at->is_directory(error)) continue;
    std::filesystem::permissions(at->path(), std::filesystem::perms::owner_all,
                                 std::filesystem::perm_options::add, error);
  }
  std::filesystem::remove_all(path, error);
}

class LocalDriver::Impl {
 public:
  Impl(const impl::PipelineRecord& pipeline, LocalOptions options)
      : pipeline_(pipeline),
        options_(std::move(options)),
        runner_(pipeline),
        worker_(runner_, clock_, options_.on_log, options_.on_progress,
                std::clamp(options_.slots, 1, kLocalSlotsMax)) {}

  Status start() {
    auto manifest = std::make_shared<const module::Manifest>(manifest_of(pipeline_));
    if (Status status = module::validate_manifest(*manifest); !status.ok()) return status;
    engine::RegisterModules request;
    request.request.reply_to = 1;
    const std::string json = module::manifest_to_json(*manifest).dump();
    request.modules.push_back({base::sha256(json), json, manifest, {}});
    if (Status status = ask(std::move(request)).status; !status.ok()) return status;
    connect();
    return {};
  }

  Status give_asset(std::string_view asset, const impl::ValueCodec& codec,
                    const std::shared_ptr<const void>& value) {
    const std::string name(asset);
    auto encoded =
        encode_value("the given asset '" + name + "'", codec, value, target(), runner_.cache());
    if (!encoded.ok()) return encoded.status();
    const auto& tables = store_.tables();
    const engine::AssetRow* known = tables.assets.find(name);
    engine::AssetRow row = known != nullptr ? *known : engine::AssetRow{};
    row.name = name;
    row.type = encoded->ref.type;
    const engine::AssetPartition whole{name, ""};
    const engine::AssetPartitionRow* present = tables.asset_partitions.find(whole);
    engine::AssetPartitionRow current = present != nullptr ? *present : engine::AssetPartitionRow{};
    const auto& versions = tables.materializations.rows();
    current.key = whole;
    current.materialization = versions.empty() ? 1 : versions.rbegin()->first + 1;
    engine::MaterializationRow version;
    version.id = current.materialization;
    version.of = whole;
    version.value = encoded->ref;
    version.metadata = "{}";
    version.at = clock_.now().wall;
    write({artifact_row(encoded->ref, encoded->bytes), version, row, current});
    return reload();
  }

  Result<base::RunId> run(const std::string& selection, const std::string& job, const Json& params,
                          std::optional<base::WallTime> nominal) {
    engine::CreateRun request;
    request.request.reply_to = 1;
    request.spec.selection = selection;
    request.spec.job = job;
    request.spec.reason = "local run";
    request.spec.origin.nominal = nominal;
    for (const auto& [name, members] : params.members()) {
      request.spec.params[name] = members.dump();
    }
    const engine::Reply accepted = ask(std::move(request));
    if (!accepted.status.ok()) return accepted.status;
    const auto id = std::get<base::RunId>(accepted.payload);
    int idle_jumps = 0;
    while (!ended(id)) {
      if (Status status = wait_for_something(idle_jumps); !status.ok()) return status;
    }
    return id;
  }

  Result<std::shared_ptr<const void>> current(std::string_view asset,
                                              const impl::ValueCodec& codec) {
    const std::string name(asset);
    const engine::AssetPartitionRow* row = store_.tables().asset_partitions.find({name, ""});
    const auto* version =
        row == nullptr ? nullptr : store_.tables().materializations.find(row->materialization);
    if (version == nullptr) {
      return Status(Code::kNotFound, base::kErrNeverMaterialized,
                    "the asset '" + name + "' was never materialized");
    }
    return decode_value("the asset '" + name + "'", codec, wire_value(version->value),
                        runner_.cache());
  }

  const MemoryTables& tables() const { return store_.tables(); }
  StageRunner& runner() { return runner_; }
  const std::filesystem::path& folder() const { return directory_.path(); }

 private:
  ArtifactTarget target() const { return {directory_.path() / "artifacts", Sync::kQuick}; }

  static engine::ArtifactRow artifact_row(const engine::ValueRef& ref,
                                          std::shared_ptr<const std::string> bytes) {
    return {ref.digest, ref.size, ref.kind, std::move(bytes)};
  }

  bool ended(base::RunId id) const {
    const engine::RunRow* row = store_.tables().runs.find(id);
    return row == nullptr || engine::terminal(row->state);
  }

  void connect() {
    engine::ConnectWorker request;
    request.session = kSession;
    request.worker = {kWorkerId, kWorkerId, std::clamp(options_.slots, 1, kLocalSlotsMax), 0};
    request.held = worker_.held();
    step(std::move(request));
  }

  // Nothing can fail in memory: a failure here is a defect.
  void write(const std::vector<engine::Record>& records) {
    Status status = store_.begin();
    for (const engine::Record& record : records) {
      if (status.ok()) status = store_.write(record);
    }
    if (status.ok()) status = store_.commit(engine::Durability::kSync);
    CHECK_MSG(status.ok(), status.text());
  }

  Status reload() {
    auto snapshot = store_.restore();
    if (!snapshot.ok()) return snapshot.status();
    engine_.restore(*snapshot, clock_.now());
    connect();
    return {};
  }

  // A command that is answered.
  engine::Reply ask(CommandBody body) {
    std::vector<engine::Reply> replies = step(std::move(body));
    if (replies.empty()) return {0, Status(Code::kInternal, base::kErrInternal, "no reply")};
    return std::move(replies.front());
  }

  std::vector<engine::Reply> step(CommandBody body) {
    const engine::Command command{clock_.now(), random_(), std::move(body)};
    Status status = store_.begin();
    CHECK_MSG(status.ok(), status.text());
    // Large outputs stand in the artifact directory already: the store learns of them first.
    if (const auto* finished = std::get_if<engine::AttemptFinished>(&command.body)) {
      for (const engine::OutputValue& output : finished->outputs) {
        if (output.bytes != nullptr) continue;
        status = store_.write(artifact_row(output.value, nullptr));
        CHECK_MSG(status.ok(), status.text());
      }
    }
    const auto facts = store_.load(engine_.reads(command));
    CHECK_MSG(facts.ok(), facts.status().text());
    engine::Effects effects = engine_.step(command, *facts);
    for (const engine::Record& record : effects.records) {
      if (status.ok()) status = store_.write(record);
    }
    if (status.ok()) status = store_.commit(effects.durability);
    CHECK_MSG(status.ok(), status.text());
    publish(effects);
    return std::move(effects.replies);
  }

  void publish(const engine::Effects& effects) {
    if (options_.on_event) {
      for (const engine::Record& record : effects.records) {
        if (const auto* event = std::get_if<engine::EventRow>(&record)) options_.on_event(*event);
      }
    }
    for (const engine::Send& send : effects.sends) {
      if (const auto* assign = std::get_if<engine::Assign>(&send.message)) take(*assign);
      if (const auto* stop = std::get_if<engine::Stop>(&send.message)) worker_.stop(stop->key);
      // Revocation needs another worker, missing artifacts a directory of its own: neither exists
      // here.
      CHECK(!std::holds_alternative<engine::NeedArtifacts>(send.message));
    }
  }

  WireValue wire_value(const engine::ValueRef& ref) const {
    WireValue out;
    out.ref = ref;
    const engine::ArtifactRow* artifact = store_.tables().artifacts.find(ref.digest);
    if (artifact != nullptr) out.bytes = artifact->bytes;
    if (out.bytes != nullptr) return out;
    out.path = base::blob_path(target().artifact_dir.native(), ref.digest);
    return out;
  }

  void take(const engine::Assign& assign) {
    LocalWorker::Lease lease;
    lease.key = assign.key;
    lease.timeout = std::chrono::milliseconds(assign.timeout_ms);
    AttemptRequest& request = lease.request;
    request.stage = assign.stage;
    for (const engine::InputRef& input : assign.inputs) {
      AttemptInput given{input.present, input.state, input.reason, {}};
      if (input.present) given.value = wire_value(input.value);
      request.inputs.push_back(std::move(given));
    }
    request.params = assign.params;
    request.cursor_version = assign.cursor_version;
    if (assign.cursor.digest) request.cursor = wire_value(assign.cursor);
    request.scheduled_at = assign.scheduled_at;
    request.target = target();
    const std::string run = assign.key.run.text();
    request.info = {
        run,
        assign.job,
        assign.task,
        assign.try_number,
        assign.key.epoch,
        directory_.path() / "scratch" /
            (run + "-" + std::to_string(assign.key.task) + "-" + std::to_string(assign.key.epoch))};
    worker_.take(std::move(lease));
  }

  // Until a report comes or a deadline of the engine passes.
  Status wait_for_something(int& idle_jumps) {
    const engine::Deadlines deadlines = engine_.next_deadlines();
    const auto deadline = deadlines.wait(clock_.now());
    const base::Duration left = deadline.value_or(base::Duration::max());
    if (worker_.idle()) {
      if (!deadline || ++idle_jumps > kIdleJumpsMax) {
        return Status(Code::kInternal, base::kErrInternal,
                      "the run waits for something that cannot happen in a local run");
      }
      if (options_.skip_waiting) clock_.skip(left);
    } else {
      idle_jumps = 0;
    }
    const bool skipped = worker_.idle() && options_.skip_waiting;
    std::optional<std::chrono::steady_clock::time_point> until;
    if (deadline)
      until = std::chrono::steady_clock::now() + (skipped ? base::Duration::zero() : left);
    for (LocalReport& report : worker_.wait(until)) {
      std::visit(
          [this](auto&& body) {
            body.session = kSession;
            step(std::move(body));
          },
          std::move(report));
    }
    if (deadlines.passed(clock_.now())) {
      step(engine::Heartbeat{kSession, worker_.held()});
      step(engine::FireTimers{});
    }
    return {};
  }

  const impl::PipelineRecord& pipeline_;
  const LocalOptions options_;
  TemporaryDirectory directory_;
  LocalClock clock_;
  std::mt19937_64 random_{std::random_device{}()};  // seeds of commands
  MemoryStore store_;
  engine::Engine engine_;
  StageRunner runner_;
  LocalWorker worker_;  // last: its threads use what stands above
};

LocalDriver::LocalDriver(const impl::PipelineRecord& pipeline, LocalOptions options)
    : impl_(std::make_unique<Impl>(pipeline, std::move(options))) {}
LocalDriver::~LocalDriver() = default;

Status LocalDriver::start() { return impl_->start(); }

Status LocalDriver::give_asset(std::string_view asset, const impl::ValueCodec& codec,
                               const std::shared_ptr<const void>& value) {
  return impl_->give_asset(asset, codec, value);
}

Result<base::RunId> LocalDriver::run(const std::string& selection, const std::string& job,
                                     const Json& params, std::optional<base::WallTime> nominal) {
  return impl_->run(selection, job, params, nominal);
}

Result<std::shared_ptr<const void>> LocalDriver::current(std::string_view asset,
                                                         const impl::ValueCodec& codec) {
  return impl_->current(asset, codec);
}

const MemoryTables& LocalDriver::tables() const { return impl_->tables(); }
StageRunner& LocalDriver::runner() { return impl_->runner(); }
const std::filesystem::path& LocalDriver::folder() const { return impl_->folder(); }

}  // namespace weir::sdk_impl

// The assembly. Members of Parts stand in the order of construction, so that destruction is the
// reverse even when start() fails half-way; stop() does the same in an orderly manner. Nothing here
// decides anything about runs.
#include "scheduler/scheduler.h"

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <unistd.h>

#include "base/endpoint.h"
#include "module/platform.h"
#include "scheduler/access/access.h"
#include "scheduler/access/browser_passes.h"
#include "scheduler/alerts/alert_outbox.h"
#include "scheduler/alerts/sender.h"
#include "scheduler/alerts/watch.h"
#include "scheduler/http/server.h"
#include "scheduler/loop/loop.h"
#include "scheduler/rpc/server.h"
#include "scheduler/scheduler_health.h"
#include "scheduler/store/storage.h"
#include "scheduler/zones/zones.h"

namespace weir {
namespace {

engine::DiskChecked disk_of(const store::DiskGuard& guard) {
  const base::Status room = guard.admit();
  return {!room.ok(), room.message()};
}

}  // namespace

struct Scheduler::Parts {
  SchedulerOptions options;
  store::Storage storage;
  std::unique_ptr<access::Access> access;
  std::unique_ptr<access::BrowserPasses> browsers;
  std::unique_ptr<alerts::Sender> sender;
  std::unique_ptr<alerts::AlertOutbox> outbox;
  std::unique_ptr<rpc::Server> rpc;  // before the loop, whose messages it takes
  std::unique_ptr<loop::Loop> loop;
  std::unique_ptr<alerts::Watch> watch;
  std::unique_ptr<SchedulerHealth> health;
  std::unique_ptr<http::Server> http;
  base::Endpoint endpoint;
  bool published = false;
  bool stopped = false;
  std::jthread checker;

  base::Status open_storage();
  base::Status make_alerts();
  void make_rpc();
  void make_watch();
  std::vector<std::string> channels() const;  // that the operator has configured
  base::Status start_loop();
  base::Status start_servers();
  base::Status publish();
  void start_check();
  void remove_old_logs(const std::stop_token& stop);
};

base::Status Scheduler::Parts::open_storage() {
  store::StorageOptions wanted;
  std::error_code error;
  const auto absolute = std::filesystem::absolute(options.data_dir, error);
  wanted.path = error ? options.data_dir : absolute.lexically_normal().string();
  wanted.min_free_bytes = options.min_free_bytes;
  wanted.kept = options.kept;
  base::Result<store::Storage> opened = store::open_storage(wanted);
  if (!opened.ok()) return opened.status();
  storage = std::move(opened).value();
  const std::string& token = storage.directory->token();
  access = std::make_unique<access::Access>(token, storage.directory->token_file());
  browsers = std::make_unique<access::BrowserPasses>(token, loop::system_now);
  return {};
}

void Scheduler::Parts::make_rpc() {
  rpc::ServerOptions wanted;
  wanted.address = options.grpc_address;
  wanted.version = WEIR_VERSION;
  wanted.data_dir = storage.directory->path();
  wanted.artifact_dir = storage.directory->artifacts();
  wanted.host_id = module::host_id();
  wanted.store_generation = storage.store->generation();
  wanted.cancel_grace_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(options.engine.cancel_grace).count();
  wanted.file_bytes_max = options.file_bytes_max;
  wanted.alert_channels = channels();
  if (options.reader_stall_max) wanted.reader_stall_max = *options.reader_stall_max;
  wanted.started_at =
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  rpc = std::make_unique<rpc::Server>(std::move(wanted));
}

base::Status Scheduler::Parts::make_alerts() {
  alerts::Config config;
  if (!options.alerts_config.empty()) {
    auto read = alerts::read_config(options.alerts_config);
    if (!read.ok()) return read.status();
    config = std::move(*read);
  }
  alerts::SenderOptions from;
  from.config = std::move(config);
  from.secrets = alerts::Secrets::of_environment();
  from.logs = storage.logs.get();
  from.version = WEIR_VERSION;
  sender = std::make_unique<alerts::Sender>(std::move(from));
  alerts::AlertOutboxOptions wanted;
  wanted.deliver = [from = sender.get()](const engine::OutboxRow& row,
                                         const std::stop_token& stop) {
    return from->deliver(row.id, row.payload, stop);
  };
  wanted.clock = [] { return loop::system_now().wall; };
  outbox = std::make_unique<alerts::AlertOutbox>(std::move(wanted));
  return {};
}

std::vector<std::string> Scheduler::Parts::channels() const {
  std::vector<std::string> names;
  for (const auto& [name, channel] : sender->config().channels) names.push_back(name);
  return names;
}

void Scheduler::Parts::make_watch() {
  alerts::WatchOptions wanted;
  wanted.disk = [guard = storage.guard.get()] { return disk_of(*guard); };
  wanted.commands_taken = [from = loop.get()] { return std::uint64_t(from->stats().commands); };
  wanted.clock = [] { return loop::system_now().wall; };
  const alerts::HeartbeatConfig& heartbeat = sender->config().heartbeat;
  if (!heartbeat.to.url.empty() || !heartbeat.to.url_file.empty()) {
    wanted.every = heartbeat.every;
    wanted.beat = [from = sender.get()](const std::stop_token& stop) { return from->beat(stop); };
  }
  watch = std::make_unique<alerts::Watch>(std::move(wanted));
}

base::Status Scheduler::Parts::start_loop() {
  loop::LoopOptions wanted;
  wanted.engine = options.engine;
  wanted.zone = zones::load_zone;
  wanted.admission = [guard = storage.guard.get()] { return guard->admit(); };
  wanted.housekeeping = [store = storage.store.get()](base::Now now, bool idle) {
    // What could not be done now is tried at the next call; failures show in the store's counters.
    const base::Status done = store->housekeeping(now, idle);
    static_cast<void>(done);
  };
  loop = std::make_unique<loop::Loop>(std::move(wanted), *storage.store, rpc->session_sink(),
                                      storage.artifacts.get(), outbox.get());
  make_watch();
  health = std::make_unique<SchedulerHealth>(storage, *loop, *outbox, *watch, options.kept);
  health->set_channels(channels());
  const base::Status started = loop->start();
  if (!started.ok()) return started;
  health->set_quarantined(loop->quarantined());
  outbox->start(*loop);
  watch->start(*loop);
  return {};
}

base::Status Scheduler::Parts::start_servers() {
  rpc::Ports ports;
  ports.inbox = loop.get();
  ports.reader = storage.reader.get();
  ports.artifacts = storage.artifacts.get();
  ports.modules = storage.modules.get();
  ports.logs = storage.logs.get();
  ports.health = health.get();
  ports.access = access.get();
  ports.browsers = browsers.get();
  base::Status started = rpc->start(ports);
  if (!started.ok()) return started;
  http::ServerOptions wanted;
  wanted.address = options.http_address;
  wanted.channel = rpc->in_process_channel();
  wanted.access = access.get();
  wanted.browsers = browsers.get();
  wanted.healthy = [source = health.get()] { return source->writable(); };
  wanted.ready = [source = health.get()] { return source->admitting(); };
  if (options.reader_stall_max) wanted.reader_stall_max = *options.reader_stall_max;
  http = std::make_unique<http::Server>(std::move(wanted));
  started = http->start();
  if (started.ok()) rpc->set_http_address(http->address());
  return started;
}

base::Status Scheduler::Parts::publish() {
  endpoint.grpc = rpc->address();
  endpoint.http = http->address();
  endpoint.token_file = storage.directory->token_file();
  endpoint.data_dir = storage.directory->path();
  endpoint.pid = ::getpid();
  if (!options.publish_endpoint) return {};
  const base::Status written = base::publish_endpoint(endpoint);
  published = written.ok();
  return written;
}

void Scheduler::Parts::start_check() {
  checker = std::jthread([built = this](const std::stop_token& stop) {
    const auto fsync = store::probe_fsync_us(built->storage.directory->path());
    if (fsync.ok()) built->health->set_fsync_us(*fsync);
    if (!stop.stop_requested()) {
      built->health->set_checked(built->storage.reader->quick_check(stop));
    }
    built->remove_old_logs(stop);
  });
}

// Logs follow the rows of their runs, on this thread: files may be many, and the loop has no time.
void Scheduler::Parts::remove_old_logs(const std::stop_token& stop) {
  const auto gone = [this](engine::RunId run) {
    return storage.reader->get_run(run).status().code() == base::Code::kNotFound;
  };
  std::mutex mutex;
  std::condition_variable_any asked_to_stop;
  std::unique_lock lock(mutex);
  // The first time as late as rows go: a clock may have to be put right after the start.
  while (!asked_to_stop.wait_for(lock, stop, store::kSweepEvery, [] { return false; }) &&
         !stop.stop_requested()) {
    const base::WallTime before = loop::system_now().wall - options.kept.runs;
    health->set_logs_removed(storage.logs->remove_gone(before, gone, stop));
  }
}

base::Result<std::unique_ptr<Scheduler>> Scheduler::start(SchedulerOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->options = std::move(options);
  auto scheduler = std::make_unique<Scheduler>(Private{}, std::move(parts));
  Parts& built = *scheduler->parts_;
  base::Status status = built.open_storage();
  if (!status.ok()) return status;
  status = built.make_alerts();
  if (!status.ok()) return status;
  built.make_rpc();
  status = built.start_loop();
  if (status.ok()) status = built.start_servers();
  if (status.ok()) status = built.publish();
  if (!status.ok()) return status;
  built.start_check();
  return scheduler;
}

Scheduler::Scheduler(Private, std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Scheduler::~Scheduler() { stop(); }

std::string Scheduler::grpc_address() const { return parts_->rpc->address(); }
std::string Scheduler::http_address() const { return parts_->http->address(); }
std::string Scheduler::data_dir() const { return parts_->storage.directory->path(); }
std::string Scheduler::token_file() const { return parts_->storage.directory->token_file(); }
const std::string& Scheduler::token() const { return parts_->storage.directory->token(); }
std::string Scheduler::browser_address() {
  return access::browser_address(http_address(), parts_->browsers->make_code());
}
base::OpenLocalSession Scheduler::local_sessions() const { return parts_->rpc->local_sessions(); }

void Scheduler::stop() {
  if (std::exchange(parts_->stopped, true)) return;
  if (parts_->published) base::withdraw_endpoint(parts_->endpoint);
  parts_->checker.request_stop();
  if (parts_->http) parts_->http->stop();
  if (parts_->rpc) parts_->rpc->stop();
  if (parts_->watch) parts_->watch->stop();
  if (parts_->outbox) parts_->outbox->stop();
  if (parts_->loop) parts_->loop->stop();
  if (parts_->checker.joinable()) parts_->checker.join();
}

}  // namespace weir

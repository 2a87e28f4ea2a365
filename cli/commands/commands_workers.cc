// workers list|show|drain. A worker may be named by id, by the beginning of one, or by its name;
// a name that several share is refused rather than guessed.
// Main thread.
#include <map>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "base/names.h"
#include "cli/commands/commands.h"
#include "cli/paging.h"
#include "cli/values.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

struct WorkerArguments {
  std::string worker;
  std::string key;
  bool undo = false;
};

base::Result<v1::ListWorkersResponse> read_workers(client::Api& api) {
  return read_pages(
      v1::ListWorkersRequest(), 0, [&](const auto& page) { return api.list_workers(page); },
      [](v1::ListWorkersResponse& response) { return response.mutable_workers(); });
}

Cell worker_state(const v1::Worker& worker) {
  if (!worker.connected()) return {"away", Color::kRed};
  if (worker.draining()) return {"draining", Color::kYellow};
  return {"connected", Color::kGreen};
}

std::string value_text(const std::string& value) { return value; }
std::string value_text(std::int32_t value) { return std::to_string(value); }

// "gpu=2 zone=b", in the order of their names.
template <class Map>
std::string pairs_text(const Map& map) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : map) sorted[name] = value_text(value);
  std::string text;
  for (const auto& [name, value] : sorted) text += (text.empty() ? "" : " ") + name + "=" + value;
  return text;
}

int list(Invocation& invocation, const WorkerArguments&) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto workers = read_workers(**api);
  if (!workers.ok()) return invocation.fail(workers.status());
  std::vector<Column> columns{
      {"WORKER"}, {"NAME"}, {"STATE"}, {"BUSY", Align::kRight}, {"LAST SEEN"}};
  if (invocation.wide()) columns.insert(columns.end(), {{"LABELS"}, {"RESOURCES"}, {"VERSION"}});
  Listing listing(std::move(columns));
  listing.nothing = "no worker has ever connected; start one: weir worker --scheduler HOST:PORT";
  for (const v1::Worker& worker : workers->workers()) {
    std::vector<Cell> row{{worker.id()},
                          {worker.name()},
                          worker_state(worker),
                          {std::to_string(worker.leases()) + "/" + std::to_string(worker.slots())},
                          {time_cell(worker.last_seen())}};
    if (invocation.wide()) {
      row.push_back({pairs_text(worker.labels())});
      row.push_back({pairs_text(worker.resources())});
      row.push_back({worker.weir_version()});
    }
    listing.table.add(std::move(row));
    listing.names.push_back(worker.id());
    listing.items.push_back(&worker);
  }
  return invocation.print(listing, *workers);
}

// By id, name, or the unique beginning of an id.
base::Result<v1::Worker> find_worker(client::Api& api, const std::string& wanted) {
  const auto workers = read_workers(api);
  if (!workers.ok()) return workers.status();
  std::vector<std::string> names;
  std::vector<const v1::Worker*> matches;
  for (const v1::Worker& worker : workers->workers()) {
    if (worker.id() == wanted) return worker;
    if (worker.name() == wanted || worker.id().rfind(wanted, 0) == 0) matches.push_back(&worker);
    names.push_back(worker.name());
  }
  if (matches.size() == 1) return *matches.front();
  if (matches.size() > 1) {
    return Status(Code::kInvalidArgument, base::kErrAmbiguous,
                  "'" + wanted + "' means several workers; give the id: weir workers list");
  }
  return Status(Code::kNotFound, base::kErrUnknownWorker,
                "there is no worker '" + wanted + "'." + base::did_you_mean(wanted, names) +
                    " weir workers list names them");
}

int show(Invocation& invocation, const WorkerArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const base::Result<v1::Worker> worker = find_worker(**api, arguments.worker);
  if (!worker.ok()) return invocation.fail(worker.status());
  if (invocation.structured()) {
    invocation.print_json(message_json(*worker));
    return kExitOk;
  }
  if (invocation.options.output == OutputFormat::kName) {
    invocation.data(worker->id() + "\n");
    return kExitOk;
  }
  const Painter& paint = invocation.out_paint();
  const Cell state = worker_state(*worker);
  std::string text = paint(Color::kBold, "worker   ") + "  " + worker->id() + "\n" +
                     paint(Color::kBold, "name     ") + "  " + printable(worker->name()) + "\n" +
                     paint(Color::kBold, "state    ") + "  " + paint(state.color, state.text) +
                     "\n" + paint(Color::kBold, "slots    ") + "  " +
                     std::to_string(worker->leases()) + " of " + std::to_string(worker->slots()) +
                     " busy\n" + paint(Color::kBold, "last seen") + "  " +
                     time_cell(worker->last_seen()) + "\n";
  const auto line = [&](const std::string& name, const std::string& value) {
    if (value.empty()) return;
    text +=
        paint(Color::kBold, name + std::string(11 - name.size(), ' ')) + printable(value) + "\n";
  };
  line("labels", pairs_text(worker->labels()));
  line("resources", pairs_text(worker->resources()));
  line("platform",
       worker->architecture() + (worker->glibc().empty() ? "" : ", glibc " + worker->glibc()));
  line("version", worker->weir_version());
  line("limits", worker->limits());
  line("directory", worker->data_dir());
  line("host", worker->host_id());
  invocation.data(text);
  return kExitOk;
}

int drain(Invocation& invocation, const WorkerArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const base::Result<v1::Worker> worker = find_worker(**api, arguments.worker);
  if (!worker.ok()) return invocation.fail(worker.status());
  v1::DrainWorkerRequest request;
  request.set_idempotency_key(client::key_or_new(arguments.key));
  request.set_worker(worker->id());
  request.set_undo(arguments.undo);
  const auto answer = (*api)->drain_worker(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) invocation.print_json(message_json(*answer));
  if (invocation.options.output == OutputFormat::kName) invocation.data(worker->id() + "\n");
  invocation.note(arguments.undo ? "worker " + worker->name() + " takes work again"
                                 : "worker " + worker->name() +
                                       " takes no new work; what runs there "
                                       "finishes (undo: weir workers drain " +
                                       worker->name() + " --undo)");
  return kExitOk;
}

}  // namespace

void add_worker_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& workers = *app.add_subcommand("workers", "list, show and drain workers");
  workers.require_subcommand(1);
  const auto add = [&](const char* name, const char* help, bool one,
                       int (*command)(Invocation&, const WorkerArguments&)) {
    CLI::App& added = *workers.add_subcommand(name, help);
    auto arguments = std::make_shared<WorkerArguments>();
    if (one) added.add_option("WORKER", arguments->worker, "id, unique prefix or name")->required();
    added.callback([&invocation, &chosen, arguments, command] {
      chosen = [&invocation, arguments, command] { return command(invocation, *arguments); };
    });
    return std::pair<CLI::App*, std::shared_ptr<WorkerArguments>>(&added, arguments);
  };
  add("list", "all that ever connected", false, list);
  add("show", "one worker, with what its machine offers", true, show);
  auto [drain_command, drained] = add("drain", "give it no new work", true, drain);
  drain_command->add_flag("--undo", drained->undo, "give it work again");
  drain_command->add_option("--idempotency-key", drained->key,
                            "for scripts that repeat themselves");
}

}  // namespace weir::cli

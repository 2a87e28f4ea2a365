// db backup, db restore: copies of a data directory's database. Both work on the directory itself
// and ask no scheduler: a backup may be taken beside one that runs, a restore refuses to.
// Main thread.
#include <filesystem>
#include <memory>
#include <system_error>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/endpoint.h"
#include "cli/commands/commands.h"
#include "scheduler/store/backup.h"

namespace weir::cli {
namespace {

struct DbArguments {
  std::string data;
  std::string file;
};

std::string data_dir_of(const DbArguments& arguments) {
  return arguments.data.empty() ? base::default_data_dir() : arguments.data;
}

// Nothing was asked of a server: what goes wrong is a failure, not an unreachable scheduler.
int fail_here(Invocation& invocation, const base::Status& status) {
  invocation.fail(status);
  return status.code() == base::Code::kInvalidArgument ? kExitUsage : kExitFailed;
}

std::string missing_text(std::int64_t missing) {
  return missing == 0 ? std::string() : ", " + std::to_string(missing) + " of which are gone";
}

int backup(Invocation& invocation, const DbArguments& arguments) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(arguments.file, error);
  const std::string target = error ? arguments.file : absolute.lexically_normal().string();
  const std::string data = data_dir_of(arguments);
  const auto report = store::back_up(data, target);
  if (!report.ok()) return fail_here(invocation, report.status());
  if (invocation.structured()) {
    base::Json json(base::Json::Object{});
    json.set("file", target).set("bytes", report->bytes).set("lastSeq", report->last_seq);
    json.set("fileList", report->file_list).set("files", report->files);
    json.set("missing", report->missing);
    invocation.print_json(json);
    return kExitOk;
  }
  invocation.data(target + "\n");
  invocation.note("the database up to event " + std::to_string(report->last_seq) +
                  "; it refers to " + std::to_string(report->files) + " files" +
                  missing_text(report->missing) +
                  ", which are not in it. To keep them, too:\n  tar -C " + data +
                  " -cf FILES.tar --ignore-failed-read -T " + report->file_list);
  return kExitOk;
}

int restore(Invocation& invocation, const DbArguments& arguments) {
  const std::string data = data_dir_of(arguments);
  const auto report = store::restore_backup(arguments.file, data);
  if (!report.ok()) return fail_here(invocation, report.status());
  if (invocation.structured()) {
    base::Json json(base::Json::Object{});
    json.set("dataDir", data).set("lastSeq", report->last_seq);
    json.set("storeGeneration", std::to_string(report->generation));
    json.set("files", report->files).set("missing", report->missing);
    json.set("replaced", report->replaced);
    invocation.print_json(json);
    return kExitOk;
  }
  invocation.data(data + "\n");
  invocation.note("restored up to event " + std::to_string(report->last_seq) + "; it refers to " +
                  std::to_string(report->files) + " files" + missing_text(report->missing) +
                  ". What workers still report of before is stale." +
                  (report->replaced.empty()
                       ? ""
                       : "\nthe database that was there is kept as " + report->replaced));
  return kExitOk;
}

}  // namespace

void add_db_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& group = *app.add_subcommand("db", "copies of the database of a data directory");
  group.require_subcommand(1);
  const std::string data_help = "the data directory (default: " + base::default_data_dir() + ")";
  auto from = std::make_shared<DbArguments>();
  CLI::App& back_up = *group.add_subcommand("backup", "copy the database, also of one in use");
  back_up.add_option("FILE", from->file, "to be made; FILE.files lists what else to keep")
      ->required();
  back_up.add_option("--data", from->data, data_help);
  back_up.callback([&invocation, &chosen, from] {
    chosen = [&invocation, from] { return backup(invocation, *from); };
  });
  auto into = std::make_shared<DbArguments>();
  CLI::App& put_back = *group.add_subcommand(
      "restore", "put a backup in the database's place; no scheduler may run");
  put_back.add_option("BACKUP", into->file, "what `weir db backup` made")->required();
  put_back.add_option("--data", into->data, data_help)->required();
  put_back.callback([&invocation, &chosen, into] {
    chosen = [&invocation, into] { return restore(invocation, *into); };
  });
}

}  // namespace weir::cli

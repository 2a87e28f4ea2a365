// register, modules list, jobs list. Everything that can be wrong with a module on this machine is
// found before the scheduler is asked, so a bad module never half-arrives.
// Main thread; the module's `describe` runs as a child with limits.
#include <chrono>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands/commands.h"
#include "cli/paging.h"
#include "cli/text/duration.h"
#include "cli/values.h"
#include "sdk/client/api.h"
#include "sdk/client/module_bundle.h"
#include "sdk/client/registration.h"

namespace weir::cli {
namespace {

constexpr std::chrono::milliseconds kProgressEvery{200};

struct RegisterArguments {
  std::vector<std::string> paths;
  bool dry_run = false;
  bool allow_breaking = false;
  std::string key;
};

// "uploading 12.3 MiB of 40.0 MiB lib/libx.so", redrawn on a terminal; elsewhere one line a file.
class UploadProgress {
 public:
  explicit UploadProgress(Invocation& invocation) : invocation_(invocation) {}

  void operator()(std::string_view file, std::int64_t done, std::int64_t total) {
    if (invocation_.options.quiet || invocation_.options.console == ConsoleMode::kNone) return;
    if (!invocation_.rich()) {
      if (file != last_) invocation_.note("uploading " + std::string(file));
      last_ = file;
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (done < total && now - drawn_at_ < kProgressEvery) return;
    drawn_at_ = now;
    const std::string text =
        "uploading " + format_bytes(done) + " of " + format_bytes(total) + "  " + std::string(file);
    std::fprintf(stderr, "\r\x1b[K%s", cut(text, invocation_.err_width()).c_str());
    drawn_ = true;
  }

  void close() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
    drawn_ = false;
  }

 private:
  Invocation& invocation_;
  std::string last_;
  std::chrono::steady_clock::time_point drawn_at_{};
  bool drawn_ = false;
};

void print_change(Invocation& invocation, const v1::ModuleChange& change) {
  const Painter& paint = invocation.out_paint();
  std::string text = paint(Color::kBold, change.pipeline()) + "  " + change.module();
  if (change.unchanged()) {
    invocation.data(text + "  unchanged\n");
    return;
  }
  text +=
      change.replaces().empty() ? "  new pipeline\n" : "\n  replaces " + change.replaces() + "\n";
  const auto lines = [&](const auto& items, const char* sign, Color color) {
    for (const std::string& item : items) {
      text += "  " + paint(color, sign + printable(item)) + "\n";
    }
  };
  lines(change.added(), "+ ", Color::kGreen);
  lines(change.removed(), "- ", Color::kRed);
  lines(change.changed(), "~ ", Color::kYellow);
  lines(change.breaking(), "! breaking: ", Color::kRed);
  invocation.data(text);
}

int register_modules(Invocation& invocation, const RegisterArguments& arguments) {
  std::vector<client::ModuleBundle> bundles;
  for (const std::string& path : arguments.paths) {
    base::Result<client::ModuleBundle> bundle = client::load_bundle(path);
    if (!bundle.ok()) return invocation.fail(bundle.status());
    invocation.detail("'" + path + "' is pipeline " + bundle->manifest.pipeline + ", " +
                      count_of(static_cast<long long>(bundle->files.size()), "file") + ", module " +
                      bundle->digest.hex());
    bundles.push_back(std::move(*bundle));
  }
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  auto progress = std::make_shared<UploadProgress>(invocation);
  client::RegistrationOptions options;
  options.dry_run = arguments.dry_run;
  options.allow_breaking = arguments.allow_breaking;
  options.idempotency_key = arguments.key;
  options.progress = [progress](std::string_view file, std::int64_t done, std::int64_t total) {
    (*progress)(file, done, total);
  };
  const auto answer = client::register_bundles(**api, bundles, options);
  progress->close();
  if (!answer.ok()) return invocation.fail(answer.status());
  for (const std::string& warning : answer->warnings()) invocation.warn(warning);
  if (invocation.structured()) {
    invocation.print_json(message_json(*answer));
    return kExitOk;
  }
  for (const v1::ModuleChange& change : answer->changes()) {
    if (invocation.options.output == OutputFormat::kName) {
      invocation.data(change.module() + "\n");
    } else {
      print_change(invocation, change);
    }
  }
  invocation.note(arguments.dry_run
                      ? "nothing was changed (--dry-run)"
                      : "registered " + count_of(answer->changes_size(), "module") +
                            "; start one of its jobs: weir run JOB (weir jobs list names them)");
  return kExitOk;
}

int list_modules(Invocation& invocation) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto modules = read_pages(
      v1::ListModulesRequest(), 0, [&](const auto& page) { return (*api)->list_modules(page); },
      [](v1::ListModulesResponse& response) { return response.mutable_modules(); });
  if (!modules.ok()) return invocation.fail(modules.status());
  Listing listing({{"PIPELINE"},
                   {"MODULE"},
                   {"STATE"},
                   {"STAGES", Align::kRight},
                   {"SIZE", Align::kRight},
                   {"REGISTERED"},
                   {"SDK"}});
  listing.nothing = "there are no modules; register one: weir register ./PROGRAM";
  for (const v1::Module& module : modules->modules()) {
    long long bytes = 0;
    for (const v1::ModuleFile& file : module.files()) bytes += file.size_bytes();
    listing.table.add(
        {{module.pipeline()},
         {module.digest()},
         {module.active() ? "active" : "replaced", module.active() ? Color::kGreen : Color::kDim},
         {std::to_string(module.stage_count())},
         {format_bytes(bytes)},
         {time_cell(module.registered_at())},
         {module.sdk_version()}});
    listing.names.push_back(module.digest());
    listing.items.push_back(&module);
  }
  return invocation.print(listing, *modules);
}

int list_jobs(Invocation& invocation) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto jobs = read_pages(
      v1::ListJobsRequest(), 0, [&](const auto& page) { return (*api)->list_jobs(page); },
      [](v1::ListJobsResponse& response) { return response.mutable_jobs(); });
  if (!jobs.ok()) return invocation.fail(jobs.status());
  Listing listing({{"JOB"}, {"PRIORITY", Align::kRight}, {"SELECTION"}});
  listing.nothing =
      "there are no jobs; a module declares them with p.job(), and 'weir materialize "
      "SELECTION' runs anything without one";
  for (const v1::Job& job : jobs->jobs()) {
    listing.table.add({{job.name()}, {std::to_string(job.priority())}, {job.selection()}});
    listing.names.push_back(job.name());
    listing.items.push_back(&job);
  }
  return invocation.print(listing, *jobs);
}

}  // namespace

void add_module_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& command = *app.add_subcommand("register", "register modules, all or none");
  auto arguments = std::make_shared<RegisterArguments>();
  command.add_option("MODULE", arguments->paths, "module programs, or directories with one")
      ->required();
  command.add_flag("--dry-run", arguments->dry_run, "only print what would change");
  command.add_flag("--break", arguments->allow_breaking,
                   "even if it breaks consumers, which are then blocked");
  command.add_option("--idempotency-key", arguments->key, "for scripts that repeat themselves");
  command.callback([&invocation, &chosen, arguments] {
    chosen = [&invocation, arguments] { return register_modules(invocation, *arguments); };
  });

  CLI::App& modules = *app.add_subcommand("modules", "registered modules");
  modules.require_subcommand(1);
  modules.add_subcommand("list", "newest first")->callback([&invocation, &chosen] {
    chosen = [&invocation] { return list_modules(invocation); };
  });

  CLI::App& jobs = *app.add_subcommand("jobs", "jobs of registered modules");
  jobs.require_subcommand(1);
  jobs.add_subcommand("list", "by name")->callback([&invocation, &chosen] {
    chosen = [&invocation] { return list_jobs(invocation); };
  });
}

}  // namespace weir::cli

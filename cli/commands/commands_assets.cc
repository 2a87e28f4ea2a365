// assets list|show|lineage|get|observe. A value is decoded by the schema that travels with it, so
// no module is needed to look at it; files and trees are written as they come, never held in
// memory. Main thread.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "base/errors.h"
#include "cli/commands/commands.h"
#include "cli/display/freshness_text.h"
#include "cli/paging.h"
#include "cli/text/caller.h"
#include "cli/text/duration.h"
#include "cli/text/reference.h"
#include "cli/values.h"
#include "sdk/client/api.h"
#include "value/json.h"

namespace weir::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::Json;
using base::Status;

constexpr std::size_t kDecodedBytesMax = 256u << 20;  // of a value that is shown as JSON
constexpr int kVersionsShown = 10;

struct AssetArguments {
  std::string asset;
  std::string selection;
  std::string pipeline;
  std::string out;
  std::string at, version, key;
  int up = -1;
  int down = -1;
  bool all = false;
};

int list(Invocation& invocation, const AssetArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::ListAssetsRequest request;
  request.set_selection(arguments.selection);
  request.set_pipeline(arguments.pipeline);
  auto assets = read_pages(
      request, 0, [&](const auto& page) { return (*api)->list_assets(page); },
      [](v1::ListAssetsResponse& response) { return response.mutable_assets(); });
  if (!assets.ok()) return invocation.fail(assets.status());
  std::vector<Column> columns{
      {"ASSET"}, {"PIPELINE"}, {"MATERIALIZED"}, {"SIZE", Align::kRight}, {"RUN"}};
  if (invocation.wide())
    columns.insert(columns.end(), {{"VERSION"}, {"TYPE"}, {"OWNER"}, {"CHECKS"}});
  Listing listing(std::move(columns));
  listing.nothing = "there are no assets; register a module: weir register ./PROGRAM";
  for (const v1::Asset& asset : assets->assets()) {
    if (asset.retired() && !arguments.all) continue;
    const bool made = asset.has_latest();
    std::vector<Cell> row{{asset.name()},
                          {asset.pipeline()},
                          {made ? time_cell(asset.latest().at()) : "never"},
                          {made ? format_bytes(asset.latest().version().size_bytes()) : "-"},
                          {made ? asset.latest().run_id() : "-"}};
    if (invocation.wide()) {
      row.push_back({made ? asset.latest().version().digest() : "-"});
      row.push_back({asset.type()});
      row.push_back({asset.owner().empty() ? "-" : asset.owner()});
      row.push_back({std::to_string(asset.checks_size())});
    }
    listing.table.add(std::move(row));
    listing.names.push_back(asset.name());
    listing.items.push_back(&asset);
  }
  return invocation.print(listing, *assets);
}

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// "rows = 19999" for {"rows": {"kind": "int", "value": 19999}} and for {"rows": 19999}.
void add_metadata(std::string& text, const std::string& metadata, const std::string& asset) {
  const base::Result<Json> parsed = Json::parse(metadata);
  if (!parsed.ok()) return;
  const Json& scoped = (*parsed)[asset];
  for (const auto& [name, entry] : (scoped.is_object() ? scoped : *parsed).members()) {
    const Json& value = entry.is_object() && entry.contains("value") ? entry["value"] : entry;
    text += "    " + printable(name) + " = " +
            printable(value.is_string() ? value.as_string() : value.dump()) + "\n";
  }
}

std::string materialization_text(const Painter& paint, const v1::Materialization& from) {
  std::string text = paint(Color::kBold, "  " + std::to_string(from.id())) + "  " +
                     time_cell(from.at()) + "  " + format_bytes(from.version().size_bytes()) +
                     "  run " + from.run_id() + "\n    version " + from.version().digest() + "\n";
  for (const v1::InputVersion& input : from.inputs()) {
    const std::string partition = input.partition().empty() ? "" : "[" + input.partition() + "]";
    text += "    from " + input.asset() + printable(partition) + " " +
            std::to_string(input.materialization_id()) + "\n";
  }
  add_metadata(text, from.metadata_json(), from.asset());
  for (const v1::CheckResult& check : from.checks()) {
    const std::string word = check.passed() ? "passed" : "failed";
    text += "    check " + check.name() + " " +
            paint(check.passed() ? Color::kGreen : Color::kRed, word) +
            (check.reason().empty() ? "" : ": " + printable(check.reason())) + "\n";
  }
  return text;
}

// Nothing when it has no policy.
base::Result<std::optional<v1::Freshness>> freshness_of(client::Api& api,
                                                        const std::string& asset) {
  v1::GetFreshnessRequest request;
  request.set_asset(asset);
  const auto found = api.get_freshness(request);
  if (found.ok()) return std::optional(found->freshness());
  if (found.status().code() == Code::kNotFound) return std::optional<v1::Freshness>();
  return found.status();
}

// "pass until 2026-11-28 10:00:00 CET: at most 26 h old"
std::string freshness_line(const std::optional<v1::Freshness>& one) {
  if (!one) return "";
  std::string text = freshness_state(*one).text;
  if (one->has_next_change_at()) text += ", " + change_text(*one);
  return text + ": " + one->description();
}

std::string verified_line(const v1::Asset& asset) {
  if (!asset.has_verified_at()) return "";
  return time_cell(asset.verified_at()) +
         (asset.observed().empty() ? "" : ", version " + asset.observed());
}

int show(Invocation& invocation, const AssetArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetAssetRequest request;
  request.set_asset(unpaste(arguments.asset));
  const auto answer = (*api)->get_asset(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  const v1::Asset& asset = answer->asset();
  const auto freshness = freshness_of(**api, asset.name());
  if (!freshness.ok()) return invocation.fail(freshness.status());
  v1::ListMaterializationsRequest versions_request;
  versions_request.set_asset(asset.name());
  versions_request.set_page_size(kVersionsShown);
  // One from outside has none.
  const auto versions = asset.external() ? v1::ListMaterializationsResponse()
                                         : (*api)->list_materializations(versions_request);
  if (!versions.ok()) return invocation.fail(versions.status());
  if (invocation.structured()) {
    Json document = message_json(*answer);
    document.set("materializations", message_json(*versions)["materializations"]);
    invocation.print_json(document);
    return kExitOk;
  }
  if (invocation.options.output == OutputFormat::kName) {
    invocation.data(asset.name() + "\n");
    return kExitOk;
  }
  const Painter& paint = invocation.out_paint();
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty()) text += paint(Color::kBold, name) + "  " + printable(value) + "\n";
  };
  line("asset     ", asset.name());
  line("pipeline  ", asset.external() ? "none: it comes from outside"
                                      : asset.pipeline() + (asset.retired() ? " (retired)" : ""));
  line("note      ", asset.note());
  line("owner     ", asset.owner());
  line("group     ", asset.group());
  line("task      ", asset.task());
  line("depends on", joined(asset.depends_on()));
  line("checks    ", joined(asset.checks()));
  line("type      ", asset.type());
  line("freshness ", freshness_line(*freshness));
  line(asset.external() ? "observed  " : "verified  ", verified_line(asset));
  if (invocation.wide()) line("schema    ", asset.schema());
  text += asset.external() ? (asset.has_verified_at() ? ""
                                                      : "never observed; tell of a version: "
                                                        "weir assets observe " +
                                                            asset.name() + "\n")
          : versions->materializations().empty()
              ? "never materialized; make it: weir materialize +" + asset.name() + "\n"
              : paint(Color::kBold, "materializations, newest first") + "\n";
  for (const v1::Materialization& version : versions->materializations()) {
    text += materialization_text(paint, version);
  }
  invocation.data(text);
  return kExitOk;
}

int lineage(Invocation& invocation, const AssetArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::GetLineageRequest request;
  request.set_asset(unpaste(arguments.asset));
  request.set_up(arguments.up);
  request.set_down(arguments.down);
  const auto answer =
      read_pages_merged(request, [&](const auto& page) { return (*api)->get_lineage(page); });
  if (!answer.ok()) return invocation.fail(answer.status());
  Listing listing({{"FROM"}, {"TO"}});
  listing.nothing = "'" + request.asset() + "' has no neighbours";
  for (const v1::LineageEdge& edge : answer->edges()) {
    listing.table.add({{edge.from()}, {edge.to()}});
    listing.items.push_back(&edge);
  }
  listing.names.assign(answer->assets().begin(), answer->assets().end());
  return invocation.print(listing, *answer);
}

// Receives a value: in memory when it is shown, into a file or a directory with --out.
class Sink {
 public:
  Sink(Invocation& invocation, std::string asset, std::string out)
      : invocation_(invocation), asset_(std::move(asset)), out_(std::move(out)) {}
  ~Sink() {
    if (fd_ >= 0) ::close(fd_);
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  Status take(const v1::ReadValueResponse& message) {
    if (message.has_materialization()) {
      kind_ = message.materialization().version().kind();
      if (Status status = begin(); !status.ok()) return status;
    }
    if (!message.path().empty()) {
      if (Status status = next_file(message.path()); !status.ok()) return status;
    }
    if (out_.empty() && kind_ != v1::ARTIFACT_KIND_FILE) return keep(message.chunk());
    if (fd_ >= 0) return write(fd_, message.chunk());
    invocation_.data(message.chunk());
    // Told by the invocation; the status only ends the call.
    return invocation_.data_lost() ? Status(Code::kCanceled, 0, "stdout takes no more") : Status();
  }

  Status finish() {
    const int fd = std::exchange(fd_, -1);
    if (fd >= 0 && ::close(fd) != 0) return file_error("write", out_, errno);
    return {};
  }

  v1::ArtifactKind kind() const { return kind_; }
  const std::string& bytes() const { return bytes_; }

 private:
  static Status file_error(const char* what, const std::string& path, int error) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  std::string("cannot ") + what + " '" + path +
                      "': " + std::generic_category().message(error));
  }

  Status begin() {
    if (kind_ == v1::ARTIFACT_KIND_TREE) {
      if (out_.empty()) {
        return Status(Code::kInvalidArgument, base::kErrUsage,
                      "'" + asset_ + "' is a directory tree; name a directory with --out");
      }
      std::error_code error;
      fs::create_directories(out_, error);
      return error ? file_error("create", out_, error.value()) : Status();
    }
    if (kind_ == v1::ARTIFACT_KIND_FILE && out_.empty() && ::isatty(STDOUT_FILENO) != 0) {
      return Status(Code::kInvalidArgument, base::kErrUsage,
                    "'" + asset_ +
                        "' is a file and would go to the terminal; name a file with "
                        "--out, or pipe it");
    }
    return out_.empty() ? Status() : open(out_);
  }

  Status open(const std::string& path) {
    if (Status status = finish(); !status.ok()) return status;
    fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    return fd_ < 0 ? file_error("write", path, errno) : Status();
  }

  Status next_file(const std::string& relative) {
    const fs::path parsed(relative);
    const bool leaves = parsed.is_absolute() ||
                        std::find(parsed.begin(), parsed.end(), fs::path("..")) != parsed.end();
    if (leaves) {
      return Status(Code::kDataLoss, base::kErrArtifactCorrupt,
                    "the tree holds a file outside itself: '" + relative + "'");
    }
    const fs::path path = fs::path(out_) / parsed;
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    return error ? file_error("create", path.parent_path().string(), error.value())
                 : open(path.string());
  }

  Status keep(const std::string& chunk) {
    if (bytes_.size() + chunk.size() > kDecodedBytesMax) {
      return Status(Code::kResourceExhausted, base::kErrValueTooLarge,
                    "'" + asset_ + "' is larger than " + std::to_string(kDecodedBytesMax >> 20) +
                        " MiB, too large to show; write it to a file with --out");
    }
    bytes_ += chunk;
    return {};
  }

  Status write(int fd, std::string_view data) {
    while (!data.empty()) {
      const ssize_t count = ::write(fd, data.data(), data.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return file_error("write", out_, errno);
      data.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  Invocation& invocation_;
  std::string asset_;
  std::string out_;
  v1::ArtifactKind kind_ = v1::ARTIFACT_KIND_UNSPECIFIED;
  std::string bytes_;
  int fd_ = -1;
};

int get(Invocation& invocation, const AssetArguments& arguments) {
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  v1::ReadValueRequest request;
  request.set_asset(unpaste(arguments.asset));
  const bool as_json = fs::path(arguments.out).extension() == ".json";
  Sink sink(invocation, request.asset(), as_json ? "" : arguments.out);
  Status status = (*api)->read_value(
      request, [&](const v1::ReadValueResponse& message) { return sink.take(message); });
  if (invocation.data_lost()) return kExitOk;  // which the invocation makes the code of its loss
  if (status.ok()) status = sink.finish();
  if (!status.ok()) return invocation.fail(status);
  if (!arguments.out.empty() && !as_json) {
    invocation.note("wrote " + arguments.out);
    return kExitOk;
  }
  if (sink.kind() == v1::ARTIFACT_KIND_FILE) return kExitOk;  // its bytes went to stdout
  const base::Result<Json> value = value::value_to_json(sink.bytes());
  if (!value.ok()) return invocation.fail(value.status());
  if (!as_json) {
    invocation.print_json(*value);
    return kExitOk;
  }
  const std::string text = value->pretty() + "\n";
  const int fd = ::open(arguments.out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool written =
      fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int error = errno;
  if (fd >= 0) ::close(fd);
  if (!written) {
    return invocation.fail(
        Status(Code::kInvalidArgument, base::kErrUsage,
               "cannot write '" + arguments.out + "': " + std::generic_category().message(error)));
  }
  invocation.note("wrote " + arguments.out);
  return kExitOk;
}

int observe(Invocation& invocation, const AssetArguments& arguments) {
  v1::ObserveAssetRequest request;
  request.set_asset(unpaste(arguments.asset));
  request.set_version(arguments.version);
  request.set_by(caller());
  request.set_idempotency_key(client::key_or_new(arguments.key));
  if (!arguments.at.empty()) {
    const auto at = parse_since(arguments.at, wall_now());
    if (!at.ok()) return invocation.fail(at.status());
    set_time(*at, request.mutable_at());
  }
  const auto api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  const auto answer = (*api)->observe_asset(request);
  if (!answer.ok()) return invocation.fail(answer.status());
  if (invocation.structured()) invocation.print_json(message_json(*answer));
  if (invocation.options.output == OutputFormat::kName) invocation.data(request.asset() + "\n");
  invocation.note("observed " + request.asset() +
                  (arguments.version.empty() ? "" : ", version " + printable(arguments.version)));
  return kExitOk;
}

}  // namespace

void add_asset_commands(CLI::App& app, Invocation& invocation, Chosen& chosen) {
  CLI::App& assets = *app.add_subcommand("assets", "assets, their versions and values");
  assets.require_subcommand(1);
  const auto add = [&](const char* name, const char* help,
                       int (*command)(Invocation&, const AssetArguments&)) {
    CLI::App& added = *assets.add_subcommand(name, help);
    auto arguments = std::make_shared<AssetArguments>();
    added.callback([&invocation, &chosen, arguments, command] {
      chosen = [&invocation, arguments, command] { return command(invocation, *arguments); };
    });
    return std::pair<CLI::App*, std::shared_ptr<AssetArguments>>(&added, arguments);
  };

  auto [list_command, listed] = add("list", "what is registered", list);
  list_command->add_option("SELECTION", listed->selection, "names, wildcards, +x, x+, …");
  list_command->add_option("--pipeline", listed->pipeline, "only of this pipeline");
  list_command->add_flag("--all", listed->all, "retired ones too");

  auto [show_command, shown] = add("show", "one asset and its latest versions", show);
  show_command->add_option("ASSET", shown->asset, "its name")->required();

  auto [observe_command, told] =
      add("observe", "tell of a new version of one that no pipeline makes", observe);
  observe_command->add_option("ASSET", told->asset, "its name")->required();
  observe_command->add_option("--at", told->at,
                              "when it was made: a time, or a duration ago (default: now)");
  observe_command->add_option("--version", told->version, "as its source names it");
  observe_command->add_option("--idempotency-key", told->key, "for scripts that repeat themselves");

  auto [lineage_command, traced] = add("lineage", "what it is made from and what of it", lineage);
  lineage_command->add_option("ASSET", traced->asset, "its name")->required();
  lineage_command->add_option("--up", traced->up, "levels upstream (default: all)");
  lineage_command->add_option("--down", traced->down, "levels downstream (default: all)");

  auto [get_command, got] = add("get", "its current value: JSON, or bytes with --out", get);
  get_command->add_option("ASSET", got->asset, "its name")->required();
  get_command->add_option("--out", got->out,
                          "write the bytes to this file, a tree to this directory, or JSON to a "
                          "name that ends in .json");
}

}  // namespace weir::cli

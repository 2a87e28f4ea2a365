// Encoding lists and decoding rows: see row_codec.h. The JSON is written by hand because it is on
// the path of every commit; it is read with the common parser because that happens at a restart and
// for people only.
#include "scheduler/store/row_codec.h"

#include <limits>
#include <optional>

#include "base/errors.h"
#include "base/json.h"

namespace weir::store {

using base::Digest;
using base::Json;
using base::RunId;
using base::Status;
using base::WallTime;

namespace {

std::optional<engine::ArtifactKind> parse_kind(std::string_view name) {
  using engine::ArtifactKind;
  for (const ArtifactKind kind :
       {ArtifactKind::kBytes, ArtifactKind::kFile, ArtifactKind::kTree, ArtifactKind::kExternal}) {
    if (artifact_kind_name(kind) == name) return kind;
  }
  return std::nullopt;
}

std::optional<module::CheckSeverity> parse_severity(std::string_view name) {
  using module::CheckSeverity;
  for (const auto severity :
       {CheckSeverity::kWarn, CheckSeverity::kError, CheckSeverity::kBlocking}) {
    if (module::check_severity_name(severity) == name) return severity;
  }
  return std::nullopt;
}

// ---- lists ----

void append_hex(std::string& out, const Digest& digest) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += '"';
  for (const std::uint8_t byte : digest.bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  out += '"';
}

void append_value(std::string& out, const engine::ValueRef& value) {
  append_hex(out, value.digest);
  out += ',';
  out += std::to_string(value.size);
  out += ",\"";
  out += artifact_kind_name(value.kind);
  out += "\",";
  base::append_quoted(out, value.type);
}

template <class Item, class Append>
std::string encode_list(const std::vector<Item>& items, Append append) {
  std::string out = "[";
  for (const Item& item : items) {
    if (out.size() > 1) out += ',';
    append(out, item);
  }
  out += ']';
  return out;
}

bool read_digest(const Json& json, Digest& out) {
  const std::optional<Digest> digest = Digest::parse(json.as_string());
  if (!digest) return false;
  out = *digest;
  return true;
}

// Four items from `at`: digest, size, kind, type.
bool read_value(const Json::Array& items, std::size_t at, engine::ValueRef& out) {
  if (items.size() != at + 4) return false;
  const auto kind = parse_kind(items[at + 2].as_string());
  if (!kind || !items[at + 1].is_int() || !items[at + 3].is_string()) return false;
  out.size = items[at + 1].as_int();
  out.kind = *kind;
  out.type = items[at + 3].as_string();
  return read_digest(items[at], out.digest);
}

bool read_item(const Json& json, Digest& out) { return read_digest(json, out); }

bool read_item(const Json& json, engine::Pin& out) {
  const Json::Array& items = json.items();
  if (items.size() != 6 || !items[0].is_string() || !items[1].is_int()) return false;
  out.asset = items[0].as_string();
  out.materialization = items[1].as_int();
  return read_value(items, 2, out.value);
}

bool read_item(const Json& json, engine::OutputRef& out) {
  const Json::Array& items = json.items();
  const bool shaped =
      items.size() == 7 && items[0].is_string() && items[1].is_bool() && items[2].is_int();
  if (!shaped) return false;
  out.asset = items[0].as_string();
  out.unchanged = items[1].as_bool();
  out.materialization = items[2].as_int();
  return read_value(items, 3, out.value);
}

bool read_item(const Json& json, engine::BundleFile& out) {
  const Json::Array& items = json.items();
  if (items.size() != 4 || !items[0].is_string() || !items[2].is_int() || !items[3].is_bool()) {
    return false;
  }
  out.path = items[0].as_string();
  out.size = items[2].as_int();
  out.executable = items[3].as_bool();
  return read_digest(items[1], out.digest);
}

// ---- rows ----

// Takes the columns of a row from left to right and remembers the first one that is wrong.
class Columns {
 public:
  explicit Columns(const Statement& row) : row_(row) {}

  void take(std::string& out) { out = std::string(row_.text(column_++)); }
  void take(std::int64_t& out) { out = row_.int64(column_++); }
  void take(bool& out) { out = row_.int64(column_++) != 0; }
  void take(WallTime& out) { out = WallTime(base::Duration(row_.int64(column_++))); }
  void take(std::int32_t& out) {
    const std::int64_t wide = row_.int64(column_);
    require(wide >= std::numeric_limits<std::int32_t>::min() &&
                wide <= std::numeric_limits<std::int32_t>::max(),
            "is out of range");
    out = static_cast<std::int32_t>(wide);
    ++column_;
  }
  void take(std::optional<WallTime>& out) {
    if (!row_.is_null(column_)) {
      take(out.emplace());
    } else {
      ++column_;
    }
  }
  void take(RunId& out) {  // NULL: no run
    if (!row_.is_null(column_)) {
      const std::optional<RunId> id = RunId::parse(row_.text(column_));
      if (require(id.has_value(), "is no run id")) out = *id;
    }
    ++column_;
  }
  void take(Digest& out) {
    const std::optional<Digest> digest = Digest::from_bytes(row_.blob(column_));
    if (require(digest.has_value(), "is no digest")) out = *digest;
    ++column_;
  }
  template <class Enum>
  void take(Enum& out, std::optional<Enum> (*parse)(std::string_view)) {
    const std::optional<Enum> value = parse(row_.text(column_));
    if (require(value.has_value(), "is no known word")) out = *value;
    ++column_;
  }
  template <class Item>
  void take(std::vector<Item>& out) {
    base::Result<Json> json = Json::parse(row_.text(column_));
    if (require(json.ok() && json->is_array(), "is no JSON array")) {
      for (const Json& item : json->items()) {
        require(read_item(item, out.emplace_back()), "has an item of another form");
      }
    }
    ++column_;
  }
  void take(engine::AttemptKey& out) {
    take(out.run);
    take(out.task);
    take(out.epoch);
  }
  void take(std::shared_ptr<const std::string>& out) {
    if (!row_.is_null(column_)) out = std::make_shared<const std::string>(row_.blob(column_));
    ++column_;
  }
  bool require(bool good, std::string_view what) {
    if (!good && problem_.empty()) {
      problem_ = "column " + std::to_string(column_ + 1) + " " + std::string(what);
    }
    return good;
  }
  Status status() const {
    if (problem_.empty()) return {};
    return {base::Code::kDataLoss, base::kErrStore, problem_};
  }

 private:
  const Statement& row_;
  int column_ = 0;
  std::string problem_;
};

std::optional<base::Code> parse_code(std::int64_t number) {
  if (number < 0 || number > static_cast<int>(base::Code::kUnauthenticated)) return std::nullopt;
  return static_cast<base::Code>(number);
}

}  // namespace

std::string_view artifact_kind_name(engine::ArtifactKind kind) {
  switch (kind) {
    case engine::ArtifactKind::kBytes:
      return "bytes";
    case engine::ArtifactKind::kFile:
      return "file";
    case engine::ArtifactKind::kTree:
      return "tree";
    case engine::ArtifactKind::kExternal:
      return "external";
  }
  return "unknown";
}

std::string encode_files(const std::vector<engine::BundleFile>& files) {
  return encode_list(files, [](std::string& out, const engine::BundleFile& file) {
    out += '[';
    base::append_quoted(out, file.path);
    out += ',';
    append_hex(out, file.digest);
    out += ',' + std::to_string(file.size) + (file.executable ? ",true]" : ",false]");
  });
}

std::string encode_digests(const std::vector<Digest>& digests) {
  return encode_list(digests, append_hex);
}

std::string encode_pins(const std::vector<engine::Pin>& pins) {
  return encode_list(pins, [](std::string& out, const engine::Pin& pin) {
    out += '[';
    base::append_quoted(out, pin.asset);
    out += ',' + std::to_string(pin.materialization) + ',';
    append_value(out, pin.value);
    out += ']';
  });
}

std::string encode_outputs(const std::vector<engine::OutputRef>& outputs) {
  return encode_list(outputs, [](std::string& out, const engine::OutputRef& output) {
    out += '[';
    base::append_quoted(out, output.asset);
    out += output.unchanged ? ",true," : ",false,";
    out += std::to_string(output.materialization) + ',';
    append_value(out, output.value);
    out += ']';
  });
}

Status decode(const Statement& row, engine::ModuleRow& out) {
  Columns in(row);
  in.take(out.digest);
  in.take(out.pipeline);
  in.take(out.active);
  in.take(out.registered_at);
  in.take(out.files);
  in.take(out.manifest);
  return in.status();
}

Status decode(const Statement& row, engine::AssetRow& out) {
  Columns in(row);
  in.take(out.name);
  in.take(out.pipeline);
  in.take(out.type);
  in.take(out.retired);
  in.take(out.materialization);
  in.take(out.settled_by);
  in.take(out.missed);
  return in.status();
}

Status decode(const Statement& row, engine::RunRow& out) {
  Columns in(row);
  in.take(out.id);
  in.take(out.state, engine::parse_run_state);
  in.take(out.job);
  in.take(out.selection);
  in.take(out.params);
  in.take(out.reason);
  in.take(out.message);
  in.take(out.priority);
  in.take(out.origin.kind, engine::parse_origin_kind);
  in.take(out.origin.reference);
  in.take(out.origin.nominal);
  in.take(out.origin.partition);
  in.take(out.queued_for, engine::parse_queue_reason);
  in.take(out.start_at);
  in.take(out.modules);
  in.take(out.pins);
  in.take(out.task_count);
  in.take(out.created_at);
  in.take(out.started_at);
  in.take(out.finished_at);
  return in.status();
}

Status decode(const Statement& row, engine::QueuedRun& out) {
  Columns in(row);
  in.take(out.id);
  in.take(out.priority);
  in.take(out.reason, engine::parse_queue_reason);
  in.take(out.start_at);
  return in.status();
}

Status decode(const Statement& row, engine::TaskRow& out) {
  Columns in(row);
  in.take(out.run);
  in.take(out.index);
  in.take(out.name);
  in.take(out.module);
  in.take(out.stage);
  in.take(out.state, engine::parse_task_state);
  in.take(out.epoch);
  in.take(out.attempts_used);
  in.take(out.infrastructure_used);
  in.take(out.executor_deaths);
  in.take(out.reason);
  in.take(out.not_before);
  in.take(out.ready_order);
  in.take(out.ready_at);
  in.take(out.started_at);
  in.take(out.finished_at);
  in.take(out.outputs);
  return in.status();
}

Status decode(const Statement& row, engine::AttemptRow& out) {
  Columns in(row);
  in.take(out.key);
  in.take(out.worker);
  in.take(out.outcome, engine::parse_outcome);
  in.take(out.message);
  in.take(out.detail);
  in.take(out.metadata);
  in.take(out.leased_at);
  in.take(out.started_at);
  in.take(out.finished_at);
  return in.status();
}

Status decode(const Statement& row, engine::MaterializationRow& out) {
  Columns in(row);
  in.take(out.id);
  in.take(out.asset);
  in.take(out.attempt);
  in.take(out.value.digest);
  in.take(out.value.size);
  in.take(out.value.kind, parse_kind);
  in.take(out.value.type);
  in.take(out.metadata);
  in.take(out.code_version);
  in.take(out.module);
  in.take(out.inputs);
  in.take(out.at);
  return in.status();
}

Status decode(const Statement& row, engine::CheckRow& out) {
  Columns in(row);
  in.take(out.attempt);
  in.take(out.asset);
  in.take(out.name);
  in.take(out.severity, parse_severity);
  in.take(out.passed);
  in.take(out.reason);
  in.take(out.metadata);
  in.take(out.at);
  return in.status();
}

Status decode(const Statement& row, engine::ArtifactRow& out) {
  Columns in(row);
  in.take(out.digest);
  in.take(out.size);
  in.take(out.kind, parse_kind);
  in.take(out.bytes);
  return in.status();
}

Status decode(const Statement& row, engine::CursorRow& out) {
  Columns in(row);
  in.take(out.stage);
  in.take(out.version);
  in.take(out.value);
  return in.status();
}

Status decode(const Statement& row, engine::EventRow& out) {
  Columns in(row);
  in.take(out.seq);
  in.take(out.run);
  in.take(out.run_seq);
  in.take(out.at);
  in.take(out.kind, engine::parse_event_kind);
  in.take(out.subject);
  in.take(out.task);
  in.take(out.epoch);
  in.take(out.state);
  in.take(out.message);
  return in.status();
}

Status decode(const Statement& row, engine::WorkerRow& out) {
  Columns in(row);
  in.take(out.id);
  in.take(out.name);
  in.take(out.slots);
  in.take(out.draining);
  in.take(out.info);
  in.take(out.last_seen);
  return in.status();
}

Status decode(const Statement& row, engine::ReplyRow& out) {
  Columns in(row);
  std::int64_t code = 0;
  std::int32_t error = 0;
  std::string message;
  in.take(out.key);
  in.take(out.request_hash);
  in.take(code);
  const std::optional<base::Code> known = parse_code(code);
  in.require(known.has_value(), "before this one is no status code");
  in.take(error);
  in.take(message);
  in.take(out.payload);
  in.take(out.at);
  if (known) out.status = Status(*known, error, std::move(message));
  return in.status();
}

Status decode(const Statement& row, engine::OutboxRow& out) {
  Columns in(row);
  in.take(out.id);
  in.take(out.kind);
  in.take(out.payload);
  in.take(out.at);
  return in.status();
}

}  // namespace weir::store

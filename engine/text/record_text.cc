// Rows and snapshots as canonical text. One `text_of` overload per row type lists every field, so
// that a new field is missed in one place only: here, and then two stores that differ in it compare
// equal. Pure functions, safe from any thread.
#include "engine/text/record_text.h"

#include <optional>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/json.h"

namespace weir::engine {

namespace {

using base::Digest;
using base::RunId;
using base::WallTime;

// Appends " name=value" pairs to one line.
class Line {
 public:
  explicit Line(std::string_view table) : text_(table) {}

  Line& add(std::string_view name, std::string_view value) {
    begin(name);
    base::append_quoted(text_, value);
    return *this;
  }
  Line& add(std::string_view name, std::int64_t value) {
    begin(name);
    text_ += std::to_string(value);
    return *this;
  }
  Line& add(std::string_view name, const Digest& digest) { return word(name, digest.hex()); }
  Line& add(std::string_view name, RunId run) {
    return word(name, run ? run.text() : std::string("-"));
  }
  Line& add(std::string_view name, WallTime at) {
    return add(name, static_cast<std::int64_t>(at.time_since_epoch().count()));
  }
  Line& add(std::string_view name, const std::optional<WallTime>& at) {
    return at ? add(name, *at) : word(name, "-");
  }
  Line& add(std::string_view name, const AttemptKey& key) {
    return word(name,
                key.run.text() + "/" + std::to_string(key.task) + "#" + std::to_string(key.epoch));
  }
  Line& add(std::string_view name, const ValueRef& value) {
    word(name, value.digest.hex());
    text_ +=
        ":" + std::to_string(value.size) + ":" + std::to_string(static_cast<int>(value.kind)) + ":";
    base::append_quoted(text_, value.type);
    return *this;
  }
  Line& word(std::string_view name, std::string_view value) {
    begin(name);
    text_ += value;
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  void begin(std::string_view name) {
    text_ += ' ';
    text_ += name;
    text_ += '=';
  }
  std::string text_;
};

void add_pins(Line& line, std::string_view name, const std::vector<Pin>& pins) {
  line.add(name, static_cast<std::int64_t>(pins.size()));
  for (const Pin& pin : pins) {
    line.add("pin", pin.asset).add("version", pin.materialization).add("value", pin.value);
  }
}

std::string text_of(const ModuleRow& row) {
  Line line("module");
  line.add("digest", row.digest).add("pipeline", row.pipeline).add("manifest", row.manifest);
  line.add("registered_at", row.registered_at).add("active", std::int64_t{row.active});
  for (const BundleFile& file : row.files) {
    line.add("file", file.path).add("digest", file.digest).add("size", file.size);
    line.add("executable", std::int64_t{file.executable});
  }
  return line.take();
}

std::string text_of(const AssetRow& row) {
  Line line("asset");
  line.add("name", row.name).add("pipeline", row.pipeline).add("type", row.type);
  line.add("retired", std::int64_t{row.retired}).add("materialization", row.materialization);
  line.add("settled_by", row.settled_by).add("missed", row.missed);
  return line.take();
}

std::string text_of(const RunRow& row) {
  Line line("run");
  line.add("id", row.id).word("state", run_state_name(row.state)).add("job", row.job);
  line.add("selection", row.selection).add("params", row.params).add("reason", row.reason);
  line.add("message", row.message).add("priority", row.priority);
  line.word("origin", origin_kind_name(row.origin.kind));
  line.add("reference", row.origin.reference).add("nominal", row.origin.nominal);
  line.add("partition", row.origin.partition);
  line.word("queued_for", queue_reason_name(row.queued_for)).add("start_at", row.start_at);
  for (const Digest& module : row.modules) line.add("module", module);
  add_pins(line, "pins", row.pins);
  line.add("task_count", row.task_count).add("created_at", row.created_at);
  line.add("started_at", row.started_at).add("finished_at", row.finished_at);
  return line.take();
}

std::string text_of(const TaskRow& row) {
  Line line("task");
  line.add("run", row.run).add("index", row.index).add("name", row.name);
  line.add("module", row.module).add("stage", row.stage);
  line.word("state", task_state_name(row.state)).add("epoch", row.epoch);
  line.add("attempts_used", row.attempts_used);
  line.add("infrastructure_used", row.infrastructure_used);
  line.add("executor_deaths", row.executor_deaths).add("reason", row.reason);
  line.add("not_before", row.not_before).add("ready_order", row.ready_order);
  line.add("ready_at", row.ready_at);
  line.add("started_at", row.started_at).add("finished_at", row.finished_at);
  for (const OutputRef& output : row.outputs) {
    line.add("output", output.asset).add("value", output.value);
    line.add("unchanged", std::int64_t{output.unchanged});
    line.add("materialization", output.materialization);
  }
  return line.take();
}

std::string text_of(const AttemptRow& row) {
  Line line("attempt");
  line.add("key", row.key).add("worker", row.worker);
  line.word("outcome", outcome_name(row.outcome)).add("message", row.message);
  line.add("detail", row.detail).add("metadata", row.metadata).add("leased_at", row.leased_at);
  line.add("started_at", row.started_at).add("finished_at", row.finished_at);
  return line.take();
}

std::string text_of(const MaterializationRow& row) {
  Line line("materialization");
  line.add("id", row.id).add("asset", row.asset).add("attempt", row.attempt);
  line.add("value", row.value).add("metadata", row.metadata);
  line.add("code_version", row.code_version).add("module", row.module);
  add_pins(line, "inputs", row.inputs);
  line.add("at", row.at);
  return line.take();
}

std::string text_of(const CheckRow& row) {
  Line line("check");
  line.add("attempt", row.attempt).add("asset", row.asset).add("name", row.name);
  line.add("severity", static_cast<std::int64_t>(row.severity));
  line.add("passed", std::int64_t{row.passed}).add("reason", row.reason);
  line.add("metadata", row.metadata).add("at", row.at);
  return line.take();
}

std::string text_of(const ArtifactRow& row) {
  Line line("artifact");
  line.add("digest", row.digest).add("size", row.size);
  line.add("kind", static_cast<std::int64_t>(row.kind));
  // The digest stands for the bytes: a dump stays readable and equal digests mean equal bytes.
  line.word("bytes", row.bytes ? std::to_string(row.bytes->size()) : std::string("-"));
  return line.take();
}

std::string text_of(const CursorRow& row) {
  Line line("cursor");
  line.add("stage", row.stage).add("version", row.version).add("value", row.value);
  return line.take();
}

std::string text_of(const EventRow& row) {
  Line line("event");
  line.add("seq", row.seq).add("run", row.run).add("run_seq", row.run_seq).add("at", row.at);
  line.word("kind", event_kind_name(row.kind)).add("subject", row.subject);
  line.add("task", row.task).add("epoch", row.epoch).add("state", row.state);
  line.add("message", row.message);
  return line.take();
}

std::string text_of(const WorkerRow& row) {
  Line line("worker");
  line.add("id", row.id).add("name", row.name).add("slots", row.slots);
  line.add("draining", std::int64_t{row.draining}).add("info", row.info);
  line.add("last_seen", row.last_seen).add("forgotten", std::int64_t{row.forgotten});
  return line.take();
}

std::string text_of(const ReplyRow& row) {
  Line line("reply");
  line.add("key", row.key).add("request_hash", row.request_hash);
  line.word("code", base::code_name(row.status.code())).add("status", row.status.text());
  line.add("payload", row.payload).add("at", row.at);
  return line.take();
}

std::string text_of(const OutboxRow& row) {
  Line line("outbox");
  line.add("id", row.id).add("kind", row.kind).add("payload", row.payload);
  line.add("delivered", std::int64_t{row.delivered}).add("at", row.at);
  return line.take();
}

template <class Row>
void append_rows(std::string& text, const std::vector<Row>& rows) {
  for (const Row& row : rows) text += text_of(row) + "\n";
}

}  // namespace

std::string record_text(const Record& record) {
  return std::visit([](const auto& row) { return text_of(row); }, record);
}

std::string snapshot_text(const Snapshot& snapshot) {
  std::string text;
  append_rows(text, snapshot.modules);
  append_rows(text, snapshot.assets);
  append_rows(text, snapshot.current);
  append_rows(text, snapshot.cursors);
  append_rows(text, snapshot.runs);
  append_rows(text, snapshot.tasks);
  append_rows(text, snapshot.attempts);
  append_rows(text, snapshot.workers);
  append_rows(text, snapshot.outbox);
  for (const auto& [run, seq] : snapshot.run_seq) {
    text += Line("run_seq").add("run", run).add("seq", seq).take() + "\n";
  }
  for (const QueuedRun& run : snapshot.queued) {
    Line line("queued");
    line.add("run", run.id).add("priority", run.priority);
    line.word("for", queue_reason_name(run.reason)).add("start_at", run.start_at);
    text += line.take() + "\n";
  }
  Line counters("counters");
  counters.add("last_run", snapshot.last_run);
  counters.add("last_seq", snapshot.last_seq);
  counters.add("last_materialization", snapshot.last_materialization);
  counters.add("last_outbox", snapshot.last_outbox);
  text += counters.take() + "\n";
  for (const std::string& row : snapshot.quarantined) {
    text += Line("quarantined").add("row", row).take() + "\n";
  }
  return text;
}

}  // namespace weir::engine

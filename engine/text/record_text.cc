// Rows and snapshots as canonical text, derived from the rows' own lists of columns: no column can
// be missed, so two stores that differ in one never compare equal. Pure functions, safe from any
// thread. People read the engine's own format instead.
#include "engine/text/record_text.h"

#include <variant>
#include <vector>

#include "base/errors.h"
#include "base/text.h"

namespace weir::engine {

namespace {

template <class Row>
void append_rows(std::string& text, const std::vector<Row>& rows) {
  for (const Row& row : rows) append_line(text, row);
}

}  // namespace

void append_hex(std::string& out, const base::Digest& digest) {
  out += '"';
  for (const std::uint8_t byte : digest.bytes) {
    out += base::kHexDigits[byte >> 4];
    out += base::kHexDigits[byte & 15];
  }
  out += '"';
}

std::string record_text(const Record& record) {
  std::string text;
  std::visit([&](const auto& row) { append_text(text, row); }, record);
  return text;
}

base::Status overwrite_refused(const Record& record) {
  return std::visit(
      [](const auto& row) {
        const bool once = std::remove_cvref_t<decltype(row)>::kTable.writes == Writes::kOnce;
        std::string key;
        append_text(key, row, true);
        return base::Status(base::Code::kInternal, base::kErrStore,
                            key + " is there already" + (once ? "" : " and has ended") +
                                ": history is not overwritten, the row was left as it is");
      },
      record);
}

std::string snapshot_text(const Snapshot& snapshot) {
  std::string text;
  append_rows(text, snapshot.modules);
  append_rows(text, snapshot.assets);
  append_rows(text, snapshot.partitions);
  append_rows(text, snapshot.current);
  append_rows(text, snapshot.cursors);
  append_rows(text, snapshot.runs);
  append_rows(text, snapshot.tasks);
  append_rows(text, snapshot.attempts);
  append_rows(text, snapshot.workers);
  append_rows(text, snapshot.alert_rules);
  append_rows(text, snapshot.alerts);
  append_rows(text, snapshot.silences);
  append_rows(text, snapshot.outbox);
  for (const auto& [run, seq] : snapshot.run_seq) {
    text += "run_seq run=" + run.text() + " seq=" + std::to_string(seq) + "\n";
  }
  append_rows(text, snapshot.queued);
  text += "counters last_run=" + (snapshot.last_run ? snapshot.last_run.text() : "-") +
          " last_seq=" + std::to_string(snapshot.last_seq) +
          " last_materialization=" + std::to_string(snapshot.last_materialization) +
          " last_outbox=" + std::to_string(snapshot.last_outbox) + "\n";
  for (const std::string& row : snapshot.quarantined) {
    text += "quarantined row=";
    base::append_quoted(text, row);
    text += '\n';
  }
  return text;
}

}  // namespace weir::engine

// Ends of logs as lines: three streams of an attempt become one list, in the order in which they
// tell most about a failure. Asks the scheduler with the short deadline of the given Api.
// Main thread.
#include "cli/display/log_tail.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "cli/text/duration.h"
#include "cli/text/style.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

constexpr std::int64_t kTailBytes = 16 << 10;  // of each stream

std::vector<std::string> split_lines(const std::string& text, bool from_start) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  if (!from_start && !lines.empty()) lines.erase(lines.begin());  // it is cut at its front
  return lines;
}

// A plain value, or {"kind", "value"} as stages write it.
std::string value_text(const base::Json& entry) {
  const bool typed = entry.is_object() && entry.contains("kind") && entry.contains("value");
  const base::Json& value = typed ? entry["value"] : entry;
  const std::string kind = typed ? entry["kind"].as_string() : "";
  if (kind == "bytes") return format_bytes(static_cast<long long>(value.as_number()));
  if (kind == "duration_ns") {
    return format_duration(
        std::chrono::microseconds(static_cast<std::int64_t>(value.as_number() / 1e3)));
  }
  return value.is_string() ? value.as_string() : value.dump();
}

}  // namespace

std::string stream_word(v1::LogStream stream) {
  return enum_word(v1::LogStream_Name(stream), "LOG_STREAM_");
}

std::string render_log_line(v1::LogStream stream, const std::string& line, bool with_time) {
  if (stream != v1::LOG_STREAM_LOG) return line;
  const base::Result<base::Json> json = base::Json::parse(line);
  if (!json.ok() || !json->is_object()) return line;
  std::string out;
  std::string fields;
  for (const auto& [name, value] : json->members()) {
    if (name == "at") {
      if (with_time) out = value_text(value) + " ";
    } else if (name == "fields" && value.is_object()) {
      for (const auto& [key, field] : value.members())
        fields += " " + key + "=" + value_text(field);
    } else if (name != "level" && name != "text") {
      fields += " " + name + "=" + value_text(value);
    }
  }
  std::string level = value_text((*json)["level"]);
  std::transform(level.begin(), level.end(), level.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out + level + " " + (*json)["text"].as_string() + fields;
}

std::string log_line_json(const std::string& run, const v1::LogInfo& info,
                          const std::string& line) {
  base::Json json;
  json.set("run", run);
  json.set("task", info.task());
  json.set("attempt", std::int64_t{info.epoch()});
  json.set("stream", stream_word(info.stream()));
  std::string text = json.dump();
  text.back() = ',';
  text += "\"line\":";
  const bool structured = info.stream() == v1::LOG_STREAM_LOG;
  const base::Result<base::Json> parsed = structured ? base::Json::parse(line) : base::Json();
  if (structured && parsed.ok() && parsed->is_object()) {
    text += line;  // as it is: a number beyond 64 bits must not lose digits here
  } else {
    base::append_quoted(text, base::valid_utf8(line));
  }
  return text + "}";
}

LogTail read_log_tail(client::Api& api, const std::string& run, std::int32_t task, int epoch,
                      std::size_t lines) {
  LogTail tail;
  bool written = false;
  bool all_ended = true;
  for (const v1::LogStream stream :
       {v1::LOG_STREAM_STDOUT, v1::LOG_STREAM_LOG, v1::LOG_STREAM_STDERR}) {
    v1::ReadLogRequest request;
    request.set_run(run);
    request.set_task_index(task);
    request.set_epoch(epoch);
    request.set_stream(stream);
    request.set_offset(-kTailBytes);
    request.set_limit_bytes(kTailBytes);
    const auto answer = api.read_log(request);
    if (!answer.ok()) {
      tail.reachable = false;
      return tail;
    }
    // A stream that nothing was written to may never come; it is waited for only while all are
    // empty.
    written = written || answer->size_bytes() > 0 || answer->complete();
    all_ended = all_ended && (answer->size_bytes() == 0 || answer->complete());
    for (const std::string& line : split_lines(answer->data(), answer->offset() == 0)) {
      tail.lines.push_back(render_log_line(stream, line, false));
    }
  }
  tail.complete = written && all_ended;
  if (tail.lines.size() > lines) {
    tail.lines.erase(tail.lines.begin(), tail.lines.end() - static_cast<std::ptrdiff_t>(lines));
  }
  return tail;
}

}  // namespace weir::cli

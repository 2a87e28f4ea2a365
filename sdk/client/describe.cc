// The manifest out of a child's output, or the reason why there is none: not started, a library
// missing, crashed, hung, too much output, no JSON, no manifest.
// Blocking; any thread.
#include "sdk/client/describe.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "base/child.h"
#include "base/errors.h"
#include "base/json.h"

namespace weir::client {
namespace {

using base::Code;
using base::Result;
using base::Status;

constexpr std::size_t kQuotedLinesMax = 10;
constexpr std::size_t kQuotedColumnsMax = 80;
constexpr std::size_t kReasonLinesMax = 25;

// The last lines of what the program said, indented, for the end of a message.
std::string quote_tail(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    if (end > start) lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  std::string quoted;
  const std::size_t skip = lines.size() - std::min(lines.size(), kQuotedLinesMax);
  for (std::size_t i = skip; i < lines.size(); ++i) quoted += "\n  | " + lines[i];
  return quoted;
}

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string(time.count() / 1000) + " s";
}

// At most as many lines of what stands there as a person reads, without the break at the end.
std::string first_lines(std::string_view text, std::size_t lines_max) {
  std::size_t end = 0;
  for (std::size_t lines = 0; lines < lines_max && end < text.size(); ++lines) {
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  }
  while (end > 0 && text[end - 1] == '\n') --end;
  return std::string(text.substr(0, end));
}

// The module's own reason, where that begins with a WEIR-E number.
std::optional<Status> numbered(const std::string& command, const std::string& reason) {
  const Status status = Status::parse(Code::kInvalidArgument, reason);
  if (status.error() == 0) return std::nullopt;
  return Status(status.code(), status.error(), status.message() + "\n(said by " + command + ")");
}

// The reason that the module gave by itself: the error of its main function, which ends what it
// prints.
std::optional<Status> refusal(const std::string& command, const std::string& err) {
  constexpr std::string_view kRefused = "error: WEIR-E";
  std::size_t at = err.starts_with(kRefused) ? 0 : err.find("\n" + std::string(kRefused));
  if (at == std::string::npos) return std::nullopt;
  at = err.find("WEIR-E", at);
  const std::string_view reason = std::string_view(err).substr(at);
  return numbered(command, first_lines(reason, kReasonLinesMax));
}

// The exception that nobody caught, in the words of libstdc++: where main() declares the pipeline
// and before it, weir::main() is not there to catch it.
std::optional<Status> uncaught(const std::string& command, const std::string& err) {
  constexpr std::string_view kThrown = "terminate called after throwing an instance of '";
  constexpr std::string_view kWhat = "  what():  ";
  const std::size_t at = err.rfind(kThrown);
  if (at == std::string::npos) return std::nullopt;
  const std::size_t line_end = std::min(err.find('\n', at), err.size());
  const std::string_view line = std::string_view(err).substr(at, line_end - at);
  const std::string type(line.substr(kThrown.size(), line.rfind('\'') - kThrown.size()));
  const std::size_t what = err.find(kWhat, line_end);
  std::string reason;
  if (what != std::string::npos) {
    reason = first_lines(std::string_view(err).substr(what + kWhat.size()), kReasonLinesMax);
  }
  if (std::optional<Status> status = numbered(command, reason)) return status;
  return Status(Code::kInvalidArgument, base::kErrDescribeFailed,
                command + " ended with an exception that main() did not catch, " + type +
                    (reason.empty() ? "" : ": " + reason));
}

// What the dynamic linker says when a library or a version of one is not there.
std::optional<Status> linker_complaint(const std::string& program, const std::string& err) {
  constexpr std::string_view kLoading = "error while loading shared libraries: ";
  if (const std::size_t at = err.find(kLoading); at != std::string::npos) {
    const std::size_t start = at + kLoading.size();
    const std::string name = err.substr(start, err.find(':', start) - start);
    return Status(Code::kFailedPrecondition, base::kErrMissingLibrary,
                  "'" + program + "' needs the library '" + name +
                      "', which is not on this machine; install it, or put it into lib/ beside the "
                      "program (weir_module() sets RUNPATH to $ORIGIN/lib)" +
                      quote_tail(err));
  }
  constexpr std::string_view kVersion = "version `";
  const std::size_t at = err.find(kVersion);
  if (at != std::string::npos && err.find("' not found", at) != std::string::npos) {
    const std::size_t start = at + kVersion.size();
    const std::string name = err.substr(start, err.find('\'', start) - start);
    return Status(Code::kFailedPrecondition, base::kErrMissingLibrary,
                  "'" + program + "' needs " + name +
                      ", which is newer than this machine's; build it on a system as old as the "
                      "oldest worker, or bring the library in lib/ beside it" +
                      quote_tail(err));
  }
  return std::nullopt;
}

Status not_started(const std::string& program, const module::ElfInfo& elf, const Status& problem) {
  if (problem.code() == Code::kNotFound && !elf.interpreter.empty()) {
    return Status(Code::kFailedPrecondition, base::kErrMissingLibrary,
                  "'" + program + "' needs the program loader '" + elf.interpreter +
                      "', which is not on this machine; it was built for another system");
  }
  if (problem.code() == Code::kPermissionDenied) {
    return Status(Code::kInvalidArgument, base::kErrNotExecutable,
                  "'" + program +
                      "' may not be executed; chmod +x it, and see that its file system "
                      "is not mounted noexec");
  }
  return Status(Code::kInvalidArgument, base::kErrNotExecutable, problem.message());
}

Status describe_failed(const std::string& message) {
  return Status(Code::kInvalidArgument, base::kErrDescribeFailed, message);
}

// "3:14: …" with the line in question and a caret under the column.
std::string point_at(const std::string& text, const std::string& problem) {
  std::size_t line = 0;
  std::size_t column = 0;
  const std::size_t colon = problem.find(':');
  if (colon == std::string::npos) return problem;
  const auto number = [](std::string_view digits) {
    std::size_t value = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9' || value > 1'000'000'000) return std::size_t{0};
      value = value * 10 + static_cast<std::size_t>(c - '0');
    }
    return value;
  };
  line = number(std::string_view(problem).substr(0, colon));
  const std::size_t second = problem.find(':', colon + 1);
  if (second == std::string::npos) return problem;
  column = number(std::string_view(problem).substr(colon + 1, second - colon - 1));
  if (line == 0 || column == 0) return problem;
  std::size_t start = 0;
  for (std::size_t i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string::npos) return problem;
    start = end + 1;
  }
  std::string shown = text.substr(start, std::min(text.find('\n', start), text.size()) - start);
  std::size_t first = 0;
  if (column > kQuotedColumnsMax / 2)
    first = std::min(shown.size(), column - kQuotedColumnsMax / 2);
  shown = shown.substr(first, kQuotedColumnsMax);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return problem + "\n  | " + shown + "\n  | " + std::string(column - 1 - first, ' ') + "^";
}

Result<Description> read_description(const std::string& program, const module::ElfInfo& elf,
                                     const base::RunResult& child, std::chrono::milliseconds time) {
  const std::string command = "'" + program + " describe'";
  using End = base::RunResult::End;
  switch (child.end) {
    case End::kNotStarted:
      return not_started(program, elf, child.problem);
    case End::kTimedOut:
      return describe_failed(command + " did not end within " + seconds_text(time) +
                             "; define() must only declare, not connect or compute" +
                             quote_tail(child.err));
    case End::kTooMuchOutput:
      return describe_failed(command + " printed more than " +
                             std::to_string(module::kManifestBytesMax >> 20) +
                             " MiB; is it a weir module?");
    case End::kSignaled:
      if (std::optional<Status> status = uncaught(command, child.err)) return *status;
      return describe_failed(command + " crashed with " + base::signal_name(child.code) +
                             "; run it by hand under a debugger: gdb --args " + program +
                             " describe" + quote_tail(child.err));
    case End::kStopped:  // nobody asks for it
    case End::kExited:
      break;
  }
  if (child.code != 0) {
    if (child.code == 127 || child.code == 1) {
      if (std::optional<Status> status = linker_complaint(program, child.err)) return *status;
    }
    if (std::optional<Status> status = refusal(command, child.err)) return *status;
    return describe_failed(command + " ended with exit code " + std::to_string(child.code) +
                           quote_tail(child.err));
  }
  if (child.out.empty()) {
    return describe_failed(command +
                           " printed nothing; a module prints its manifest: does main() "
                           "call weir::main(pipeline, argc, argv)?" +
                           quote_tail(child.err));
  }
  const Result<base::Json> json = base::Json::parse(child.out);
  if (!json.ok()) {
    return describe_failed(command + " printed something that is no manifest, at line:column " +
                           point_at(child.out, json.status().message()) +
                           "\nprint to stderr instead, and let weir::main() handle 'describe'");
  }
  Result<module::Manifest> manifest = module::manifest_from_json(*json);
  if (!manifest.ok()) {
    return Status(
        manifest.status().code(), base::kErrBadManifest,
        command + " printed a manifest that cannot be read: " + manifest.status().message());
  }
  return Description{std::move(*manifest), child.out};
}

}  // namespace

Result<Description> describe(const std::string& program, const module::ElfInfo& elf,
                             std::chrono::milliseconds time) {
  base::RunPlan plan;
  plan.arguments = {program, "describe"};
  plan.time = time;
  plan.stdout_bytes = module::kManifestBytesMax;
  return read_description(program, elf, base::run_program(plan), time);
}

}  // namespace weir::client

// From facts to outcome classes. The words of the dynamic linker and the end of
// standard error travel with the report, because they are what the author needs
// first.
#include "worker/executors/reports.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <sstream>
#include <vector>
#include <cxxabi.h>
#include <string.h>

#include "base/errors.h"
#include "base/json.h"
#include "base/status.h"
#include "base/text.h"
#include "module/elf.h"
#include "weir/worker/v1/worker.pb.h"

namespace weir::worker {
namespace {

std::string signal_name(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string(name);
}

std::string seconds_text(Duration duration) {
  std::string text = std::to_string(duration.count() / 1000);
  if (text.size() > 3 && text.substr(text.size() - 3) == "000") {
    return text.substr(0, text.size() - 3) + " s";
  }
  return text + " ms";
}

// Messages of the protocol take nothing but UTF-8, and what a program prints need not be; a NUL
// ends a text for too many readers.
std::string printable(std::string_view bytes) {
  std::string out = base::valid_utf8(bytes);
  std::replace(out.begin(), out.end(), '\0', '?');
  return out;
}

std::string first_line(std::string_view text) {
  const std::size_t begin = text.find_first_not_of('\n');
  if (begin == std::string_view::npos) return "";
  return printable(text.substr(begin, text.find('\n', begin) - begin));
}

std::string last_line(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const std::size_t newline = text.rfind('\n');
  return printable(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

// What the module's crash handler wrote behind the stage's own words: "weir: the stage was ended by
// SIGSEGV (segmentation fault) at address 0x…; backtrace:" and a line a frame.
constexpr std::string_view kCrashLine = "weir: the stage was ended by ";

std::string_view words_of_the_stage(std::string_view text) {
  return text.substr(0, text.rfind(kCrashLine));
}

std::string demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 ? std::string(name.get()) : symbol;
}

constexpr std::size_t kFramesNamed = 128;  // of the executable's own; more is recursion

struct Frame {
  std::string line;      // as the crash handler wrote it
  std::string function;  // empty: nobody knows
};

// Reads the function of a frame "path(symbol+0x23)[0x…]". Of "path(+0x1234)[0x…]", when the file is
// the executable, it gives the address to look up in its symbols.
std::optional<std::uint64_t> read_frame(Frame& frame, const std::string& executable) {
  const std::string& line = frame.line;
  const std::size_t open = line.find('(');
  const std::size_t plus = line.find('+', open);
  if (open == std::string::npos || plus == std::string::npos) return std::nullopt;
  if (plus > open + 1) {
    frame.function = printable(demangled(line.substr(open + 1, plus - open - 1)));
    return std::nullopt;
  }
  const std::string file = line.substr(0, open);
  const auto name_of = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  if (name_of(file) != name_of(executable)) return std::nullopt;
  std::uint64_t address = 0;
  std::istringstream(line.substr(plus + 1)) >> std::hex >> address;
  return address;
}

// The backtrace in the text, innermost first; the first frame is the handler itself. The
// executable's symbols are read once.
std::vector<Frame> backtrace_in(std::string_view text, const std::string& executable) {
  std::vector<Frame> frames;
  const std::size_t crash = text.rfind(kCrashLine);
  if (crash == std::string_view::npos) return frames;
  std::vector<std::uint64_t> addresses;
  std::vector<std::size_t> unnamed;  // the frame of each address
  std::istringstream lines{std::string(text.substr(crash))};
  std::string line;
  std::getline(lines, line);  // the headline
  while (std::getline(lines, line)) {
    Frame& frame = frames.emplace_back(Frame{line, ""});
    const auto address = read_frame(frame, executable);
    if (address && addresses.size() < kFramesNamed) {
      addresses.push_back(*address);
      unnamed.push_back(frames.size() - 1);
    }
  }
  if (addresses.empty()) return frames;
  const std::vector<std::string> symbols = module::functions_at(executable, addresses);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    if (!symbols[i].empty()) frames[unnamed[i]].function = printable(demangled(symbols[i]));
  }
  return frames;
}

// " in segv()": the innermost function that has a name and is the module's or a library's of its
// own.
std::string crash_place(const std::vector<Frame>& backtrace) {
  for (std::size_t i = 1; i < backtrace.size(); ++i) {
    const std::string& line = backtrace[i].line;
    const std::string library = line.substr(line.rfind('/', line.find('(')) + 1);
    if (library.starts_with("libc.so") || library.starts_with("libstdc++.so")) continue;
    if (!backtrace[i].function.empty()) return " in " + backtrace[i].function;
  }
  return "";
}

bool by_signal(const DeathReport& death) {
  return death.exited && (death.code == CLD_KILLED || death.code == CLD_DUMPED);
}

std::string end_in_words(const DeathReport& death) {
  if (!death.exited) return "it was killed";
  if (by_signal(death)) {
    const char* meaning = ::sigdescr_np(death.status);
    return "it was killed by " + signal_name(death.status) +
           (meaning == nullptr ? "" : " (" + std::string(meaning) + ")");
  }
  return "it exited with code " + std::to_string(death.status);
}

base::Json::Array stack_text(const std::vector<Frame>& backtrace) {
  base::Json::Array frames;
  for (const Frame& frame : backtrace) {
    const std::string name = frame.function.empty() ? "" : frame.function + "  ";
    frames.emplace_back(name + printable(frame.line));
  }
  return frames;
}

base::Json details(const DeathReport& death, const std::vector<Frame>& backtrace) {
  base::Json detail{base::Json::Object{}};
  if (by_signal(death)) {
    detail.set("signal", signal_name(death.status));
    detail.set("signal_number", death.status);
  } else if (death.exited) {
    detail.set("exit_code", death.status);
  }
  if (death.memory_peak > 0) detail.set("memory_peak_bytes", death.memory_peak);
  if (!death.stderr_tail.empty()) detail.set("stderr", printable(death.stderr_tail));
  if (!backtrace.empty()) detail.set("stack", base::Json(stack_text(backtrace)));
  return detail;
}

void load_error(const DeathReport& death, v1::Finished& out, base::Json& detail) {
  out.set_outcome(v1::OUTCOME_LOAD_ERROR);
  if (!death.refusal.empty()) return out.set_message(death.refusal);
  const std::string library = missing_library(death.stderr_tail);
  std::string message = "the module's executor ended before it was ready: " + end_in_words(death);
  if (!library.empty()) {
    detail.set("missing_library", library);
    message = "the module needs the library " + library +
              ", which this worker does not have; install it here or put "
              "it into the bundle's lib folder";
  } else if (!death.stderr_tail.empty()) {
    message += "; its first words: " + first_line(death.stderr_tail);
  }
  out.set_message(base::Status(base::Code::kFailedPrecondition, base::kErrLoad, message).text());
}

void died(const DeathReport& death, const std::vector<Frame>& backtrace, v1::Finished& out) {
  const bool killed = by_signal(death) && death.status == SIGKILL;
  if (killed && death.kernel_oom) {
    out.set_outcome(v1::OUTCOME_OOM);
    out.set_message("the kernel killed the executor for lack of memory");
    return;
  }
  out.set_outcome(v1::OUTCOME_CRASHED);
  std::string message = "the executor died: " + end_in_words(death);
  if (!by_signal(death)) message = "the stage ended its process: " + end_in_words(death);
  message += crash_place(backtrace);
  const std::string words = last_line(words_of_the_stage(death.stderr_tail));
  out.set_message(words.empty() ? message : message + "; its last words: " + words);
}

}  // namespace

std::string missing_library(std::string_view linker_words) {
  constexpr std::string_view kPhrase = "error while loading shared libraries: ";
  constexpr std::string_view kReason = ": cannot open shared object file";
  const std::size_t phrase = linker_words.find(kPhrase);
  if (phrase == std::string_view::npos) return "";
  const std::string_view rest = linker_words.substr(phrase + kPhrase.size());
  const std::size_t end = rest.find(kReason);
  if (end == std::string_view::npos) return "";
  return printable(rest.substr(0, end));
}

void describe_death(const DeathReport& death, v1::Finished& out) {
  const std::vector<Frame> backtrace = backtrace_in(death.stderr_tail, death.executable);
  base::Json detail = details(death, backtrace);
  switch (death.by) {
    case EndedBy::kResult:
    case EndedBy::kExit:
      died(death, backtrace, out);
      break;
    case EndedBy::kNotReady:
      load_error(death, out, detail);
      break;
    case EndedBy::kTooSlow:
      out.set_outcome(v1::OUTCOME_LOAD_ERROR);
      out.set_message(base::Status(base::Code::kDeadlineExceeded, base::kErrLoad,
                                   "the module's executor was not ready within " +
                                       seconds_text(death.ready_max) +
                                       "; does the program call weir::main?")
                          .text());
      break;
    case EndedBy::kTimeout:
      out.set_outcome(v1::OUTCOME_TIMED_OUT);
      out.set_message("ran longer than its timeout of " + seconds_text(death.timeout));
      break;
    case EndedBy::kStop:
      out.set_outcome(v1::OUTCOME_CANCELED);
      out.set_message(death.reason);
      break;
    case EndedBy::kLease:
      out.set_outcome(v1::OUTCOME_LEASE_LOST);
      out.set_message(
          "no news from the scheduler for so long that another worker may have been given the "
          "task");
      break;
    case EndedBy::kMemory:
      out.set_outcome(v1::OUTCOME_OOM);
      out.set_message("killed: " + death.reason);
      break;
    case EndedBy::kProtocol:
      out.set_outcome(death.begun ? v1::OUTCOME_CRASHED : v1::OUTCOME_LOAD_ERROR);
      out.set_message(
          base::Status(base::Code::kInternal, base::kErrExecutorProtocol, death.reason).text());
      break;
    case EndedBy::kManifest:
      out.set_outcome(v1::OUTCOME_LOAD_ERROR);
      out.set_message(
          base::Status(base::Code::kFailedPrecondition, base::kErrLoad, death.reason).text());
      break;
  }
  out.set_detail(detail.dump());
}

void check_result(v1::Finished& finished) {
  switch (finished.outcome()) {
    case v1::OUTCOME_SUCCEEDED:
    case v1::OUTCOME_FAILED:
    case v1::OUTCOME_CHECK_FAILED:
    case v1::OUTCOME_LOAD_ERROR:
      return;
    default:
      break;
  }
  const int said = finished.outcome();
  finished.set_outcome(v1::OUTCOME_CRASHED);
  finished.set_message(
      base::Status(base::Code::kInternal, base::kErrExecutorProtocol,
                   "the executor reported an unknown outcome, " + std::to_string(said))
          .text());
}

}  // namespace weir::worker

// Output, errors and the connection of a command. Stdout is written here and nowhere else, so that
// nothing but data can get into it.
// Main thread.
#include "cli/invocation.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <system_error>
#include <sys/ioctl.h>
#include <unistd.h>

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "base/check.h"
#include "base/errors.h"
#include "cli/text/duration.h"
#include "sdk/client/api.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Json;
using base::Status;

constexpr std::chrono::milliseconds kCallDeadline{30'000};
constexpr std::size_t kTerminalColumns = 80;  // when a terminal does not know

std::size_t terminal_width(int fd) {
  if (::isatty(fd) == 0) return 0;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kTerminalColumns;
}

bool set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool wants_color(const std::string& mode, int fd) {
  if (mode == "always") return true;
  if (mode == "never" || set("NO_COLOR")) return false;
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return ::isatty(fd) != 0 && !dumb;
}

bool write_to(std::FILE* stream, std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size();
}

}  // namespace

int exit_code(const Status& status) {
  if (status.ok()) return kExitOk;
  switch (status.code()) {
    case Code::kUnavailable:
    case Code::kUnauthenticated:
    case Code::kPermissionDenied:
      return kExitUnreachable;
    case Code::kDeadlineExceeded:
      return status.error() == base::kErrTimedOut ? kExitUnreachable : kExitTimedOut;
    case Code::kCanceled:
      return kExitCanceled;
    case Code::kInvalidArgument:
    case Code::kNotFound:
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
      return kExitUsage;
    case Code::kUnimplemented:  // by a server that is no scheduler, or by this program itself
      return status.error() == base::kErrUnreachable ? kExitUnreachable : kExitUsage;
    default:
      return kExitFailed;
  }
}

Invocation::Invocation() = default;
Invocation::~Invocation() = default;

Status Invocation::start() {
  out_paint_ = Painter(wants_color(options.color, STDOUT_FILENO));
  err_paint_ = Painter(wants_color(options.color, STDERR_FILENO));
  return set_zone(options.zone);
}

base::Result<client::Api*> Invocation::api() {
  if (api_ == nullptr) {
    base::Result<client::Target> target = client::discover(options.scheduler, options.token_file);
    if (!target.ok()) return target.status();
    detail("scheduler " + target->grpc + " (from " + target->source + ")");
    api_ = std::make_unique<client::Api>(std::move(*target), kCallDeadline);
  }
  return api_.get();
}

std::size_t Invocation::out_width() const { return terminal_width(STDOUT_FILENO); }
std::size_t Invocation::err_width() const { return terminal_width(STDERR_FILENO); }

bool Invocation::rich() const {
  if (options.console == ConsoleMode::kRich) return true;
  if (options.console != ConsoleMode::kAuto || options.quiet) return false;
  const char* term = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) != 0 && term != nullptr && std::string_view(term) != "dumb";
}

void Invocation::data(std::string_view text) {
  if (data_error_ != 0) return;
  errno = 0;
  if (write_to(stdout, text) && std::fflush(stdout) == 0) return;
  data_error_ = errno != 0 ? errno : EIO;
  if (data_error_ == EPIPE) return;
  const bool full = data_error_ == ENOSPC || data_error_ == EDQUOT;
  fail(Status(full ? Code::kResourceExhausted : Code::kInternal,
              full ? base::kErrDiskFull : base::kErrInternal,
              "cannot write to stdout: " + std::generic_category().message(data_error_) +
                  "; what this command prints is not complete"));
}

int Invocation::finish(int code) const {
  if (data_error_ == 0 || code != kExitOk) return code;
  return data_error_ == EPIPE ? kExitPipeClosed : kExitFailed;
}

void Invocation::note(std::string_view line) {
  if (!options.quiet) write_to(stderr, std::string(line) + "\n");
}

void Invocation::detail(std::string_view line) {
  if (options.verbose > 0) write_to(stderr, err_paint_(Color::kDim, line) + "\n");
}

void Invocation::warn(std::string_view line) {
  write_to(stderr, err_paint_(Color::kYellow, "warning") + ": " + std::string(line) + "\n");
}

int Invocation::fail(const Status& status) {
  write_to(stderr, err_paint_(Color::kRed, "error") + " " + status.text() + "\n");
  return exit_code(status);
}

Status Invocation::confirm(const std::string& question) {
  if (options.yes) return {};
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDERR_FILENO) == 0) {
    return {Code::kInvalidArgument, base::kErrUsage,
            question + " There is no terminal to answer on; give --yes"};
  }
  write_to(stderr, question + " [y/N] ");
  std::string answer;
  if (std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes")) {
    return {};
  }
  return {Code::kCanceled, 0, "nothing was changed"};
}

int Invocation::print(const Listing& listing, const google::protobuf::Message& document) {
  switch (options.output) {
    case OutputFormat::kJson:
      print_json(message_json(document));
      return kExitOk;
    case OutputFormat::kJsonl:
      for (const google::protobuf::Message* item : listing.items) {
        data(message_json(*item).dump() + "\n");
      }
      return kExitOk;
    case OutputFormat::kName:
      for (const std::string& name : listing.names) data(name + "\n");
      return kExitOk;
    case OutputFormat::kTable:
    case OutputFormat::kWide:
      break;
  }
  if (listing.table.empty() && !listing.nothing.empty()) {
    note(listing.nothing);
    return kExitOk;
  }
  data(listing.table.render(out_paint_, out_width()));
  return kExitOk;
}

void Invocation::print_json(const Json& json) {
  data((options.output == OutputFormat::kJsonl ? json.dump() : json.pretty()) + "\n");
}

Json message_json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  CHECK_MSG(status.ok(), status.ToString());
  base::Result<Json> json = Json::parse(text);
  CHECK_MSG(json.ok(), json.status().message());
  return std::move(*json);
}

}  // namespace weir::cli

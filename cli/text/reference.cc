// Splitting references and addresses of the UI. Whether what they name exists is the scheduler's
// to say.
// Pure functions.
#include "cli/text/reference.h"

#include <algorithm>
#include <vector>

#include "base/errors.h"
#include "base/names.h"
#include "base/text.h"

namespace weir::cli {
namespace {

using base::Code;
using base::Status;

constexpr std::size_t kAttemptDigitsMax = 9;

Status bad_reference(std::string_view text, const std::string& why) {
  return Status(Code::kInvalidArgument, base::kErrUsage,
                "'" + std::string(text) + "' is not a reference: " + why +
                    "; write RUN, RUN/TASK or RUN/TASK#ATTEMPT, where RUN is an id, the start of "
                    "one, @last or @last-failed");
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        base::hex_digit(text[i + 1]) >= 0 && base::hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(base::hex_digit(text[i + 1]) * 16 + base::hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.push_back(percent_decoded(path.substr(0, end)));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.size() <= kAttemptDigitsMax &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

// runs/R, runs/R/logs/T/ATTEMPT; a task's name arrives as one segment, or with its slashes.
std::string run_reference(const std::vector<std::string>& parts) {
  std::string text = parts[1];
  if (parts.size() < 4 || parts[2] != "logs") return text;
  std::size_t end = parts.size();
  std::string attempt;
  if (end > 4 && all_digits(parts.back())) attempt = "#" + parts[--end];
  for (std::size_t i = 3; i < end; ++i) text += "/" + parts[i];
  return text + attempt;
}

std::string asset_reference(const std::vector<std::string>& parts) {
  static constexpr std::string_view kTabs[] = {"overview", "partitions", "events",
                                               "checks",   "lineage",    "definition"};
  std::size_t end = parts.size();
  if (end > 2 && std::find(std::begin(kTabs), std::end(kTabs), parts[end - 1]) != std::end(kTabs)) {
    --end;
  }
  std::string text = parts[1];
  for (std::size_t i = 2; i < end; ++i) text += "/" + parts[i];
  return text;
}

}  // namespace

std::string unpaste(std::string_view text) {
  std::string_view rest = text;
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (rest.substr(0, scheme.size()) != scheme) continue;
    rest.remove_prefix(scheme.size());
    rest = rest.substr(0, rest.find_first_of("?#"));
    const std::size_t path = rest.find('/');
    if (path == std::string_view::npos) break;
    const std::vector<std::string> parts = split_path(rest.substr(path));
    if (parts.size() >= 2 && parts[0] == "runs") return run_reference(parts);
    if (parts.size() >= 2 && parts[0] == "assets") return asset_reference(parts);
    break;
  }
  return std::string(text);
}

base::Result<Reference> parse_reference(std::string_view text) {
  const std::string plain = unpaste(text);
  Reference reference;
  const std::size_t slash = plain.find('/');
  reference.run = plain.substr(0, slash);
  if (reference.run.empty()) return bad_reference(text, "it names no run");
  if (reference.run.find('#') != std::string::npos) {
    return bad_reference(text, "an attempt belongs to a task");
  }
  static const std::vector<std::string> kAliases{"@last", "@last-failed"};
  const bool alias = reference.run.front() == '@';
  if (alias && std::find(kAliases.begin(), kAliases.end(), reference.run) == kAliases.end()) {
    return Status(Code::kInvalidArgument, base::kErrUsage,
                  "'" + reference.run + "' names no run; @last and @last-failed do." +
                      base::did_you_mean(reference.run, kAliases));
  }
  if (slash == std::string::npos) return reference;
  reference.task = plain.substr(slash + 1);
  if (const std::size_t hash = reference.task.rfind('#'); hash != std::string::npos) {
    const std::string attempt = reference.task.substr(hash + 1);
    if (!all_digits(attempt) || std::stoi(attempt) == 0) {
      return bad_reference(text, "'#" + attempt + "' is not the number of an attempt");
    }
    reference.attempt = std::stoi(attempt);
    reference.task.erase(hash);
  }
  if (reference.task.empty()) return bad_reference(text, "it names no task after the slash");
  return reference;
}

std::string no_such_attempt(const std::string& run, const Reference& reference, int attempts) {
  return "task " + run + "/" + reference.task + " has no attempt " +
         std::to_string(reference.attempt) + "; it had " + std::to_string(attempts);
}

}  // namespace weir::cli

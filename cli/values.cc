// Cells out of messages. An absent time is all zeros in these messages: nothing in Weir happened
// in 1970.
// No thread affinity.
#include "cli/values.h"

#include <google/protobuf/timestamp.pb.h>

#include "cli/text/duration.h"
#include "weir/v1/run_service.pb.h"

namespace weir::cli {
namespace {

bool is_set(const google::protobuf::Timestamp& at) { return at.seconds() != 0 || at.nanos() != 0; }

}  // namespace

base::WallTime to_wall(const google::protobuf::Timestamp& at) {
  return base::WallTime(std::chrono::seconds(at.seconds()) +
                        std::chrono::microseconds(at.nanos() / 1000));
}

std::string time_cell(const google::protobuf::Timestamp& at) {
  return is_set(at) ? format_time(to_wall(at)) : "-";
}

void set_time(base::WallTime at, google::protobuf::Timestamp* out) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(at);
  out->set_seconds(whole.time_since_epoch().count());
  out->set_nanos(static_cast<std::int32_t>((at - whole).count() * 1'000));
}

std::string span_cell(const google::protobuf::Timestamp& start,
                      const google::protobuf::Timestamp& end) {
  if (!is_set(start)) return "-";
  return format_duration((is_set(end) ? to_wall(end) : wall_now()) - to_wall(start));
}

// Rounded down: nothing is whole before it is.
std::string progress_text(const v1::Progress& progress) {
  std::string text;
  if (progress.has_fraction()) {
    constexpr double kRoundingError = 1e-9;  // 0.29 * 100 is a little less than 29
    text = std::to_string(static_cast<int>(progress.fraction() * 100 + kRoundingError)) + " %";
  }
  if (!progress.message().empty()) {
    text += (text.empty() ? "" : "  ") + printable(progress.message());
  }
  return text;
}

Cell state_cell(const std::string& enum_name, std::string_view prefix) {
  const std::string word = enum_word(enum_name, prefix);
  return {word, state_color(word)};
}

}  // namespace weir::cli

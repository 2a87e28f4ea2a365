// Colours and the clean-up of text that others wrote, for terminals. What comes from a module, a
// task or a worker goes through printable() before it is shown.
// Pure values.
#pragma once

#include <string>
#include <string_view>

namespace weir::cli {

enum class Color { kNone, kRed, kGreen, kYellow, kBlue, kDim, kBold };

// Paints or leaves alone: one for each of stdout and stderr.
class Painter {
 public:
  explicit Painter(bool on) : on_(on) {}
  bool on() const { return on_; }
  std::string operator()(Color color, std::string_view text) const;

 private:
  bool on_;
};

// The colour of a state or outcome by its word ("succeeded", "timed_out", …).
Color state_color(std::string_view word);
// Its sign: "✓", "✗", "▶", "○", …
std::string_view state_icon(std::string_view word);

// Control characters other than tabs replaced, so that text of a task or module cannot move the
// cursor.
std::string printable(std::string_view text);

// Columns that the text takes on a terminal: code points, without escape sequences.
std::size_t display_width(std::string_view text);

// At most `columns` wide, with "…" for what was cut; escape sequences must not be in it.
std::string cut(std::string_view text, std::size_t columns);

// "RUN_STATE_UP_FOR_RETRY", "RUN_STATE_" -> "up_for_retry".
std::string enum_word(std::string_view name, std::string_view prefix);

// "1 task", "2 tasks".
std::string count_of(long long count, std::string_view noun);

// "12.3 KiB".
std::string format_bytes(long long bytes);

}  // namespace weir::cli

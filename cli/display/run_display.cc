// The rich, the plain and the silent display. The rich one erases its live part, prints what is to
// stay, and draws the live part again, in one write a frame, so that it does not flicker.
// Main thread.
#include "cli/display/run_display.h"

#include <cstdio>
#include <unistd.h>

#include "cli/text/duration.h"

namespace weir::cli {
namespace {

void write_err(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

class SilentDisplay : public RunDisplay {
 public:
  void transition(const Transition&) override {}
  void block(const std::vector<std::string>&) override {}
  void tick(const RunModel&, const LastWordsByAttempt&) override {}
  void close() override {}
  bool live() const override { return false; }
};

class PlainDisplay : public RunDisplay {
 public:
  explicit PlainDisplay(Invocation& invocation) : invocation_(invocation) {}
  void transition(const Transition& transition) override {
    invocation_.note(transition_line(transition, invocation_.err_paint()));
  }
  void block(const std::vector<std::string>& lines) override {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    write_err(text);
  }
  void tick(const RunModel&, const LastWordsByAttempt&) override {}
  void close() override {}
  bool live() const override { return false; }

 private:
  Invocation& invocation_;
};

class RichDisplay : public RunDisplay {
 public:
  RichDisplay(Invocation& invocation, std::string title)
      : invocation_(invocation), title_(std::move(title)) {}

  void transition(const Transition& transition) override {
    if (transition.word == "running") return;  // the live part shows it
    if (scrolled_ < kScrolledMax) {
      pending_ += cut_line(transition_line(transition, invocation_.err_paint()));
    }
    ++scrolled_;
  }

  void block(const std::vector<std::string>& lines) override {
    for (const std::string& line : lines) pending_ += line + "\n";
  }

  void tick(const RunModel& model, const LastWordsByAttempt& last_words) override {
    std::string frame = take_pending();
    std::vector<std::string> lines{header(model)};
    const auto running = model.longest_running(kRunningShownMax);
    for (const auto& [index, task] : running) {
      const auto last = last_words.find({index, task.attempt});
      lines.push_back(task_line(task, last == last_words.end() ? LastWords() : last->second));
    }
    const int more = model.running() - static_cast<int>(running.size());
    if (more > 0) lines.push_back("  … and " + count_of(more, "task") + " more running");
    for (const std::string& line : lines) frame += line + "\n";
    drawn_ = lines.size();
    write_err(frame);
  }

  void close() override {
    const std::string frame = take_pending();
    drawn_ = 0;
    write_err(frame);
  }

  bool live() const override { return true; }

 private:
  std::size_t columns() const {
    const std::size_t width = invocation_.err_width();
    return width == 0 ? 80 : width;
  }

  // Painted text cannot be cut in the middle of a sequence: what is too wide loses its colour.
  std::string cut_line(const std::string& painted) const {
    if (display_width(painted) < columns()) return painted + "\n";
    std::string plain;
    for (std::size_t i = 0; i < painted.size(); ++i) {
      if (painted[i] == '\x1b') {
        while (i < painted.size() && painted[i] != 'm') ++i;
        continue;
      }
      plain += painted[i];
    }
    return plain + "\n";  // the terminal wraps it: what stays on the screen is never cut
  }

  // Erases the live part; what has gathered goes where it was.
  std::string take_pending() {
    std::string frame;
    if (drawn_ > 0) frame = "\x1b[" + std::to_string(drawn_) + "F\x1b[J";
    if (scrolled_ > kScrolledMax) {
      pending_ += "  … and " + count_of(static_cast<long long>(scrolled_ - kScrolledMax), "line") +
                  " more\n";
    }
    scrolled_ = 0;
    frame += std::exchange(pending_, {});
    return frame;
  }

  std::string header(const RunModel& model) const {
    const base::WallTime now = wall_now();
    std::string text = title_ + "  " + std::to_string(model.done()) + "/" +
                       std::to_string(model.task_count()) + " done · " +
                       std::to_string(model.running()) + " running · " +
                       std::to_string(model.failed()) + " failed · " +
                       std::to_string(model.waiting()) + " waiting";
    if (model.started() != base::WallTime{} && now > model.started()) {
      text += "  " + format_duration(now - model.started());
    }
    if (const auto eta = model.eta(now)) text += "  ETA " + format_duration(*eta);
    return invocation_.err_paint()(Color::kBold, cut(text, columns() - 1));
  }

  std::string task_line(const RunModel::Task& task, const LastWords& last) const {
    const base::WallTime now = wall_now();
    const auto took = now > task.started ? now - task.started : std::chrono::microseconds(0);
    std::string text = "  ▶ " + task.name + "  " + format_duration(took);
    if (task.attempt > 1) text += "  #" + std::to_string(task.attempt);
    if (!last.progress.empty()) text += "  " + last.progress;
    if (!last.line.empty()) text += "  │ " + printable(last.line);
    return invocation_.err_paint()(Color::kBlue, cut(text, columns() - 1));
  }

  Invocation& invocation_;
  std::string title_;
  std::string pending_;
  std::size_t scrolled_ = 0;  // transitions in pending_ and past its limit
  std::size_t drawn_ = 0;     // lines of the live part on the screen
};

}  // namespace

std::string transition_line(const Transition& transition, const Painter& paint) {
  const bool retry = transition.word == "retry";
  const std::string state = retry ? "up_for_retry" : transition.word;
  std::string word = std::string(state_icon(state)) + " " + transition.word;
  if (display_width(word) < 17) word.append(17 - display_width(word), ' ');
  std::string line = paint(Color::kDim, format_clock(transition.at)) + "  " +
                     paint(state_color(state), word) + "  " + transition.task;
  if (transition.attempt > 1 || retry) line += "  #" + std::to_string(transition.attempt);
  if (transition.took && transition.word != "running") {
    line += "  " + format_duration(*transition.took);
  }
  if (!transition.message.empty()) line += "  " + paint(Color::kDim, printable(transition.message));
  return line;
}

std::unique_ptr<RunDisplay> make_run_display(Invocation& invocation, const std::string& title) {
  if (invocation.options.console == ConsoleMode::kNone || invocation.options.quiet) {
    return std::make_unique<SilentDisplay>();
  }
  if (invocation.rich()) return std::make_unique<RichDisplay>(invocation, title);
  return std::make_unique<PlainDisplay>(invocation);
}

}  // namespace weir::cli

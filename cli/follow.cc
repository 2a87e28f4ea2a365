// The loop that takes updates and draws frames, ten times a second while nothing happens. It never
// blocks for longer than a frame, so that Ctrl-C is heard; calls for the display have short
// deadlines of their own. Main thread.
#include "cli/follow.h"

#include <deque>
#include <memory>

#include "base/errors.h"
#include "cli/display/log_tail.h"
#include "cli/display/run_display.h"
#include "cli/display/run_model.h"
#include "cli/interrupt.h"
#include "cli/text/duration.h"
#include "sdk/client/api.h"
#include "sdk/client/run_follower.h"

namespace weir::cli {
namespace {

using base::Status;
using client::RunFollower;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFrame{100};
constexpr std::chrono::milliseconds kLastLinesEvery{1'000};
constexpr std::chrono::milliseconds kLogsMayLag{1'500};  // behind the event of a failure
constexpr std::chrono::milliseconds kDisplayCall{1'000};
constexpr std::size_t kFailureLogLines = 20;
constexpr std::size_t kFailuresShownMax = 10;  // in full; the rest only as lines

class Follow {
 public:
  Follow(Session& session, client::Api& api, const v1::Run& run, const FollowOptions& options)
      : session_(session),
        run_(run),
        options_(options),
        logs_api_(api.target(), kDisplayCall, 1),
        model_(run.task_count()),
        display_(make_run_display(session, title(run))),
        follower_(api.target(), run.id(), 0) {}

  int run() {
    const Clock::time_point started = Clock::now();
    if (run_.queued_for() != v1::QUEUE_REASON_UNSPECIFIED) {
      session_.note("run " + run_.id() + " is queued; weir explain " + run_.id() + " says why");
    }
    for (;;) {
      if (interrupted() != 0) return detach();
      if (options_.timeout && Clock::now() - started >= *options_.timeout) return timed_out();
      RunFollower::Update update = follower_.next(next_wait(started));
      if (update.kind == RunFollower::Kind::kFinished) return finished();
      if (update.kind == RunFollower::Kind::kGone) return give_up(update.status);
      take(update);
      report_failures(false);
      draw();
    }
  }

 private:
  static std::string title(const v1::Run& run) {
    return "run " + run.id() + "  " + (run.job().empty() ? run.selection() : run.job());
  }

  std::chrono::milliseconds next_wait(Clock::time_point started) const {
    if (!options_.timeout) return kFrame;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(*options_.timeout - (Clock::now() - started));
    return std::max(std::chrono::milliseconds(1), std::min(kFrame, left));
  }

  void take(const RunFollower::Update& update) {
    if (update.kind == RunFollower::Kind::kDisconnected) {
      connected_ = false;
      display_->block({lost_line(session_)});
    }
    if (update.kind == RunFollower::Kind::kReconnected) {
      connected_ = true;
      display_->block({found_line(session_)});
      // A display without last lines is better than none: whether it worked is seen later.
      static_cast<void>(logs_api_.wait_connected(kDisplayCall));
    }
    for (const v1::Event& event : update.events) {
      if (event.kind() == v1::EVENT_KIND_RUN_ADMITTED) count_tasks();
      std::optional<Transition> transition = model_.apply(event);
      if (!transition || event.seq() <= options_.told_until_seq) continue;
      if (transition->word == "failed") {
        failures_.push_back({*transition, Clock::now()});
        // The report that follows has the reason, as long as there are reports.
        if (reported_ + failures_.size() <= kFailuresShownMax) transition->message.clear();
      }
      display_->transition(*transition);
    }
  }

  // Of a run that was queued: its tasks are known from now on.
  void count_tasks() {
    v1::GetRunRequest request;
    request.set_run(run_.id());
    const auto run = logs_api_.get_run(request);
    if (run.ok()) model_.set_task_count(run->run().task_count());
  }

  void draw() {
    if (!display_->live()) return;
    if (connected_ && Clock::now() - last_lines_at_ >= kLastLinesEvery) {
      last_lines_.clear();
      for (const auto& [index, task] : model_.longest_running(kRunningShownMax)) {
        const LogTail tail = read_log_tail(logs_api_, run_.id(), index, task.attempt, 1);
        if (!tail.reachable) break;
        if (!tail.lines.empty()) last_lines_[{index, task.attempt}] = tail.lines.back();
      }
      last_lines_at_ = Clock::now();
    }
    display_->tick(model_, last_lines_);
  }

  struct Failure {
    Transition transition;
    Clock::time_point seen;
  };

  // Prints the failures whose logs have arrived, or have had their time; all of them at the end.
  void report_failures(bool at_end) {
    while (!failures_.empty()) {
      const Failure& failure = failures_.front();
      if (reported_ >= kFailuresShownMax || session_.options.quiet) {
        failures_.pop_front();
        continue;
      }
      const LogTail tail = read_log_tail(logs_api_, run_.id(), failure.transition.index,
                                         failure.transition.attempt, kFailureLogLines);
      const bool waited = Clock::now() - failure.seen >= kLogsMayLag;
      if (!tail.complete && tail.reachable && !waited) {
        if (!at_end) return;
        if (wait_for_interrupt(kFrame)) return;
        continue;
      }
      display_->block(failure_block(failure.transition, tail));
      failures_.pop_front();
      ++reported_;
    }
  }

  std::vector<std::string> failure_block(const Transition& failure, const LogTail& tail) {
    const Painter& paint = session_.err_paint();
    std::vector<std::string> lines;
    v1::ListAttemptsRequest request;
    request.set_run(run_.id());
    request.set_task(failure.task);
    const auto attempts = logs_api_.list_attempts(request);
    std::string outcome = "failed";
    std::string message = failure.message;
    if (attempts.ok()) {
      for (const v1::Attempt& attempt : attempts->attempts()) {
        if (attempt.epoch() != failure.attempt) continue;
        outcome = enum_word(v1::Outcome_Name(attempt.outcome()), "OUTCOME_");
        if (!attempt.message().empty()) message = attempt.message();
      }
    }
    lines.push_back(paint(Color::kRed, "✗ " + failure.task + "  attempt " +
                                           std::to_string(failure.attempt) + "  " + outcome +
                                           (message.empty() ? "" : ": " + printable(message))));
    for (const std::string& line : tail.lines) {
      lines.push_back(paint(Color::kDim, "  │ ") + printable(line));
    }
    const std::string reference = run_.id() + "/" + failure.task;
    lines.push_back("  next: weir logs " + reference + "   or   weir explain " + reference);
    return lines;
  }

  int finished() {
    const v1::Run& run = follower_.run();
    report_failures(true);
    display_->close();
    const std::string word = enum_word(v1::RunState_Name(run.state()), "RUN_STATE_");
    const auto seconds = [](const google::protobuf::Timestamp& at) {
      return std::chrono::microseconds(at.seconds() * 1'000'000 + at.nanos() / 1'000);
    };
    std::string line = std::string(state_icon(word)) + " run " + run.id() + " " + word;
    if (run.has_started_at() && run.has_finished_at()) {
      line += " in " + format_duration(seconds(run.finished_at()) - seconds(run.started_at()));
    }
    line += ": " + counts_text(run.counts());
    if (session_.options.console != ConsoleMode::kNone) {
      session_.note(session_.err_paint()(state_color(word), line));
      // Of a run that ended by itself the message is its counts again.
      const bool told = run.state() != v1::RUN_STATE_CANCELED && run.task_count() > 0;
      const bool more = !told && run.message() != word;
      if (more && !run.message().empty()) session_.note("  " + run.message());
      if (word == "failed") session_.note("  next: weir logs " + run.id() + " --failed");
    }
    return run.state() == v1::RUN_STATE_SUCCEEDED  ? kExitOk
           : run.state() == v1::RUN_STATE_CANCELED ? kExitCanceled
                                                   : kExitFailed;
  }

  static std::string counts_text(const v1::TaskCounts& counts) {
    std::string text;
    const auto add = [&text](int count, const char* word) {
      if (count > 0) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + word;
    };
    add(counts.succeeded(), "succeeded");
    add(counts.cached(), "cached");
    add(counts.failed(), "failed");
    add(counts.upstream_failed(), "upstream_failed");
    add(counts.skipped(), "skipped");
    add(counts.canceled(), "canceled");
    return text.empty() ? "no tasks" : text;
  }

  int detach() {
    display_->close();
    session_.warn("detached; run " + run_.id() + " goes on");
    session_.note("  watch it:  weir runs watch " + run_.id());
    session_.note("  cancel it: weir cancel " + run_.id());
    return kExitInterrupted;
  }

  int timed_out() {
    display_->close();
    session_.warn("run " + run_.id() + " has not ended within " +
                  format_duration(*options_.timeout) + "; it goes on");
    session_.note("  watch it:  weir runs watch " + run_.id());
    session_.note("  cancel it: weir cancel " + run_.id());
    return kExitTimedOut;
  }

  int give_up(const Status& status) {
    display_->close();
    return give_up_following(session_, run_.id(), status);
  }

  Session& session_;
  v1::Run run_;
  FollowOptions options_;
  client::Api logs_api_;  // short deadlines, no retries: a display must not hang
  RunModel model_;
  std::unique_ptr<RunDisplay> display_;
  RunFollower follower_;
  std::deque<Failure> failures_;  // not reported yet
  std::size_t reported_ = 0;
  bool connected_ = true;
  LastLines last_lines_;
  Clock::time_point last_lines_at_{};
};

}  // namespace

std::string lost_line(const Session& session) {
  return session.err_paint()(
      Color::kYellow, "the connection to the scheduler is lost; waiting for it to come back");
}

std::string found_line(const Session& session) {
  return session.err_paint()(Color::kGreen, "connected again");
}

int give_up_following(Session& session, const std::string& run, const Status& status) {
  session.warn("cannot follow run " + run + " any further; it goes on");
  return session.fail(status);
}

int follow_run(Session& session, const std::string& run, const FollowOptions& options) {
  const base::Result<client::Api*> api = session.api();
  if (!api.ok()) return session.fail(api.status());
  install_interrupt_handler();
  v1::GetRunRequest request;
  request.set_run(run);
  const auto found = (*api)->get_run(request);
  if (!found.ok()) return session.fail(found.status());
  return Follow(session, **api, found->run(), options).run();
}

}  // namespace weir::cli

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
#include "cli/values.h"
#include "sdk/client/api.h"
#include "sdk/client/run_follower.h"

namespace weir::cli {
namespace {

using base::Status;
using client::RunFollower;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFrame{100};
constexpr std::chrono::milliseconds kLastWordsEvery{1'000};
constexpr std::chrono::milliseconds kLogsMayLag{1'500};  // behind the event of a failure
constexpr std::chrono::milliseconds kDisplayCall{1'000};
constexpr std::size_t kFailureLogLines = 20;
constexpr std::size_t kFailuresShownMax = 10;  // in full; the rest only as lines

class Follow {
 public:
  Follow(Invocation& invocation, client::Api& api, const v1::Run& run, const FollowOptions& options)
      : invocation_(invocation),
        run_(run),
        options_(options),
        logs_api_(api.target(), kDisplayCall, 1),
        model_(run.task_count()),
        display_(make_run_display(invocation, title(run))),
        follower_(api.target(), run.id(), 0) {}

  int run() {
    const Clock::time_point started = Clock::now();
    if (run_.queued_for() != v1::QUEUE_REASON_UNSPECIFIED) {
      invocation_.note("run " + run_.id() + " is queued; weir explain " + run_.id() + " says why");
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
      display_->block({lost_line(invocation_)});
    }
    if (update.kind == RunFollower::Kind::kReconnected) {
      connected_ = true;
      display_->block({found_line(invocation_)});
      // A display without last words is better than none: whether it worked is seen later.
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
    if (connected_ && Clock::now() - last_words_at_ >= kLastWordsEvery) {
      last_words_.clear();
      for (const auto& [index, task] : model_.longest_running(kRunningShownMax)) {
        const LogTail tail = read_log_tail(logs_api_, run_.id(), index, task.attempt, 1);
        if (!tail.reachable) break;
        last_words_[{index, task.attempt}] = {progress_of(task),
                                              tail.lines.empty() ? "" : tail.lines.back()};
      }
      last_words_at_ = Clock::now();
    }
    display_->tick(model_, last_words_);
  }

  std::string progress_of(const RunModel::Task& task) {
    v1::ListTasksRequest request;
    request.set_run(run_.id());
    request.set_name(task.name);
    const auto found = logs_api_.list_tasks(request);
    if (!found.ok() || found->tasks_size() == 0) return "";  // one without is better than none
    const v1::Task& shown = found->tasks(0);
    return shown.epoch() == task.attempt ? progress_text(shown.progress()) : "";
  }

  struct Failure {
    Transition transition;
    Clock::time_point seen;
  };

  // Prints the failures whose logs have arrived, or have had their time; all of them at the end.
  void report_failures(bool at_end) {
    while (!failures_.empty()) {
      const Failure& failure = failures_.front();
      if (reported_ >= kFailuresShownMax || invocation_.options.quiet) {
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
    const Painter& paint = invocation_.err_paint();
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
    if (invocation_.options.console != ConsoleMode::kNone) {
      invocation_.note(invocation_.err_paint()(state_color(word), line));
      // Of a run that ended by itself the message is its counts again.
      const bool told = run.state() != v1::RUN_STATE_CANCELED && run.task_count() > 0;
      const bool more = !told && run.message() != word;
      if (more && !run.message().empty()) invocation_.note("  " + run.message());
      if (word == "failed") invocation_.note("  next: weir logs " + run.id() + " --failed");
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
    invocation_.warn("detached; run " + run_.id() + " goes on");
    invocation_.note("  watch it:  weir runs watch " + run_.id());
    invocation_.note("  cancel it: weir cancel " + run_.id());
    return kExitInterrupted;
  }

  int timed_out() {
    display_->close();
    invocation_.warn("run " + run_.id() + " has not ended within " +
                     format_duration(*options_.timeout) + "; it goes on");
    invocation_.note("  watch it:  weir runs watch " + run_.id());
    invocation_.note("  cancel it: weir cancel " + run_.id());
    return kExitTimedOut;
  }

  int give_up(const Status& status) {
    display_->close();
    return give_up_following(invocation_, run_.id(), status);
  }

  Invocation& invocation_;
  v1::Run run_;
  FollowOptions options_;
  client::Api logs_api_;  // short deadlines, no retries: a display must not hang
  RunModel model_;
  std::unique_ptr<RunDisplay> display_;
  RunFollower follower_;
  std::deque<Failure> failures_;  // not reported yet
  std::size_t reported_ = 0;
  bool connected_ = true;
  LastWordsByAttempt last_words_;
  Clock::time_point last_words_at_{};
};

}  // namespace

std::string lost_line(const Invocation& invocation) {
  return invocation.err_paint()(
      Color::kYellow, "the connection to the scheduler is lost; waiting for it to come back");
}

std::string found_line(const Invocation& invocation) {
  return invocation.err_paint()(Color::kGreen, "connected again");
}

int give_up_following(Invocation& invocation, const std::string& run, const Status& status) {
  invocation.warn("cannot follow run " + run + " any further; it goes on");
  return invocation.fail(status);
}

int follow_run(Invocation& invocation, const std::string& run, const FollowOptions& options) {
  const base::Result<client::Api*> api = invocation.api();
  if (!api.ok()) return invocation.fail(api.status());
  install_interrupt_handler();
  v1::GetRunRequest request;
  request.set_run(run);
  const auto found = (*api)->get_run(request);
  if (!found.ok()) return invocation.fail(found.status());
  return Follow(invocation, **api, found->run(), options).run();
}

}  // namespace weir::cli

// The words of every kind of item, in one table of templates, and the few lines that fill them in.
// What people or programs said is put in as it is and never read as a template. Pure functions,
// safe from any thread.
#include <array>
#include <chrono>
#include <string_view>

#include "base/check.h"
#include "base/ids.h"
#include "engine/explain/explanation.h"
#include "engine/rows/partitions.h"

namespace weir::engine {
namespace {

// {subject}, {run} and {task} (its two parts), {text}, {ref}, {ref2}; {subject[]}, {ref[]} and
// {ref2[]} are assets, with the partition; of numbers {#name} as it is,
// {name:one|many} counted, {name~} a span, {name@} a time. [name?...] is left out when the number
// is zero or the text is empty.
constexpr std::array<std::string_view, base::kWords<ExplainKind>.size()> kTemplates = {
    "run {subject} is {ref}: {#unfinished} of {#tasks} tasks have not ended",
    "run {subject} is queued and not planned: {live:run is|runs are} live, and at most {#limit} "
    "may "
    "be",
    "run {subject} is queued and not planned: live runs have {resident:task|tasks}, and at most "
    "{#limit} may be live[tasks?; it has {#tasks}][missing?, and begins when runs with "
    "{missing:task|tasks} or more have ended]",
    "run {subject} is queued and not planned: it starts at {start_at@}",
    "run {subject} is queued and not planned: it waits for run {ref} of its schedule, {ref2}, to "
    "end",
    "run {subject} is queued and not planned: the scheduler's disk is full; it begins when there "
    "is "
    "room again",
    "[at_least?at least ]{ahead:queued run goes|queued runs go} before it",
    "run {subject} is set aside, for {text}, until it is repaired and the scheduler started again",
    "run {subject} {ref}[text?: {text}]",
    "asked for by {ref2} at {created_at@}, {ref}[took?, took {took~}][text?: {text}]",
    "… `weir explain RUN/TASK` explains one task",
    "{task} waits for {text}",
    "{task} is ready; [at_least?at least ]{ahead:ready task goes|ready tasks go} before it",
    "{task} waits for {ref}, which writes {ref2[]}",
    "{task} waits for those who go before it to write {ref[]}",
    "{task} attempt #{#attempt} runs on worker {ref} since {since~} ago",
    "{task} attempt #{#attempt} is leased to worker {ref} since {since~} ago",
    "its attempt #{#attempt} on worker {ref} is taken up again if that worker comes back before it "
    "is leased anew",
    "it was asked to stop; it is fenced in {left~}",
    "{task} tries again in {left~} ({#used} of {#max} attempts used, {#lost} lost to the "
    "infrastructure)",
    "the last one ended as {text}",
    "{task} {ref}[text?: {text}]",
    "{task} of run {run} ended as {ref}[text?: {text}]",
    "task {task}[text?: {text}] (weir explain {subject})",
    "attempt {#attempt} on worker {ref} at {leased_at@}: {ref2}[text?: {text}]",
    "it was never tried",
    "{text}",
    "no worker is connected; start one with `weir worker --scheduler ADDRESS`",
    "all connected workers are draining or shut down; `weir workers drain NAME --undo` lets one "
    "work "
    "again",
    "{workers:worker is|workers are} connected with {slots:slot|slots}; {leases:attempt "
    "is|attempts "
    "are} leased",
    "the worker is not connected; its lease ends in {left~}, then the task is ready again",
    "{subject} is retired: pipeline '{ref}' no longer declares it",
    "{subject[]} was never materialized",
    "{subject[]} was last materialized by run {ref} as version {text}",
    "run {ref}, the newest that is done with it, made no version of it: {text} (weir explain "
    "{ref2})",
    "run {ref} writes it now; {#others} others wait for that",
    "run {ref} will write it:",
    "no run that goes on writes it",
    "… `weir runs list` shows the other runs that will write it",
    "it is up to date: it would be made from the same again",
    "it is stale ({ref})[since?, since {since@}]: {text}",
    "above it {assets:asset is|assets are} stale: {text}",
    "schedule {subject} starts job {ref}: {text}",
    "it fires next for {nominal@}[jitter?, evaluated at {due@}: its share of a jitter of "
    "{jitter~}]",
    "that is a day off of '{text}': the tick will be recorded as skipped",
    "it fires no more: there is no time of it before its end",
    "it is paused by {ref} since {since@}[until?, until {until@}][text?: {text}]; "
    "`weir schedules resume {subject}` has it go on from then",
    "it is retired: its pipeline's module no longer declares it",
    "it does not fire: the time zone '{ref}' cannot be read on this machine",
    "run {ref} of it has not ended[overlap?; a tick that comes meanwhile: {text}]",
    "run {ref} of it waits for that",
    "`weir schedules history {subject}` shows what became of its times",
    "the tick of {subject} for {nominal@} was {ref} at {evaluated@}[run?, run {ref2}][text?: "
    "{text}]",
    "the tick of {subject} for {nominal@} was {ref} with all from {first@} to {last@}[text?: "
    "{text}]",
    "the tick of {subject} for {nominal@} has not come yet",
    "{subject} has no tick for {nominal@}[past?, or none that is still kept][next?; its next time "
    "after that is {next@}]",
    "its freshness is {ref} since {since@}[last?: it was last made or verified at {last@}]",
    "its policy only observes: it starts no runs",
    "its policy is paused by {ref} and starts no runs[text?: {text}]; `weir freshness resume "
    "{subject}` has it go on",
    "run {ref} makes it anew",
    "it has no deadline to come[never?: nothing requires it before it is first made, which "
    "`weir materialize +{subject}` does]",
    "it is made anew from {start@} on: it passes until {deadline@}, less {expected~} for {text} "
    "({ref}) and a margin",
    "before that schedule {ref} makes it, at {due@}, and puts that off",
    "{failures:refresh has|refreshes have} failed in a row[retry?; the next one is tried from "
    "{retry@} on]",
    "it starts nothing now: {text}",
};
static_assert(!kTemplates.back().empty(), "a kind of item has no words");

std::string span_text(std::int64_t ms) {
  return std::to_string(ms / 1000) + "." + std::to_string(ms % 1000 / 100) + " s";
}

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

// "2026-11-27 20:59:30 UTC"
std::string time_text(std::int64_t us) {
  const base::WallTime at{base::Duration(us)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  return std::to_string(int(date.year())) + "-" + two_digits(unsigned(date.month())) + "-" +
         two_digits(unsigned(date.day())) + " " + two_digits(time.hours().count()) + ":" +
         two_digits(time.minutes().count()) + ":" + two_digits(time.seconds().count()) + " UTC";
}

class Filler {
 public:
  explicit Filler(const ExplainItem& item) : item_(item) {}

  std::string fill(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
      const std::size_t at = text.find_first_of("{[");
      out += text.substr(0, at);
      if (at == std::string_view::npos) break;
      const bool optional = text[at] == '[';
      const std::size_t end = text.find(optional ? ']' : '}', at);
      CHECK_MSG(end != std::string_view::npos, "a template is not closed");
      const std::string_view inner = text.substr(at + 1, end - at - 1);
      out += optional ? segment(inner) : value(inner);
      text.remove_prefix(end + 1);
    }
    return out;
  }

 private:
  std::int64_t number(std::string_view name) const {
    const auto found = item_.numbers.find(std::string(name));
    return found == item_.numbers.end() ? 0 : found->second;
  }
  std::string reference(std::size_t index) const {
    return index < item_.references.size() ? item_.references[index] : std::string();
  }
  std::string asset(const std::string& name) const {
    return AssetPartitionView(name, item_.partition).text();
  }
  std::string segment(std::string_view inner) const {
    const std::size_t mark = inner.find('?');
    const std::string_view name = inner.substr(0, mark);
    const bool there = name == "text" ? !item_.text.empty() : number(name) != 0;
    return there ? fill(inner.substr(mark + 1)) : std::string();
  }
  std::string value(std::string_view name) const {
    const std::string& subject = item_.subject;
    const std::size_t slash = subject.find('/');
    if (name == "subject") return subject;
    if (name == "subject[]") return asset(subject);
    if (name == "ref[]") return asset(reference(0));
    if (name == "ref2[]") return asset(reference(1));
    if (name == "run") return subject.substr(0, slash);
    if (name == "task") return slash == std::string::npos ? subject : subject.substr(slash + 1);
    if (name == "text") return item_.text;
    if (name == "ref") return reference(0);
    if (name == "ref2") return reference(1);
    if (name.front() == '#') return std::to_string(number(name.substr(1)));
    if (name.back() == '~') return span_text(number(name.substr(0, name.size() - 1)));
    if (name.back() == '@') return time_text(number(name.substr(0, name.size() - 1)));
    const std::size_t colon = name.find(':'), bar = name.find('|');
    CHECK_MSG(bar != std::string_view::npos, "a template asks for what there is not");
    const std::int64_t count = number(name.substr(0, colon));
    const std::string_view noun =
        count == 1 ? name.substr(colon + 1, bar - colon - 1) : name.substr(bar + 1);
    return std::to_string(count) + " " + std::string(noun);
  }

  const ExplainItem& item_;
};

}  // namespace

std::string words_of(const ExplainItem& item) {
  return std::string(std::size_t(item.depth) * 2, ' ') +
         Filler(item).fill(kTemplates[std::size_t(item.kind)]);
}

}  // namespace weir::engine

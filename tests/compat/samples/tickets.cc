// A pipeline as its authors would write it: every feature of the typed surface that needs no
// partitions or maps. Must compile without a warning with every supported compiler. Linked into the
// SDK's unit tests, which look at the records that it makes.
#include "tests/compat/samples/tickets.h"

#include <chrono>
#include <span>
#include <string_view>
#include <utility>

using namespace std::chrono_literals;

namespace tickets {

weir::Outcome<Tickets> extract(weir::Context& ctx, Db& db, weir::Cursor<Offset>& cursor) {
  auto rows = db.since(cursor.at().value_or(Offset{}).lsn);
  if (rows.empty()) return weir::skip("no new tickets");
  if (rows.size() == 1 && rows.front().message.empty()) return weir::unchanged;
  if (rows.size() > 1000) throw weir::retry_after(30s, "429");
  ctx.meta("rows", rows.size());
  ctx.info("page loaded", {{"rows", rows.size()}, {"share", 0.5}, {"from", "crm"}});
  cursor.advance({rows.back().id});
  return rows;
}

Tickets clean(const Tickets& raw) { return raw; }

weir::Verdict volume(const Tickets& tickets) {
  return weir::Verdict(tickets.size() > 1).because("too few").meta("rows", tickets.size());
}

bool short_enough(const Tickets& tickets, const TrainParams& params) {
  return static_cast<int>(tickets.size()) < params.epochs * 1000;
}

std::tuple<Tickets, Tickets> split(const Tickets& all, const std::vector<Customer>&) {
  return {all, all};
}

Model train(const Tickets& data, const TrainParams& params, const weir::Input<Model>& previous) {
  if (previous) return *previous;
  return Model{{params.lambda * static_cast<double>(data.size())}};
}

std::string report(const weir::Input<Model>& model, const weir::Input<std::string>& notes) {
  if (!model) return model.reason();
  return notes ? "trained, " + *notes : "trained";
}

std::size_t count(std::shared_ptr<const Tickets> shared, std::span<const Ticket> span,
                  Tickets copy) {
  return shared->size() + span.size() + copy.size();
}

std::string title(const weir::ScheduledTime& time) { return "tickets until " + time.text(); }

const weir::Calendar kHolidays{"holidays", {"2026-12-25", "2027-01-01"}};

void define_jobs(weir::Pipeline& p, const weir::Param<TrainParams>& params,
                 const weir::Asset<std::string>& result) {
  p.job("daily", weir::upstream_of(result))
      .priority(2)
      .cron("0 2 * * *")
      .cron("@every 90m", "Europe/Berlin");
  p.job("everything", weir::select("*"))
      .schedule(weir::cron("0 6 * * mon-fri", "America/New_York")
                    .also("0 12 * * sat")
                    .named("weekdays")
                    .with(params, {.epochs = 5})
                    .except({"2026-12-24", "2026-12-31"})
                    .except(kHolidays)
                    .jitter(2min)
                    .catch_up(weir::CatchUp::last(5))
                    .catch_up_window(48h)
                    .overlap(weir::Overlap::kSkip)
                    .start("2026-12-01")
                    .end("2028-01-01T09:00+01:00")
                    .paused())
      .schedule(
          weir::cron(weir::cron_text("0 " + std::to_string(7) + " * * *"), weir::zone_name("UTC"))
              .with(params, TrainParams{.lambda = 0.2})
              .catch_up(weir::CatchUp::all()));
}

Assets define(weir::Pipeline& p) {
  auto db = p.resource("crm_db", [](const weir::Start& start) { return Db{start.secret("dsn")}; });
  auto params = p.params<TrainParams>("train");
  auto raw = p.asset("raw", extract, db, weir::cursor<Offset>())
                 .retry({.max_attempts = 3, .delay = 2s})
                 .owner("crm@example.org");
  auto cleaned = p.asset("cleaned", clean, raw)
                     .check("volume", volume, weir::blocking)
                     .check("short_enough", short_enough, weir::warn, params);
  auto [train_set, test_set] = p.assets({"train_set", "test_set"}, split, cleaned, kCustomers);
  train_set.freshness(weir::max_age(26h).warn_after(25h).required_after(2h).expected(20min));
  test_set.freshness(weir::fresh_by("0 9 * * mon-fri", "Europe/Berlin")
                         .lower_bound(2h)
                         .warn_before(30min)
                         .observe_only());
  auto model = p.asset("model", train, train_set, params, weir::self.previous())
                   .freshness(weir::fresh_by(weir::cron_text("@daily")))
                   .timeout(2h)
                   .priority(5)
                   .version("3")
                   .group("training")
                   .note("ridge regression");
  auto notes = p.asset("notes", [] { return std::string("fine"); });
  auto result = p.asset("report", report, weir::any_branch(model), weir::optional(notes));
  auto length = p.asset(
      "length", [](std::string_view text) { return text.size(); }, result);
  p.asset("counts", count, cleaned, cleaned, weir::last_good(test_set));
  auto announced = p.task(
                        "announce", [](weir::Context&, const std::string&) {}, result)
                       .side_effects();
  p.task(
      "page_somebody",
      [](const weir::Input<Model>& failed) -> weir::Outcome<void> {
        if (failed.reason().empty()) return weir::skip("nobody knows why");
        return {};
      },
      weir::one_failed(model, weir::after(announced)));
  for (const std::string region : {"eu", "us"}) {
    p.asset(weir::name("region/" + region), [region] { return region; });
  }
  p.asset("title", title, weir::scheduled_time);
  define_jobs(p, params, result);
  return {db, result, length};
}

}  // namespace tickets

// The stages as Weir calls them: each wraps one function and attaches the figures that a person
// wants to see beside the asset. Called by an executor, one attempt at a time.
// Only the first stage looks outside; the others depend on their arguments alone.
#include "pipeline.h"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <utility>

#include "clean.h"
#include "training_files.h"

namespace ticket_intent {
namespace {

// Everything that was read stays in the asset, and not the newest batch alone: cursor and value are
// committed together, so a later stage that fails loses no batch. The next run finds all of it.
weir::Outcome<Archive> read_tickets(weir::Context& ctx, Database& database,
                                    weir::Cursor<Mark>& cursor,
                                    const weir::Input<Archive>& previous, const Reading& reading) {
  // Without the archive the mark says nothing: what it stands for is not there.
  const std::optional<Mark> mark = previous ? cursor.at() : std::nullopt;
  Extraction extraction =
      extract(database, previous ? *previous : Archive{}, mark, reading, [&](std::int64_t rows) {
        ctx.progress(rows, 0, "reading tickets");
        if (ctx.canceled()) throw std::runtime_error("canceled while reading");
      });
  ctx.meta("rows_read", extraction.read);
  ctx.meta("new_tickets", extraction.archive.added);
  ctx.meta("changed_tickets", extraction.archive.changed);
  ctx.meta("expired_tickets", extraction.expired);
  ctx.meta("tickets", extraction.archive.tickets.size());
  cursor.advance(extraction.mark);
  if (previous && !extraction.changed()) return weir::unchanged;
  return std::move(extraction.archive);
}

Cleaned clean_tickets(weir::Context& ctx, const Archive& archive) {
  Cleaned cleaned = clean(archive.tickets);
  ctx.meta("tickets", cleaned.tickets.size());
  ctx.meta("empty", cleaned.empty);
  ctx.meta("duplicates", cleaned.duplicates);
  ctx.meta("suspect", cleaned.suspect);
  ctx.meta("reencoded", cleaned.reencoded);
  ctx.meta("html", cleaned.html);
  ctx.meta("masked_emails", cleaned.masked_emails);
  ctx.meta("masked_phones", cleaned.masked_phones);
  ctx.meta("masked_cards", cleaned.masked_cards);
  ctx.meta("wrong_clocks", cleaned.wrong_clocks);
  return cleaned;
}

std::vector<Example> label_tickets(weir::Context& ctx, const Cleaned& cleaned,
                                   const Labelling& labelling) {
  Labelled labelled = label(cleaned.tickets, labelling);
  ctx.meta("examples", labelled.examples.size());
  ctx.meta("labelled_by_agents", labelled.by_agents);
  ctx.meta("labelled_by_rules", labelled.by_rules);
  ctx.meta("unknown_labels", labelled.unknown);
  ctx.meta("unlabelled", labelled.unlabelled);
  return std::move(labelled.examples);
}

weir::Tree format_training_set(weir::Context& ctx, const std::vector<Example>& examples) {
  std::size_t validation = 0;
  for (const Example& example : examples) validation += example.validation ? 1 : 0;
  ctx.meta("train_examples", examples.size() - validation);
  ctx.meta("validation_examples", validation);
  const auto folder = ctx.scratch() / "training_set";
  write_training_files(examples, folder);
  return {folder};
}

// WEIR_SECRET_TICKETS_DSN in the environment of `weir up` or `weir worker`; else a file of SQLite.
std::unique_ptr<Database> connect(const weir::Start& start) {
  return open_database(start.find_secret("tickets_dsn").value_or(TICKET_INTENT_DB), Access::kRead);
}

}  // namespace

Assets define(weir::Pipeline& p) {
  using namespace std::chrono_literals;
  const auto database = p.resource("tickets_db", connect);
  const auto reading = p.params<Reading>("reading");
  const auto labelling = p.params<Labelling>("labelling");
  const auto limits = p.params<Limits>("limits");

  const auto tickets = p.asset("tickets", read_tickets, database, weir::cursor<Mark>(),
                               weir::self.previous(), reading)
                           .retry({.max_attempts = 4, .delay = 30s})
                           .timeout(10min)
                           .check("schema", audit_schema, weir::blocking)
                           .check("channels", audit_channels, weir::warn)
                           .check("new_tickets", audit_new_tickets, weir::warn, limits);
  const auto cleaned = p.asset("cleaned_tickets", clean_tickets, tickets)
                           .check("kept", audit_kept, weir::blocking, limits);
  const auto examples = p.asset("examples", label_tickets, cleaned, labelling)
                            .check("volume", audit_volume, weir::blocking, limits)
                            .check("intents", audit_intents, weir::blocking, limits)
                            .check("texts", audit_texts, weir::blocking)
                            .check("labellers", audit_labellers, weir::warn, limits);
  const auto training_set = p.asset("training_set", format_training_set, examples)
                                .note("train.jsonl and validation.jsonl")
                                .freshness(weir::max_age(26h).warn_after(25h).expected(2min))
                                .alert(weir::on_stale().to("team"));
  p.job("refresh", weir::upstream_of(training_set))
      .cron("0 2 * * *", "Europe/Berlin")
      .alert(weir::on_failure().to("team"));
  return {database, reading, labelling, limits, tickets, cleaned, examples, training_set};
}

}  // namespace ticket_intent

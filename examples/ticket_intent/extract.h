// Reads what is new in the table and lays it over what was read before. What makes that exact is
// said here; the cursor and the previous value come from Weir and are committed with the result.
// One thread; reads the database in one transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "database.h"
#include "values.h"

namespace ticket_intent {

// `-p reading.keep_days=365` overrides one of them.
struct Reading {
  int page_rows = 1'000;       // a query
  int lookback_minutes = 120;  // read again each time: what was committed late behind the mark
  int keep_days = 90;          // tickets that have not changed for so long are forgotten
};

struct Extraction {
  Archive archive;
  Mark mark;                 // where the next reading begins
  std::int64_t read = 0;     // rows, those of the lookback included
  std::int64_t expired = 0;  // tickets that were forgotten

  // Whether the archive is any other than the one before.
  bool changed() const { return archive.added + archive.changed + expired > 0; }
};

// Everything that changed since `mark`, in one view of the database. A row is new by its id and
// changed by its time, so that reading it again changes nothing: rows that were committed behind
// the mark within the lookback are found, and none counts twice. The mark never passes the
// database's own clock: a row from a server whose clock is ahead does not hide those that follow.
// `on_page` is told how many rows there were so far; what it throws ends the reading.
Extraction extract(Database& database, Archive before, const std::optional<Mark>& mark,
                   const Reading& reading, const std::function<void(std::int64_t)>& on_page);

}  // namespace ticket_intent

// Cron expressions in words: what one says, and what is wrong with one. The same everywhere:
// command line, API, describe, pages.
// Pure functions, safe from any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "weir/impl/cron/cron.h"
#include "weir/impl/cron/cron_problem.h"

namespace weir::calendar {

// parse_cron(), or INVALID_ARGUMENT (WEIR-E0213): the sentence, the expression and a caret under
// the characters that are meant.
base::Result<Cron> read_cron(std::string_view text);

// "cron '0 0 30 2 *', day of month: none of these months has such a day …", then two lines with the
// expression and the caret.
std::string problem_text(std::string_view text, const CronProblem& problem);

// "at 02:00 on weekdays", "every 15 minutes from 9 to 17 o'clock on the last Friday of the month".
std::string describe(const Cron& cron);

}  // namespace weir::calendar

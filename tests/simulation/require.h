// A rule that a row must follow: broken, the simulation fails with the row. See failure.h, for
// rules that are of no row.
// For audits only; nothing is written when the rule holds.
#pragma once

#include <string>

#include "engine/text/record_text.h"
#include "tests/simulation/failure.h"

namespace weir::simulation {

template <class Row>
void require(bool condition, const char* what, const Row& row) {
  expect_that(condition, [&] { return std::string(what) + ": " + engine::record_text(row); });
}

}  // namespace weir::simulation

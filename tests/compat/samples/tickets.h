// The types and handles of the sample pipeline in tickets.cc, as its main program and its tests
// would include them. Plain structs, no macro. No thread of its own.
// Stages may run on any thread.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <vector>

#include "tests/compat/samples/crm_assets.h"
#include <weir/weir.h>

namespace tickets {

struct Ticket {
  long id = 0;
  std::string message;
};
struct Model {
  std::vector<double> weights;
};
struct Offset {
  long lsn = 0;
};
struct TrainParams {
  double lambda = 0.1;
  int epochs = 3;
};
using Tickets = std::vector<Ticket>;

struct Db {
  std::string dsn;
  Tickets since(long) { return {{1, "printer on fire"}, {2, "cannot log in"}}; }
};

struct Assets {
  weir::Resource<Db> db;
  weir::Asset<std::string> report;
  weir::Asset<std::size_t> length;
};

// Stages and checks are functions: a test may call them.
weir::Outcome<Tickets> extract(weir::Context& ctx, Db& db, weir::Cursor<Offset>& cursor);
weir::Verdict volume(const Tickets& tickets);
bool short_enough(const Tickets& tickets, const TrainParams& params);

// Declares the pipeline; called by main and by tests.
Assets define(weir::Pipeline& p);

}  // namespace tickets

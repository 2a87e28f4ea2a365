// The pipeline: which stage computes which asset from which others, when it runs and how old the
// training set may be. Called by main and by tests; the handles that define() returns let a test
// give and read values.
// No computation here: the stages call the functions of the other files.
#pragma once

#include <vector>

#include "audit.h"
#include "database.h"
#include "extract.h"
#include "label.h"
#include "values.h"
#include <weir/weir.h>

namespace ticket_intent {

struct Assets {
  weir::Resource<Database> database;
  weir::Param<Reading> reading;
  weir::Param<Labelling> labelling;
  weir::Param<Limits> limits;
  weir::Asset<Archive> tickets;
  weir::Asset<Cleaned> cleaned;
  weir::Asset<std::vector<Example>> examples;
  weir::Asset<weir::Tree> training_set;
};

Assets define(weir::Pipeline& p);

}  // namespace ticket_intent

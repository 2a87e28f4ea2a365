// What a version of an asset is made from: the code of its stage, the types of what the stage
// makes, the parameters and the versions that it reads. A version is up to date while that is still
// so; the rule is that of docs/semantics.md, "Up to date". Nothing is held to be up to date that
// reads what nobody can compare: a cursor, the time of the run, its own last version, nothing at
// all. Reads the engine's state, in a step or between two.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/sha256.h"
#include "base/words.h"
#include "engine/rows/data_rows.h"

namespace weir::engine {

struct State;
struct Run;
struct Task;

struct Basis {
  Digest all;     // zero: it cannot be compared
  Digest params;  // as they were given to the stage; zero: it takes none
};

// Of what the task makes, by what its run gives it; its parents must have ended.
Basis basis_of(const State& state, const Run& run, const Task& task);
// Whether what the task would make is there already.
bool up_to_date(const State& state, const Run& run, const Task& task);

// Why the current version of an asset is not what would be made now, with default parameters.
enum class StaleKind { kCode, kParameter, kDependency, kData };
constexpr base::Words<4> words(StaleKind) { return {"code", "parameter", "dependency", "data"}; }

struct StaleCause {
  StaleKind kind = StaleKind::kCode;
  std::string subject;  // the asset that was read; else empty
  std::string text;
  std::optional<base::WallTime> since;
};

enum class Currency {
  kUnknown,  // never made, or it cannot be compared
  kUpToDate,
  kStale,
};
// Of the version that readers get. A look into memory.
Currency currency_of(const State& state, const std::string& asset);
// `version`: the row of the current version.
std::vector<StaleCause> stale_causes(const State& state, const MaterializationRow& version);

}  // namespace weir::engine

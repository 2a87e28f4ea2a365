// Pipelines as text, for tests: a line a stage, short enough that a story can begin with its graph.
// The grammar stands at parse_graph(). Pure functions, safe from any thread; errors are the test's
// own and end the process.
#pragma once

#include <string>
#include <string_view>

#include "engine/commands.h"
#include "module/manifest.h"

namespace weir::test {

//   a                              an asset without inputs
//   b, b2 <- a                     a stage with two assets, after the asset a
//   c <- a one_failed(b ~t)        a group of parents with a rule of its own; ~x is ordering only
//   d <- optional(b) last_good(c) self cursor param(p)
//   task t <- d?                   a stage without assets; x? may be absent
//   external x [type=u]            an asset of another pipeline
//   param p                        a parameter; or with its schema and values: p {d:date} {"d":…}
//   job nightly = a+               a job and its selection
//   freshness a = max_age [fail=26h]                the same
//   alert late = nightly [on=run_slow limit=2h|p95 to=team webhook=URL secret=env:X times=3]
//   schedule s = 0 2 * * *; @daily [job=nightly …]   see schedule_text.h
//
// Options stand at the end of a line: [retry=3 delay=5s timeout=1m priority=2 type=u schema=s
// version=v check=NAME:blocking]. All types are "t" unless said otherwise. Errors end the process.
module::Manifest parse_graph(const std::string& pipeline, const std::string& text);

// A module of that pipeline; its digest is the manifest's.
engine::ModuleUpload upload_of(const std::string& pipeline, const std::string& text);
engine::ModuleUpload upload_of(module::Manifest manifest);

// "1500ms", "30s", "10m", "2h".
base::Duration parse_duration(std::string_view text);

}  // namespace weir::test

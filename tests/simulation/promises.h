// What the outside world was told, and what must therefore be true after every crash: answers (G1),
// leases that workers have seen, reports that were acknowledged, events that were read (G6), and
// the notices of ended runs. Written when effects leave, compared with the tables whenever asked.
#pragma once

#include <map>
#include <set>
#include <string>

#include "engine/effects.h"
#include "scheduler/ports/inbox.h"
#include "sdk/src/memory_store.h"
#include "tests/simulation/coverage.h"

namespace weir::simulation {

class Promises {
 public:
  Promises(const sdk_impl::MemoryStore& store, Coverage& coverage)
      : store_(store), tables_(store.tables()), coverage_(coverage) {}

  // A message leaves for that worker.
  void sent(const engine::Send& message, const std::string& worker);
  // A request with an idempotency key was answered with success.
  void answered(const std::string& key, const ports::CommandBody& request,
                const engine::ReplyPayload& answer);
  void delivered(const engine::OutboxRow& row);
  // A follower reads what is there and it has not seen, and resumes where it stood.
  void follow();

  // All of it, against the tables.
  void check() const;
  // All runs have ended but those that were set aside, and nothing is under way.
  void at_the_end(bool notify) const;

 private:
  void check_assign(const engine::Assign& assign, const std::string& worker);
  void check_input(const engine::RunRow& run, const engine::InputRef& input);

  // Of a damaged row: the engine does not know it, and nothing more happens to it.
  bool set_aside(base::RunId run) const { return store_.damaged().contains(run); }

  const sdk_impl::MemoryStore& store_;
  const sdk_impl::MemoryTables& tables_;
  Coverage& coverage_;
  std::map<engine::AttemptKey, std::string> leases_;  // and the worker
  std::set<engine::AttemptKey> acknowledged_;
  std::map<std::string, std::string> answers_;  // key -> payload
  std::set<base::RunId> created_, canceled_;
  std::set<base::Digest> registered_;
  std::map<std::int64_t, std::string> events_;  // by seq
  std::map<std::int64_t, std::string> outbox_;  // by id, payload
  std::map<std::string, int> notices_;          // by run
};

}  // namespace weir::simulation

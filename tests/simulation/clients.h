// Simulated people: they register, run, cancel and drain, each request under an idempotency key
// that they repeat until they have an answer. Now and then one reuses a key for something else,
// which must be refused. Virtual time and one thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/effects.h"
#include "scheduler/ports/inbox.h"
#include "tests/simulation/agenda.h"
#include "tests/simulation/coverage.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/promises.h"
#include "tests/simulation/rng.h"

namespace weir::simulation {

class Clients {
 public:
  using Clock = std::function<base::Now()>;
  using Post = std::function<void(ports::CommandBody)>;
  using Learn = std::function<void(const engine::ModuleUpload&)>;

  Clients(std::uint64_t seed, const Profile& profile, Rng& rng, Agenda& agenda, Coverage& coverage,
          Promises& promises, Clock now, Post post, Learn learn);

  // Puts everything that they will ask for on the agenda.
  void start();
  void on_reply(const engine::Reply& reply);
  void end_faults();
  bool waiting() const { return open_ > 0 || !paused_all_; }

 private:
  struct Request {
    std::string key;
    ports::CommandBody body;  // without reply_to
    bool answered = false;
    int sent = 0;
  };
  using Shared = std::shared_ptr<Request>;

  Shared make(const std::string& what, ports::CommandBody body);
  void submit(const Shared& request);
  void ask(const Shared& request);
  void register_modules(int variant);
  void create_run(int number);
  void cancel_run();
  void drain(bool begin);
  void misuse_key(const Shared& request);
  void look();
  // ---- of schedules: clients_schedules.cc ----
  void ask_for_schedules();
  void put_schedule(bool create);
  void pause_schedules(bool pause);
  void trigger_schedule();
  std::string any_schedule();
  // ---- of freshness: clients_freshness.cc ----
  void ask_for_freshness();
  void pause_all();
  void settle(const Shared& request, const engine::Reply& reply);
  void count_refusal(const engine::Reply& reply);

  const std::uint64_t seed_;
  const Profile& profile_;
  Rng& rng_;
  Agenda& agenda_;
  Coverage& coverage_;
  Promises& promises_;
  const Clock now_;
  const Post post_;
  const Learn learn_;
  std::map<std::uint64_t, Shared> asked_;  // by reply_to
  std::vector<base::RunId> runs_;          // that were accepted
  std::uint64_t last_reply_to_ = 0;
  int open_ = 0;  // requests without an answer
  int last_key_ = 0;
  bool calm_ = false;
  bool paused_all_ = true;  // or there is nothing to pause
};

}  // namespace weir::simulation

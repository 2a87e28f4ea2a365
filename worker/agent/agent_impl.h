// The state of the agent's loop. All of it belongs to the thread that runs Agent::run(); other
// threads reach it through the mailbox only. Split over agent.cc (loop and connection) and
// agent_attempts.cc.
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>

#include "weir/worker/v1/worker.grpc.pb.h"
#include "worker/agent/agent.h"
#include "worker/agent/artifact_transfer.h"
#include "worker/agent/data_dir.h"
#include "worker/agent/line.h"
#include "worker/agent/link.h"
#include "worker/agent/log_shipper.h"
#include "worker/agent/mailbox.h"
#include "worker/agent/module_cache.h"
#include "worker/agent/session.h"
#include "worker/agent/watchdog.h"
#include "worker/core/backoff.h"
#include "worker/core/lease.h"
#include "worker/core/ledger.h"
#include "worker/executors/executor_pool.h"

namespace weir::worker {

inline constexpr int kWorkerProtocolVersion = 1;
inline constexpr std::size_t kReportBytesMax = 4 << 20;         // of one Finished
inline constexpr std::chrono::milliseconds kLogFlushMax{2000};  // when the worker stops
inline constexpr std::chrono::milliseconds kFarewellMax{3000};  // for the last frames to leave
inline constexpr std::chrono::milliseconds kLeavingPoll{100};   // while the worker stops
inline constexpr int kPredecessorPollMs = 20;  // while the attempts of an earlier worker are ended
inline constexpr std::chrono::seconds kWelcomeMax{10};  // from hello

class Agent::Impl {
 public:
  Impl(WorkerOptions options, SupervisorHandle supervisor);
  ~Impl();
  base::Status run(std::stop_token stop);

 private:
  // All that belongs to one attempt, from its assignment until it is forgotten.
  struct Work {
    Launch launch;                           // until it ended
    int waiting = 0;                         // for its module and inputs
    std::vector<base::Digest> copies;        // inputs on our own disk
    v1::Finished report;                     // once it ended, until it is acknowledged
    std::set<ArtifactTransfer::Id> uploads;  // that the report waits for
    bool older_store = false;                // leased by a store that a backup has replaced
  };
  using State = AttemptState;

  // ---- agent.cc: the loop, the connection, leaving ----
  base::Status open_data_dir(const std::stop_token& stop);
  void start();
  void turn();
  int wait_ms() const;
  void timers();
  void connect();
  void on_session_message(std::uint64_t generation, std::shared_ptr<v1::SessionResponse> frame);
  void take_frames();
  bool overtakes(const v1::SchedulerMessage& message) const;
  void on_session_end(std::uint64_t generation, const base::Status& status);
  base::BootTime silence_ends() const;
  void give_up_connection(const std::string& why);
  void welcome(const v1::Welcome& welcome);
  bool shared_artifacts(const v1::Welcome& welcome) const;
  std::string stages_run_as() const;
  void send_hello();
  void heartbeat();
  void contact(base::BootTime asked_at);
  void heard(base::BootTime asked_at);
  void begin_leaving();
  bool may_leave() const;
  void leave();
  void fill_attempts(google::protobuf::RepeatedPtrField<v1::AttemptId>* out) const;
  void configure();

  // ---- agent_generation.cc ----
  void queue(v1::WorkerMessage&& message);
  void enter_generation(std::uint64_t generation);
  // Whether the pool still ends an attempt of that number that another generation leased.
  bool of_older_store(const base::AttemptKey& key) { return older_work(key) != nullptr; }
  const Work* older_work(const base::AttemptKey& key);

  // ---- agent_attempts.cc: attempts ----
  void on_message(v1::SchedulerMessage& message);
  void assign(v1::Assign& assign);
  void want_module(const base::AttemptKey& key, Work& work);
  void want_inputs(const base::AttemptKey& key, Work& work);
  void prepared(const base::AttemptKey& key);
  void preparation_failed(const base::AttemptKey& key, const base::Status& status);
  void launch(const base::AttemptKey& key);
  void stop_attempt(const v1::Stop& stop);
  void acknowledge(const v1::Acknowledge& acknowledge);
  void need_artifacts(const v1::NeedArtifacts& need);
  void revoke(const base::AttemptKey& key);
  void release(const base::AttemptKey& key, const std::string& reason);
  void give_back(const base::AttemptKey& key, const std::string& reason);
  void report_without_run(const base::AttemptKey& key, v1::Outcome outcome,
                          const std::string& message);
  void on_event(const AttemptStarted& started);
  void on_event(AttemptEnded& ended);
  void on_event(const AttemptReleased& released);
  void on_event(const LogsGrew& grew);
  void on_event(AttemptsProgressed& progressed);
  void check_copies(Work& work, v1::Outcome outcome);
  void take_logs(const LogOwner& owner, const std::vector<LogSize>& logs, bool over);
  LogOwner own_log(const base::AttemptKey& key) const { return {store_generation_, key}; }
  std::string staging_of(const base::AttemptKey& key) const;
  void upload(const base::AttemptKey& key, Work& work, const std::set<base::Digest>* only);
  void uploaded(const base::AttemptKey& key, ArtifactTransfer::Id id, const base::Status& status);
  void give_up_uploads(Work& work);
  void report_canceled(const base::AttemptKey& key, Work& work, const std::string& reason);
  void report(const base::AttemptKey& key);
  void send_report(const Work& work);

  WorkerOptions options_;
  Link link_;
  const std::shared_ptr<Mailbox> mailbox_;  // streams that end late still post to it
  ExecutorPool pool_;
  std::optional<DataDir> data_;
  Watchdog watchdog_;
  std::unique_ptr<ModuleCache> modules_;
  std::unique_ptr<ArtifactTransfer> transfer_;
  std::unique_ptr<LogShipper> logs_;

  Line line_;                         // of the session
  std::shared_ptr<Session> session_;  // null while there is none
  ReceivedFrames frames_;             // of this session, that came together
  std::uint64_t generation_ = 0;      // counts sessions: letters of older ones are dropped
  bool welcomed_ = false;             // in this session
  bool ever_welcomed_ = false;
  std::uint64_t store_generation_ = 0;  // of the last session, 0 before the first
  base::BootTime hello_at_{};
  base::BootTime contact_at_{};        // when the newest was asked for that was answered in time
  bool lease_may_have_ended_ = false;  // in this session
  base::BootTime heard_at_{};          // the newest frame of this session, or its hello
  base::BootTime connect_at_{};
  base::BootTime heartbeat_at_{};
  base::Duration lease_{};
  base::Duration heartbeat_every_{};
  base::Duration grace_{};
  std::optional<StageUser> stage_user_;
  std::optional<Remover> staged_;  // of what that user left; with it only
  std::string artifact_dir_;  // where executors put large values, or inputs for that user stand
  bool shared_ = false;       // that is the scheduler's own directory
  Backoff backoff_;
  std::minstd_rand random_;

  Ledger<Work> ledger_;
  std::set<base::Digest> defined_;  // modules that the pool knows
  bool draining_ = false;           // asked for by the scheduler
  bool leaving_ = false;
  base::BootTime leaving_since_{};
  base::BootTime leave_by_{};
  bool expelled_running_ = false;  // the time to finish is over: what still ran was stopped
  std::optional<base::Status> fatal_;
};

}  // namespace weir::worker

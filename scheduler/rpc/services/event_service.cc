// EventService: pages of the event sequence, and streams of it that go on as commits happen. A
// stream holds no thread: it reads a page on a read thread when it is woken, writes it, and
// waits.
#include <algorithm>

#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/rpc/stall_guard.h"
#include "weir/v1/event_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

base::Result<std::optional<engine::RunId>> run_filter(Backend& backend,
                                                      const std::string& reference) {
  if (reference.empty()) return std::optional<engine::RunId>();
  const auto run = backend.reader.resolve_run(reference);
  if (!run.ok()) return run.status();
  return std::optional(*run);
}

// Adds the events that a message takes, at least one when there is any; what is left is for the
// next page. The sequence number of the last one that was added, `since` when there is none.
std::int64_t add_events(const std::vector<engine::EventRow>& events, std::int64_t since,
                        google::protobuf::RepeatedPtrField<v1::Event>* out) {
  PageBytes bytes;
  for (const engine::EventRow& event : events) {
    to_proto(event, out->Add());
    bytes.add(*out->rbegin());
    if (bytes.over()) {
      out->RemoveLast();
      break;
    }
    since = event.seq;
  }
  return since;
}

Status list_events(Backend& backend, const v1::ListEventsRequest& request,
                   v1::ListEventsResponse* response) {
  const auto page = page_request(request.page_size(), "", kLargePageDefault, kLargePageMax);
  if (!page.ok()) return page.status();
  const auto run = run_filter(backend, request.run());
  if (!run.ok()) return run.status();
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const auto events = backend.reader.list_events(request.since_seq(), *run, page->size);
  if (!events.ok()) return events.status();
  response->set_next_since_seq(
      add_events(*events, request.since_seq(), response->mutable_events()));
  response->set_as_of_seq(*seq);
  return {};
}

using WatchReactor = grpc::ServerWriteReactor<v1::WatchEventsResponse>;

class EventWatch final : public WatchReactor,
                         public Watcher,
                         public std::enable_shared_from_this<EventWatch> {
 public:
  static WatchReactor* start(Backend& backend, CallbackServerContext* context,
                             const v1::WatchEventsRequest& request) {
    auto self = std::make_shared<EventWatch>(backend, context, request);
    const Status added = backend.watchers.add(self);
    if (!added.ok()) return Refusal<WatchReactor>::make(added);
    self->self_ = self;
    self->read_later();
    return self.get();
  }

  EventWatch(Backend& backend, CallbackServerContext* context,
             const v1::WatchEventsRequest& request)
      : backend_(backend),
        reference_(request.run()),
        stall_(context, backend.options.reader_stall_max),
        since_(request.since_seq()) {}

  void wake() override {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    if (idle_) go_on();
  }

  void close(const Status& reason) override {
    const std::lock_guard lock(mutex_);
    if (closing_.ok()) closing_ = reason;
    if (idle_) go_on();
  }

  void OnWriteDone(bool ok) override {
    stall_.write_ends();
    const std::lock_guard lock(mutex_);
    if (!ok && closing_.ok()) closing_ = Status(base::Code::kCanceled, 0, "the caller is gone");
    rest(more_);
  }

  void OnCancel() override { close(Status(base::Code::kCanceled, 0, "canceled by the caller")); }

  void OnDone() override {
    stall_.write_ends();
    backend_.watchers.remove(this);
    const auto last = std::move(self_);
  }

 private:
  // With the lock held, after a page: reads on, ends, or waits to be woken.
  void rest(bool more) {
    idle_ = true;
    if (more || woken_ || !closing_.ok()) go_on();
  }

  // With the lock held, while idle.
  void go_on() {
    if (finished_) return;
    idle_ = false;
    woken_ = false;
    if (!closing_.ok()) return end(closing_);
    read_later();
  }

  // Only while not idle: nobody else touches the cursor then.
  void read_later() {
    backend_.reads.submit_step([self = shared_from_this()] { self->read(); });
  }

  void end(const Status& status) {
    finished_ = true;
    Finish(to_grpc(status));
  }

  // On a read thread.
  void read() {
    response_.Clear();
    const base::Result<bool> last_page = fill();
    const std::lock_guard lock(mutex_);
    if (!last_page.ok()) return end(last_page.status());
    if (!closing_.ok()) return end(closing_);
    const bool something = !greeted_ || response_.events_size() > 0;
    greeted_ = true;
    if (*last_page && something) {
      finished_ = true;
      stall_.write_begins();
      return StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    }
    if (*last_page) return end(Status());
    if (something) {
      stall_.write_begins();
      return StartWrite(&response_);
    }
    rest(false);
  }

  // Reads the next page into the response; true when the watched run has ended and nothing follows.
  base::Result<bool> fill() {
    const Status resolved = resolve();
    if (!resolved.ok()) return resolved;
    const auto seq = backend_.reader.last_seq();
    if (!seq.ok()) return seq.status();
    if (since_ < 0) since_ = *seq;
    if (run_is_over()) over_ = true;
    const auto events = backend_.reader.list_events(since_, run_, kWatchPage);
    if (!events.ok()) return events.status();
    since_ = add_events(*events, since_, response_.mutable_events());
    const bool cut = !events->empty() && since_ != events->back().seq;
    const auto ends_run = [](const engine::EventRow& event) {
      return event.kind == engine::EventKind::kRunFinished;
    };
    if (run_ && std::any_of(events->begin(), events->end(), ends_run)) over_ = true;
    response_.set_as_of_seq(std::max(*seq, since_));
    more_ = cut || events->size() == static_cast<std::size_t>(kWatchPage);
    return over_ && !more_;
  }

  Status resolve() {
    if (resolved_) return {};
    const auto run = run_filter(backend_, reference_);
    if (!run.ok()) return run.status();
    run_ = *run;
    resolved_ = true;
    return {};
  }

  // Asked once, before the first page: a run that ended earlier sends no further event to end the
  // stream by.
  bool run_is_over() {
    if (!run_ || greeted_) return false;
    const auto run = backend_.reader.get_run(*run_);
    return run.ok() && engine::terminal(run->run.state);
  }

  Backend& backend_;
  const std::string reference_;
  StallGuard stall_;
  // Touched by one step at a time, read or write:
  v1::WatchEventsResponse response_;
  std::optional<engine::RunId> run_;
  std::int64_t since_;
  bool resolved_ = false;
  bool over_ = false;     // the watched run has ended
  bool more_ = false;     // the last page was full
  bool greeted_ = false;  // the first message, empty or not, was sent
  std::mutex mutex_;
  bool idle_ = false;                 // neither reading nor writing; guarded by mutex_
  bool woken_ = false;                // since the last read began; guarded by mutex_
  bool finished_ = false;             // guarded by mutex_
  Status closing_;                    // not OK: end with it; guarded by mutex_
  std::shared_ptr<EventWatch> self_;  // until OnDone
};

class EventServiceImpl final : public v1::EventService::CallbackService {
 public:
  explicit EventServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* ListEvents(CallbackServerContext* context,
                                 const v1::ListEventsRequest* request,
                                 v1::ListEventsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_events(backend_, *request, response); });
  }

  WatchReactor* WatchEvents(CallbackServerContext* context,
                            const v1::WatchEventsRequest* request) override {
    return EventWatch::start(backend_, context, *request);
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_event_service(Backend& backend) {
  return std::make_unique<EventServiceImpl>(backend);
}

}  // namespace weir::rpc

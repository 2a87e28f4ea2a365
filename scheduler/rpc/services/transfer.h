// The reactors of uploads and downloads: one chunk in flight, each handled on a transfer thread,
// so that neither gRPC nor the loop waits for a file. For the .cc files of services only, because
// it brings gRPC's headers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/stall_guard.h"

namespace weir::rpc {

// Which transfers count together: readers of values, who may stall, must not take the places of
// workers and registrations.
struct TransferBudget {
  std::atomic<int>& open;
  int max = 0;
};

inline TransferBudget work_budget(Backend& backend) {
  return {backend.transfers_open, kTransfersMax};
}
inline TransferBudget value_read_budget(Backend& backend) {
  return {backend.value_reads_open, kValueReadsMax};
}

// Takes part in its budget while it lives.
class TransferSlot {
 public:
  explicit TransferSlot(const TransferBudget& budget) : budget_(budget), open_(++budget.open) {}
  ~TransferSlot() { --budget_.open; }
  TransferSlot(const TransferSlot&) = delete;
  TransferSlot& operator=(const TransferSlot&) = delete;

  base::Status admitted() const {
    if (open_ <= budget_.max) return {};
    return base::Status(base::Code::kResourceExhausted, base::kErrLimit,
                        std::to_string(budget_.max) +
                            " transfers are under way, the most there can be; try again soon");
  }

 private:
  const TransferBudget budget_;
  const int open_;
};

// Writes responses for as long as `produce` fills them.
template <class Response>
class Download final : public grpc::ServerWriteReactor<Response> {
 public:
  // Fills the message; false when there is none left. Transfer threads.
  using Produce = std::function<base::Result<bool>(Response*)>;

  static grpc::ServerWriteReactor<Response>* start(Backend& backend,
                                                   grpc::CallbackServerContext* context,
                                                   const TransferBudget& budget, Produce produce) {
    auto self = std::make_shared<Download>(backend, context, budget, std::move(produce));
    self->self_ = self;
    const base::Status admitted = self->slot_.admitted();
    if (admitted.ok()) {
      self->step();
    } else {
      self->Finish(to_grpc(admitted));
    }
    return self.get();
  }

  Download(Backend& backend, grpc::CallbackServerContext* context, const TransferBudget& budget,
           Produce produce)
      : backend_(backend),
        slot_(budget),
        produce_(std::move(produce)),
        stall_(context, backend.options.reader_stall_max) {}

  void OnWriteDone(bool ok) override {
    stall_.write_ends();
    if (!ok) return this->Finish(grpc::Status::CANCELLED);
    step();
  }
  void OnDone() override {
    stall_.write_ends();
    const auto last = std::move(self_);
  }

 private:
  void step() {
    backend_.transfers.submit_step([self = self_] {
      self->response_.Clear();
      const base::Result<bool> more = self->produce_(&self->response_);
      if (more.ok() && *more) {
        self->stall_.write_begins();
        return self->StartWrite(&self->response_);
      }
      self->Finish(more.ok() ? grpc::Status::OK : to_grpc(more.status()));
    });
  }

  Backend& backend_;
  TransferSlot slot_;
  Produce produce_;
  Response response_;
  StallGuard stall_;
  std::shared_ptr<Download> self_;  // until OnDone
};

// Reads requests into `consume`, then answers with `finish`'s status. The response stays empty.
template <class Request>
class Upload final : public grpc::ServerReadReactor<Request> {
 public:
  struct Sink {
    virtual ~Sink() = default;
    virtual base::Status consume(const Request& request) = 0;
    virtual base::Status finish() = 0;
    virtual bool complete() const = 0;  // nothing more is needed
  };

  static grpc::ServerReadReactor<Request>* start(Backend& backend, std::unique_ptr<Sink> sink) {
    auto self = std::make_shared<Upload>(backend, std::move(sink));
    self->self_ = self;
    const base::Status admitted = self->slot_.admitted();
    if (admitted.ok()) {
      self->StartRead(&self->request_);
    } else {
      self->Finish(to_grpc(admitted));
    }
    return self.get();
  }

  Upload(Backend& backend, std::unique_ptr<Sink> sink)
      : backend_(backend), slot_(work_budget(backend)), sink_(std::move(sink)) {}

  void OnReadDone(bool ok) override {
    backend_.transfers.submit_step([self = self_, ok] { self->step(ok); });
  }
  void OnDone() override { const auto last = std::move(self_); }

 private:
  void step(bool more) {
    const base::Status status = more ? sink_->consume(request_) : sink_->finish();
    if (!more || !status.ok() || sink_->complete()) {
      sink_.reset();  // what was not finished is removed
      return this->Finish(to_grpc(status));
    }
    request_.Clear();
    this->StartRead(&request_);
  }

  Backend& backend_;
  TransferSlot slot_;
  std::unique_ptr<Sink> sink_;
  Request request_;
  std::shared_ptr<Upload> self_;  // until OnDone
};

}  // namespace weir::rpc

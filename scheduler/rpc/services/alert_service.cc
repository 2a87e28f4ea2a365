// AlertService: rules, what they have found, silences. What a rule may say is the engine's to
// judge; here it is only known which channels the operator has configured. Handlers hand over and
// return.
#include <algorithm>
#include <charconv>
#include <utility>

#include <google/protobuf/timestamp.pb.h>

#include "base/errors.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/alerts.h"
#include "scheduler/rpc/convert/api.h"
#include "scheduler/rpc/services/channels.h"
#include "scheduler/rpc/services/page.h"
#include "scheduler/rpc/services/services.h"
#include "weir/v1/alert_service.grpc.pb.h"

namespace weir::rpc {
namespace {

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using ports::CommandBody;

constexpr std::size_t kAlertByMax = 200;  // bytes
constexpr std::size_t kSilenceReasonMax = 1000;

// Of a response that lists rows and says as of when.
template <class Request, class Response, class List, class Read>
Status list_alert_rows(Backend& backend, const Request& request, Response* response, List* list,
                       const Read& read) {
  const auto page =
      page_request(request.page_size(), request.page_token(), kLargePageDefault, kSmallPageMax);
  if (!page.ok()) return page.status();
  const auto seq = backend.reader.last_seq();
  if (!seq.ok()) return seq.status();
  const Status filled = fill_rows(*page, response, list, read, [](const auto& row, auto* out) {
    to_proto(row, out);
    return Status();
  });
  response->set_as_of_seq(*seq);
  return filled;
}

Status list_alerts(Backend& backend, const v1::ListAlertsRequest& request,
                   v1::ListAlertsResponse* response) {
  ports::AlertFilter filter;
  filter.rule = request.rule();
  filter.firing = request.firing();
  filter.undelivered = request.undelivered();
  if (request.has_since()) filter.since = from_proto(request.since());
  return list_alert_rows(
      backend, request, response, response->mutable_alerts(),
      [&](const ports::PageRequest& page) { return backend.reader.list_alerts(filter, page); });
}

// The engine knows the rules; what is asked here is whether the operator knows the channel.
Status check_channel(const Backend& backend, const std::string& channel) {
  const std::vector<std::string>& known = backend.options.alert_channels;
  if (channel.empty() || std::find(known.begin(), known.end(), channel) != known.end()) return {};
  return {base::Code::kNotFound, base::kErrUnknownAlert, unknown_channel(backend, channel)};
}

// What every command of people has: a key, a hash of what was asked, and who.
template <class Request>
base::Result<engine::RequestInfo> asked(const Request& request) {
  if (request.by().size() > kAlertByMax) {
    return Status(base::Code::kInvalidArgument, base::kErrLimit,
                  "`by` has " + std::to_string(request.by().size()) + " bytes; at most " +
                      std::to_string(kAlertByMax) + " are taken");
  }
  return request_info(request.idempotency_key(), request_hash(request));
}

template <class Request>
base::Result<CommandBody> put_rule_command(const Backend& backend, const Request& request,
                                           bool create) {
  auto info = asked(request);
  if (!info.ok()) return info.status();
  auto rule = rule_from_proto(request.rule());
  if (!rule.ok()) return rule.status();
  if (Status known = check_channel(backend, rule->channel); !known.ok()) return known;
  return CommandBody(
      engine::PutAlertRule{std::move(*info), std::move(*rule), create, request.by()});
}

base::Result<CommandBody> silence_command(const v1::CreateSilenceRequest& request) {
  auto info = asked(request);
  if (!info.ok()) return info.status();
  engine::SilenceAlerts command;
  command.request = std::move(*info);
  command.by = request.by();
  command.silence.rule = request.rule().empty() ? "*" : request.rule();
  command.silence.subject = request.subject().empty() ? "*" : request.subject();
  command.silence.reason = request.reason().substr(0, kSilenceReasonMax);
  if (request.has_until()) command.silence.until = from_proto(request.until());
  return CommandBody(std::move(command));
}

const std::string& first_name(const engine::Reply& reply) {
  return std::get<engine::ChangedNames>(reply.payload).names.at(0);
}

std::int64_t first_number(const engine::Reply& reply) {
  const std::string& text = first_name(reply);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

template <class Response>
OnSuccess take_name(Response* response) {
  return [response](const engine::Reply& reply) {
    response->set_name(first_name(reply));
    return Status();
  };
}

template <class Response>
OnSuccess take_id(Response* response) {
  return [response](const engine::Reply& reply) {
    response->set_id(first_number(reply));
    return Status();
  };
}

class AlertServiceImpl final : public v1::AlertService::CallbackService {
 public:
  explicit AlertServiceImpl(Backend& backend) : backend_(backend) {}

  ServerUnaryReactor* ListAlerts(CallbackServerContext* context,
                                 const v1::ListAlertsRequest* request,
                                 v1::ListAlertsResponse* response) override {
    return serve_read(backend_, context,
                      [=, this] { return list_alerts(backend_, *request, response); });
  }
  ServerUnaryReactor* GetAlert(CallbackServerContext* context, const v1::GetAlertRequest* request,
                               v1::GetAlertResponse* response) override {
    return get(context, response, response->mutable_alert(),
               [=, this] { return backend_.reader.get_alert(request->id()); });
  }
  ServerUnaryReactor* ListAlertRules(CallbackServerContext* context,
                                     const v1::ListAlertRulesRequest* request,
                                     v1::ListAlertRulesResponse* response) override {
    return serve_read(backend_, context, [=, this] {
      return list_alert_rows(
          backend_, *request, response, response->mutable_rules(),
          [&](const ports::PageRequest& page) { return backend_.reader.list_alert_rules(page); });
    });
  }
  ServerUnaryReactor* GetAlertRule(CallbackServerContext* context,
                                   const v1::GetAlertRuleRequest* request,
                                   v1::GetAlertRuleResponse* response) override {
    return get(context, response, response->mutable_rule(),
               [=, this] { return backend_.reader.get_alert_rule(request->name()); });
  }
  ServerUnaryReactor* CreateAlertRule(CallbackServerContext* context,
                                      const v1::CreateAlertRuleRequest* request,
                                      v1::CreateAlertRuleResponse* response) override {
    return serve_prepared(
        backend_, context, [=, this] { return put_rule_command(backend_, *request, true); },
        take_name(response));
  }
  ServerUnaryReactor* EditAlertRule(CallbackServerContext* context,
                                    const v1::EditAlertRuleRequest* request,
                                    v1::EditAlertRuleResponse* response) override {
    return serve_prepared(
        backend_, context, [=, this] { return put_rule_command(backend_, *request, false); },
        take_name(response));
  }
  ServerUnaryReactor* DeleteAlertRule(CallbackServerContext* context,
                                      const v1::DeleteAlertRuleRequest* request,
                                      v1::DeleteAlertRuleResponse* response) override {
    return command<engine::DeleteAlertRule>(context, *request, request->name(),
                                            take_name(response));
  }
  ServerUnaryReactor* TestAlertRule(CallbackServerContext* context,
                                    const v1::TestAlertRuleRequest* request,
                                    v1::TestAlertRuleResponse* response) override {
    return command<engine::TestAlertRule>(context, *request, request->name(),
                                          [response](const engine::Reply& reply) {
                                            response->set_alert_id(first_number(reply));
                                            return Status();
                                          });
  }
  ServerUnaryReactor* ListSilences(CallbackServerContext* context,
                                   const v1::ListSilencesRequest* request,
                                   v1::ListSilencesResponse* response) override {
    return serve_read(backend_, context, [=, this] {
      return list_alert_rows(
          backend_, *request, response, response->mutable_silences(),
          [&](const ports::PageRequest& page) { return backend_.reader.list_silences(page); });
    });
  }
  ServerUnaryReactor* CreateSilence(CallbackServerContext* context,
                                    const v1::CreateSilenceRequest* request,
                                    v1::CreateSilenceResponse* response) override {
    return serve_prepared(
        backend_, context, [=] { return silence_command(*request); }, take_id(response));
  }
  ServerUnaryReactor* DeleteSilence(CallbackServerContext* context,
                                    const v1::DeleteSilenceRequest* request,
                                    v1::DeleteSilenceResponse* response) override {
    return command<engine::UnsilenceAlerts>(context, *request, request->id(), take_id(response));
  }

 private:
  template <class Response, class Message, class Read>
  ServerUnaryReactor* get(CallbackServerContext* context, Response* response, Message* message,
                          Read read) {
    return serve_read(backend_, context, [=, this] {
      const auto seq = backend_.reader.last_seq();
      if (!seq.ok()) return seq.status();
      const auto row = read();
      if (!row.ok()) return row.status();
      to_proto(*row, message);
      response->set_as_of_seq(*seq);
      return Status();
    });
  }

  // Of commands that name one thing and say who asks.
  template <class Command, class Request, class Named>
  ServerUnaryReactor* command(CallbackServerContext* context, const Request& request,
                              const Named& named, OnSuccess on_success) {
    auto info = asked(request);
    if (!info.ok()) return answer_now(context, info.status());
    return serve_command(backend_, context, Command{std::move(*info), named, request.by()},
                         std::move(on_success));
  }

  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_alert_service(Backend& backend) {
  return std::make_unique<AlertServiceImpl>(backend);
}

}  // namespace weir::rpc

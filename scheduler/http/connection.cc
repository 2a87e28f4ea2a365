// The life of a connection as a chain of asynchronous steps, each setting the deadline of the
// next. Headers are judged before a body is read, so that a refused page of another site costs
// nothing. HTTP thread only; must not block.
#include "scheduler/http/connection.h"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/version.hpp>

#include "base/errors.h"
#include "scheduler/http/connect_error.h"
#include "scheduler/http/guard.h"
#include "scheduler/http/limits.h"
#include "scheduler/http/page.h"

namespace weir::http {
namespace {

namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using base::Code;

constexpr std::size_t kReadAheadBytes = 4096;
constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr const char* kText = "text/plain; charset=utf-8";

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

template <class Request>
std::string path_of(const Request& request) {
  const std::string_view target = view(request.target());
  return std::string(target.substr(0, target.find('?')));
}

template <class Fields>
std::string field(const Fields& message, beast::string_view name) {
  return std::string(view(message[name]));
}

}  // namespace

Connection::Connection(boost::asio::ip::tcp::socket socket, ConnectionShared& shared,
                       std::function<void(Connection*)> on_closed)
    : stream_(std::move(socket)),
      buffer_(kHeaderBytesMax + kReadAheadBytes),
      shared_(shared),
      on_closed_(std::move(on_closed)) {}

Connection::~Connection() = default;

void Connection::start() {
  stream_.expires_after(kHeaderDeadline);
  wait_for_request();
}

void Connection::refuse() {
  close_after_ = true;
  parser_.emplace();
  answer_error(static_cast<int>(Code::kResourceExhausted), base::kErrLimit,
               std::to_string(kConnectionsMax) + " connections are open, the most there can be",
               503);
}

void Connection::shut_down() {
  close_after_ = true;
  if (idle_) close();
}

// ---- reading ----

void Connection::wait_for_request() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(kBodyBytesMax);
  if (buffer_.size() > 0) return read_header();  // the next request came with the last one
  idle_ = true;
  stream_.async_read_some(buffer_.prepare(kReadAheadBytes),
                          [self = shared_from_this()](Error error, std::size_t count) {
                            self->idle_ = false;
                            if (error) return self->close();
                            self->buffer_.commit(count);
                            self->read_header();
                          });
}

void Connection::read_header() {
  stream_.expires_after(kHeaderDeadline);
  bhttp::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error error, std::size_t) { self->header_read(error); });
}

void Connection::header_read(Error error) {
  if (error) return read_failed(error);
  const auto& request = parser_->get();
  if (const base::Status allowed = judge(); !allowed.ok()) {
    close_after_ = true;
    unread_ = true;
    return answer_error(static_cast<int>(allowed.code()), allowed.error(), allowed.message());
  }
  if (beast::iequals(request[bhttp::field::expect], "100-continue")) {
    auto go_on = std::make_shared<bhttp::response<bhttp::empty_body>>(bhttp::status::continue_,
                                                                      request.version());
    bhttp::async_write(stream_, *go_on,
                       [self = shared_from_this(), go_on](Error failed, std::size_t) {
                         if (failed) return self->close();
                         self->read_body();
                       });
    return;
  }
  read_body();
}

Caller Connection::caller() const {
  const auto& request = parser_->get();
  return {view(request[bhttp::field::host]), view(request[bhttp::field::origin]),
          view(request[bhttp::field::authorization]), view(request[bhttp::field::cookie])};
}

base::Status Connection::judge() const {
  const Caller from = caller();
  base::Status allowed = check_origin(from.host, from.origin, shared_.bound_host);
  const std::string path = path_of(parser_->get());
  if (!allowed.ok() || !Gateway::is_method(path)) return allowed;
  return shared_.door->admit(path, from);
}

void Connection::read_body() {
  stream_.expires_after(kBodyDeadline);
  buffer_.max_size(kBodyBytesMax + kHeaderBytesMax);
  bhttp::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](Error error, std::size_t) { self->body_read(error); });
}

void Connection::body_read(Error error) {
  if (error) return read_failed(error);
  dispatch();
}

void Connection::read_failed(Error error) {
  close_after_ = true;
  unread_ = true;
  const int exhausted = static_cast<int>(Code::kResourceExhausted);
  if (error == bhttp::error::body_limit) {
    return answer_error(exhausted, base::kErrLimit,
                        "the body is larger than " + std::to_string(kBodyBytesMax) + " bytes", 413);
  }
  if (error == bhttp::error::header_limit || error == bhttp::error::buffer_overflow) {
    return answer_error(exhausted, base::kErrLimit,
                        "the headers are larger than " + std::to_string(kHeaderBytesMax) + " bytes",
                        431);
  }
  if (error == beast::error::timeout) return close();
  if (error.category() == bhttp::make_error_code(bhttp::error::bad_method).category() &&
      error != bhttp::error::end_of_stream && error != bhttp::error::partial_message) {
    return answer_error(static_cast<int>(Code::kInvalidArgument), base::kErrUsage,
                        "this is not HTTP/1.1: " + error.message());
  }
  close();
}

// ---- answering ----

void Connection::dispatch() {
  const auto& request = parser_->get();
  const std::string path = path_of(request);
  const bool page = path == "/" || path == "/healthz" || path == "/readyz";
  if (request.method() == bhttp::verb::post && !page) return call_gateway();
  if (request.method() == bhttp::verb::get) {
    if (const auto entry = shared_.door->enter(view(request.target()), caller())) {
      return answer_entry(*entry);
    }
  }
  const bool reads = request.method() == bhttp::verb::get || request.method() == bhttp::verb::head;
  if (reads && !Gateway::is_method(path)) return answer_page(path);
  answer_error(static_cast<int>(Code::kUnimplemented), base::kErrUsage,
               "methods of the API are called with POST", 405);
}

void Connection::answer_page(const std::string& path) {
  if (path == "/") return answer(200, kHtml, std::string(start_page()));
  if (path == "/healthz") {
    const bool healthy = !shared_.healthy || shared_.healthy();
    return answer(healthy ? 200 : 503, kText,
                  healthy ? "ok\n" : "the store cannot be written; see `weir doctor`\n");
  }
  if (path == "/readyz") {
    const bool ready = !shared_.ready || shared_.ready();
    return answer(ready ? 200 : 503, kText,
                  ready ? "ok\n" : "new runs are refused; see `weir doctor`\n");
  }
  answer_error(static_cast<int>(Code::kNotFound), base::kErrUsage,
               "there is nothing at " + path + "; / names the commands", 404);
}

void Connection::answer_entry(const Entry& entry) {
  if (!entry.admitted) return answer(401, kHtml, std::string(refused_page()));
  Response redirect = response(303, kText, "");
  redirect.set(bhttp::field::location, entry.location);
  if (!entry.cookie.empty()) redirect.set(bhttp::field::set_cookie, entry.cookie);
  write(std::move(redirect));
}

void Connection::call_gateway() {
  auto& request = parser_->get();
  CallRequest call;
  call.path = path_of(request);
  call.content_type = field(request, "Content-Type");
  call.content_encoding = field(request, "Content-Encoding");
  call.timeout_ms = field(request, "Connect-Timeout-Ms");
  call.protocol_version = field(request, "Connect-Protocol-Version");
  call.body = std::move(request.body());
  stream_.expires_never();  // the call has a deadline of its own
  shared_.gateway->call(std::move(call), [self = shared_from_this()](CallAnswer result) {
    auto executor = self->stream_.get_executor();
    boost::asio::post(executor, [self, result = std::move(result)]() mutable {
      self->answer(result.status, result.content_type, std::move(result.body));
    });
  });
}

void Connection::answer_error(int code, int error, const std::string& message, unsigned status) {
  const std::string text = base::Status(static_cast<Code>(code), error, message).text();
  answer(status == 0 ? http_status(code) : status, "application/json", error_document(code, text));
}

Connection::Response Connection::response(unsigned status, const std::string& content_type,
                                          std::string body) {
  const auto& request = parser_->get();
  Response out(bhttp::int_to_status(status), request.version() == 10 ? 10u : 11u);
  out.result(status);
  out.set(bhttp::field::server, "weir");
  out.set(bhttp::field::content_type, content_type);
  out.set(bhttp::field::cache_control, "no-store");
  out.set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
  out.set("Cross-Origin-Resource-Policy", "same-origin");
  out.set("X-Content-Type-Options", "nosniff");
  out.set("Referrer-Policy", "no-referrer");
  if (status == 405) out.set(bhttp::field::allow, "POST");
  if (status == 401) out.set(bhttp::field::www_authenticate, "Bearer");
  if (shared_.stopping || !request.keep_alive()) close_after_ = true;
  out.keep_alive(!close_after_);
  out.body() = std::move(body);
  out.prepare_payload();
  if (request.method() == bhttp::verb::head) out.body().clear();  // the length stays
  return out;
}

void Connection::answer(unsigned status, const std::string& content_type, std::string body) {
  write(response(status, content_type, std::move(body)));
}

void Connection::write(Response response) {
  response_.emplace(std::move(response));
  serializer_.emplace(*response_);
  write_some();
}

// The deadline is of each step, so that a slow reader gets its answer and a stalled one is cut off.
void Connection::write_some() {
  stream_.expires_after(shared_.reader_stall_max);
  bhttp::async_write_some(stream_, *serializer_,
                          [self = shared_from_this()](Error error, std::size_t) {
                            if (!error && !self->serializer_->is_done()) return self->write_some();
                            self->written(error);
                          });
}

void Connection::written(Error error) {
  serializer_.reset();
  response_.reset();
  if (error == beast::error::timeout) return reset();
  if (!error && unread_) return linger();
  if (error || close_after_) return close();
  stream_.expires_after(kIdleDeadline);
  wait_for_request();
}

void Connection::linger() {
  Error ignored;  // then the reads below end at once
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerDeadline);
  discard(0);
}

void Connection::discard(std::size_t bytes) {
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(kReadAheadBytes),
                          [self = shared_from_this(), bytes](Error error, std::size_t count) {
                            if (error || bytes + count > kLingerBytesMax) return self->close();
                            self->discard(bytes + count);
                          });
}

void Connection::reset() {
  Error ignored;  // then the system keeps the bytes for a while, which is all that it costs
  stream_.socket().set_option(boost::asio::socket_base::linger(true, 0), ignored);
  close();
}

void Connection::close() {
  if (std::exchange(closed_, true)) return;
  Error ignored;  // the peer may have closed already, which is all that could go wrong
  stream_.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
  stream_.close();
  on_closed_(this);
}

}  // namespace weir::http

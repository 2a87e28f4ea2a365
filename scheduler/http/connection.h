// One HTTP/1.1 connection: reads a request within its limits and deadlines, judges where it comes
// from and who makes it, answers, and goes on. All of it on the HTTP thread; answers of calls come
// back by a post to it. Brings Beast's headers: for connection.cc and server.cc only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include "scheduler/http/door.h"
#include "scheduler/http/gateway.h"

namespace weir::http {

// What all connections share. Outlives them.
struct ConnectionShared {
  Gateway* gateway = nullptr;
  const Door* door = nullptr;
  std::string bound_host;
  std::function<bool()> healthy;
  std::function<bool()> ready;
  std::chrono::milliseconds reader_stall_max{};
  bool stopping = false;  // HTTP thread
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `on_closed` is called once, on the HTTP thread. `shared` must live as long as the io_context.
  Connection(boost::asio::ip::tcp::socket socket, ConnectionShared& shared,
             std::function<void(Connection*)> on_closed);
  ~Connection();

  void start();
  // Answers 503 and closes: there are too many connections.
  void refuse();
  // Closes now when idle, else after the answer that is under way.
  void shut_down();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  using Serializer = boost::beast::http::response_serializer<boost::beast::http::string_body>;
  using Error = boost::beast::error_code;

  void wait_for_request();
  void read_header();
  void header_read(Error error);
  void read_body();
  void body_read(Error error);
  void read_failed(Error error);

  Caller caller() const;
  // Of the headers alone: a call that is refused costs no body.
  base::Status judge() const;

  void dispatch();
  void answer_page(const std::string& path);
  void call_gateway();
  Response response(unsigned status, const std::string& content_type, std::string body);
  void answer(unsigned status, const std::string& content_type, std::string body);
  void answer_entry(const Entry& entry);
  void answer_error(int code, int error, const std::string& message, unsigned status = 0);
  void write(Response response);
  void write_some();
  void written(Error error);
  // A peer that still sends would lose our answer to a reset: takes what it sends, for a moment.
  void linger();
  void discard(std::size_t bytes);
  void close();
  // Without a goodbye: what was written and not taken is dropped with the connection.
  void reset();

  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Response> response_;      // while it is written
  std::optional<Serializer> serializer_;  // the same
  ConnectionShared& shared_;
  std::function<void(Connection*)> on_closed_;
  bool idle_ = false;  // between requests
  bool closed_ = false;
  bool unread_ = false;       // the request was refused before all of it was read
  bool close_after_ = false;  // the connection's state is unknown after this answer
};

}  // namespace weir::http

// The acceptor, the set of connections and the one thread. Everything but start(), stop() and
// address() runs on that thread. Calls behind requests answer on
// threads of gRPC, which only post here.
#include "scheduler/http/server.h"

#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/address.h"
#include "base/errors.h"
#include "scheduler/http/connection.h"
#include "scheduler/http/limits.h"

namespace weir::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

base::Status cannot_listen(const base::Address& address, const boost::system::error_code& error) {
  return base::Status(base::Code::kUnavailable, base::kErrUnreachable,
                      "cannot listen on " + address.text() + ": " + error.message() +
                          "; choose another address with --http");
}

// A command that the scheduler starts must not hold the port or a client's connection open.
void close_on_exec(int socket) { ::fcntl(socket, F_SETFD, FD_CLOEXEC); }

}  // namespace

struct Server::State {
  explicit State(ServerOptions server_options)
      : options(std::move(server_options)),
        gateway(options.channel),
        door(*options.access, *options.browsers) {
    shared.gateway = &gateway;
    shared.door = &door;
    shared.healthy = options.healthy;
    shared.ready = options.ready;
    shared.reader_stall_max = options.reader_stall_max;
  }

  base::Status listen(const base::Address& wanted);
  void accept();
  void accepted(const boost::system::error_code& error, tcp::socket socket);
  void begin_stop();
  void closed(Connection* connection);

  const ServerOptions options;
  Gateway gateway;
  const Door door;
  ConnectionShared shared;
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer timer{
      context};  // the pause after a failed accept, later the grace of stopping
  std::set<std::shared_ptr<Connection>> connections;
  base::Address address;
  std::jthread thread;
};

base::Status Server::State::listen(const base::Address& wanted) {
  boost::system::error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(wanted.host, error), wanted.port);
  if (error) return cannot_listen(wanted, error);
  acceptor.open(endpoint.protocol(), error);
  if (!error) close_on_exec(acceptor.native_handle());
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return cannot_listen(wanted, error);
  address = wanted;
  address.port = acceptor.local_endpoint(error).port();
  shared.bound_host = address.host;
  return error ? cannot_listen(wanted, error) : base::Status();
}

void Server::State::accept() {
  acceptor.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
    accepted(error, std::move(socket));
  });
}

void Server::State::accepted(const boost::system::error_code& error, tcp::socket socket) {
  if (shared.stopping) return;
  if (error) {  // no descriptor is left, most likely: try again when some may be free
    timer.expires_after(kAcceptPause);
    timer.async_wait([this](const boost::system::error_code& canceled) {
      if (!canceled) accept();
    });
    return;
  }
  close_on_exec(socket.native_handle());
  boost::system::error_code ignored;  // a small delay is all that its failure would cost
  socket.set_option(tcp::no_delay(true), ignored);
  const auto connection = std::make_shared<Connection>(std::move(socket), shared,
                                                       [this](Connection* one) { closed(one); });
  const bool full = connections.size() >= kConnectionsMax;
  connections.insert(connection);
  if (full) {
    connection->refuse();
  } else {
    connection->start();
  }
  accept();
}

void Server::State::closed(Connection* connection) {
  const auto is_it = [&](const auto& entry) { return entry.get() == connection; };
  std::erase_if(connections, is_it);
  if (shared.stopping && connections.empty()) context.stop();
}

void Server::State::begin_stop() {
  shared.stopping = true;
  boost::system::error_code ignored;  // it is being closed: nothing else can come of it
  acceptor.close(ignored);
  timer.expires_after(kStopGrace);
  timer.async_wait([this](const boost::system::error_code&) { context.stop(); });
  const auto open = connections;
  for (const auto& connection : open) connection->shut_down();
  if (connections.empty()) context.stop();
}

Server::Server(ServerOptions options) : state_(std::make_unique<State>(std::move(options))) {}

Server::~Server() { stop(); }

base::Status Server::start() {
  const base::Result<base::Address> parsed = base::parse_address(state_->options.address);
  if (!parsed.ok()) return parsed.status();
  base::Status usable = base::require_loopback(*parsed, "--http");
  if (usable.ok()) usable = base::probe_bind(*parsed, "--http");
  if (usable.ok()) usable = state_->listen(*parsed);
  if (!usable.ok()) return usable;
  state_->accept();
  state_->thread = std::jthread([state = state_.get()] { state->context.run(); });
  return {};
}

std::string Server::address() const {
  return state_->address.port == 0 ? std::string() : state_->address.text();
}

void Server::stop() {
  if (!state_->thread.joinable()) return;
  asio::post(state_->context, [state = state_.get()] { state->begin_stop(); });
  state_->thread.join();
  state_->gateway.stop();  // its calls answer into the io_context
}

}  // namespace weir::http

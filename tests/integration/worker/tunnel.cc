// poll() over all ends that are not stalled. A chunk is written whole before the next is read:
// tests move little. An end that closes takes the other with it. Blocking sockets, so that nothing
// is kept here.
#include "tests/integration/worker/tunnel.h"

#include <vector>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

namespace weir::worker {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(std::uint16_t(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

Tunnel::Tunnel(const std::string& target)
    : target_port_(::atoi(target.c_str() + target.rfind(':') + 1)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(::listen(listener_.get(), 64) == 0);
  CHECK(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
}

Tunnel::~Tunnel() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one);
}

void Tunnel::stall() {
  {
    const std::lock_guard lock(mutex_);
    for (Pair& pair : pairs_) pair.stalled = true;
  }
  const std::uint64_t one = 1;
  CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one);
}

void Tunnel::work(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::vector<pollfd> waits{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    std::vector<std::pair<Pair*, int>> ends;
    {
      const std::lock_guard lock(mutex_);
      for (Pair& pair : pairs_) {
        for (int i = 0; i < 2 && !pair.stalled && pair.ends[0]; ++i) {
          waits.push_back({pair.ends[i].get(), POLLIN, 0});
          ends.emplace_back(&pair, i);
        }
      }
    }
    ::poll(waits.data(), waits.size(), -1);
    std::uint64_t count = 0;
    if (waits[1].revents != 0) CHECK(::read(wake_.get(), &count, sizeof count) == sizeof count);
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (waits[i + 2].revents != 0) forward(*ends[i].first, ends[i].second);
    }
    if (waits[0].revents != 0) accept_one();
  }
}

void Tunnel::accept_one() {
  Pair pair;
  pair.ends[0] = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  pair.ends[1] = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(target_port_);
  const int connected =
      ::connect(pair.ends[1].get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (pair.ends[0] && connected == 0) pairs_.push_back(std::move(pair));
}

void Tunnel::forward(Pair& pair, int from) {
  if (pair.stalled || !pair.ends[0]) return;
  char buffer[64 << 10];
  const ssize_t n = ::read(pair.ends[from].get(), buffer, sizeof buffer);
  ssize_t sent = 0;
  while (sent < n) {
    const ssize_t now =
        ::send(pair.ends[1 - from].get(), buffer + sent, std::size_t(n - sent), MSG_NOSIGNAL);
    if (now <= 0) break;
    sent += now;
  }
  if (n > 0 && sent == n) return;
  for (Fd& end : pair.ends) end.reset();
}

}  // namespace weir::worker

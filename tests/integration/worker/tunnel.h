// A TCP proxy on loopback that can fall silent: what is open then stays open and moves no byte
// more, while new connections work. One thread of its own; the test's thread may call everything.
// Nothing is read from the bytes.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "worker/supervisor/system.h"

namespace weir::worker {

class Tunnel {
 public:
  // `target`: "127.0.0.1:PORT".
  explicit Tunnel(const std::string& target);
  ~Tunnel();
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // From here on the connections that are open move nothing.
  void stall();

 private:
  struct Pair {
    Fd ends[2];
    bool stalled = false;
  };
  void work(const std::stop_token& stop);
  void accept_one();
  void forward(Pair& pair, int from);

  int target_port_ = 0;
  int port_ = 0;
  Fd listener_;
  Fd wake_;
  std::mutex mutex_;
  std::list<Pair> pairs_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::worker

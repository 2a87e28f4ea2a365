// What a machine takes for the steps that nobody can leave out: a commit in SQLite of the rows of
// one hop, and of many tasks at once; a round trip to a warm child over a socketpair, and over
// gRPC; the wake-up of a thread. bench.py starts it on the disk that it measures and asks with a
// line on stdin, between its own runs; each answer is a line of medians in microseconds. Ends when
// stdin does. It uses nothing of Weir, so that it can be compared with it.
#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <sqlite3.h>

namespace {

using std::chrono::steady_clock;

constexpr int kWarmUp = 10;    // the first after a pause are slower and do not count
constexpr int kCounted = 30;   // of each kind and question
constexpr int kGroups = 6;     // grouped commits, of which the first two do not count
constexpr int kGroup = 256;    // tasks in one commit
constexpr int kValue = 160;    // bytes of a row, about those of Weir's
constexpr int kMessage = 200;  // bytes of a message

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench_floors: %s\n", what);
  std::exit(1);
}

double microseconds(const std::function<void()>& action) {
  const auto start = steady_clock::now();
  action();
  return std::chrono::duration<double, std::micro>(steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

double median_of(int warm_up, int counted, const std::function<void()>& action) {
  for (int i = 0; i < warm_up; ++i) action();
  std::vector<double> taken;
  for (int i = 0; i < counted; ++i) taken.push_back(microseconds(action));
  return median(std::move(taken));
}

// ---- SQLite ----

// The rows of Weir's tables, as values of the same length under integer keys: WAL, FULL, and a WAL
// that was laid out before, so that a commit makes no file longer.
class RawStore {
 public:
  explicit RawStore(const std::string& path) {
    require(sqlite3_open(path.c_str(), &db_) == SQLITE_OK, "the database does not open");
    run("PRAGMA journal_mode=WAL");
    run("PRAGMA synchronous=FULL");
    run("PRAGMA wal_autocheckpoint=0");
    for (const char* table : {"tasks", "attempts", "events", "versions", "artifacts", "assets"}) {
      run("CREATE TABLE " + std::string(table) + "(key INTEGER PRIMARY KEY, value BLOB)");
      sqlite3_stmt* put = nullptr;
      const std::string sql = "INSERT OR REPLACE INTO " + std::string(table) + " VALUES(?, ?)";
      require(sqlite3_prepare_v2(db_, sql.c_str(), -1, &put, nullptr) == SQLITE_OK, "prepare");
      puts_.push_back(put);
    }
  }
  ~RawStore() {
    for (sqlite3_stmt* put : puts_) sqlite3_finalize(put);
    sqlite3_close(db_);
  }
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  // One task of a chain ends and the next is leased.
  void commit_hop() {
    run("BEGIN IMMEDIATE");
    const std::int64_t task = ++tasks_;
    for (const int table : {kTasks, kAttempts, kVersions, kArtifacts, kAssets}) put(table, task);
    for (const int table : {kTasks, kAttempts}) put(table, task + 1);
    for (int i = 0; i < 3; ++i) put(kEvents, ++events_);
    run("COMMIT");
  }
  // Tasks of a fan-out without assets are leased and end.
  void commit_group() {
    run("BEGIN IMMEDIATE");
    for (int i = 0; i < kGroup; ++i) {
      ++tasks_;
      for (int change = 0; change < 2; ++change) {
        put(kTasks, tasks_);
        put(kAttempts, tasks_);
        put(kEvents, ++events_);
      }
    }
    run("COMMIT");
  }
  void checkpoint() { run("PRAGMA wal_checkpoint(PASSIVE)"); }

 private:
  enum Table { kTasks, kAttempts, kEvents, kVersions, kArtifacts, kAssets };

  void put(int table, std::int64_t key) {
    sqlite3_stmt* statement = puts_[std::size_t(table)];
    sqlite3_bind_int64(statement, 1, key);
    sqlite3_bind_blob(statement, 2, value_.data(), kValue, SQLITE_STATIC);
    require(sqlite3_step(statement) == SQLITE_DONE, "a row could not be written");
    sqlite3_reset(statement);
  }
  void run(const std::string& sql) {
    require(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK, sql.c_str());
  }

  sqlite3* db_ = nullptr;
  std::vector<sqlite3_stmt*> puts_;  // by Table
  const std::string value_ = std::string(kValue, 'v');
  std::int64_t tasks_ = 0, events_ = 0;
};

// ---- a child behind a socketpair ----

class EchoChild {
 public:
  // Before the first thread: the child is a fork.
  EchoChild() {
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
    child_ = fork();
    require(child_ >= 0, "fork");
    if (child_ == 0) {
      close(ends[0]);
      std::array<char, kMessage> bytes{};
      while (read(ends[1], bytes.data(), bytes.size()) > 0) {
        if (write(ends[1], bytes.data(), bytes.size()) < 0) break;
      }
      _exit(0);
    }
    close(ends[1]);
    end_ = ends[0];
  }
  ~EchoChild() {
    close(end_);
    waitpid(child_, nullptr, 0);
  }
  EchoChild(const EchoChild&) = delete;
  EchoChild& operator=(const EchoChild&) = delete;

  void round_trip() {
    std::array<char, kMessage> bytes{};
    require(write(end_, bytes.data(), bytes.size()) == kMessage, "write to the child");
    require(recv(end_, bytes.data(), bytes.size(), MSG_WAITALL) == kMessage, "read of the child");
  }

 private:
  pid_t child_ = -1;
  int end_ = -1;
};

// ---- threads ----

// Two threads that hand a turn to each other.
class Signal {
 public:
  void give() {
    {
      const std::lock_guard lock(mutex_);
      ++given_;
    }
    changed_.notify_one();
  }
  void take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return given_ > 0; });
    --given_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int given_ = 0;  // guarded by mutex_
};

class OtherThread {
 public:
  OtherThread()
      : thread_([this](const std::stop_token& stop) {
          while (true) {
            there_.take();
            if (stop.stop_requested()) return;
            back_.give();
          }
        }) {}
  ~OtherThread() {
    thread_.request_stop();
    there_.give();
  }
  void round_trip() {
    there_.give();
    back_.take();
  }

 private:
  Signal there_, back_;
  std::jthread thread_;
};

// ---- gRPC ----

// Sends every message of its one stream back.
class EchoService final : public grpc::CallbackGenericService {
  class Echo final : public grpc::ServerGenericBidiReactor {
   public:
    Echo() { StartRead(&message_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      StartWrite(&message_);
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      StartRead(&message_);
    }
    void OnDone() override {}

   private:
    grpc::ByteBuffer message_;
  };
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return &echo_;
  }

  Echo echo_;
};

class GrpcEcho {
 public:
  GrpcEcho() {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
    require(server_ != nullptr && port != 0, "the gRPC server does not start");
    stub_ = std::make_unique<grpc::GenericStub>(grpc::CreateChannel(
        "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials()));
    stub_->PrepareBidiStreamingCall(&context_, "/floors/Echo", {}, &client_);
    client_.StartCall();
  }
  ~GrpcEcho() {
    client_.StartWritesDone();
    client_.done.take();
    server_->Shutdown();
  }

  void round_trip() {
    client_.StartRead(&client_.answer);
    client_.StartWrite(&client_.message);
    client_.read.take();
    client_.written.take();
    require(client_.well, "the gRPC stream broke");
  }

 private:
  struct Client final : grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
    Client() {
      const grpc::Slice slice(std::string(kMessage, 'm'));
      message = grpc::ByteBuffer(&slice, 1);
    }
    void OnReadDone(bool ok) override {
      well = ok;
      read.give();
    }
    void OnWriteDone(bool) override { written.give(); }
    void OnDone(const grpc::Status&) override { done.give(); }

    grpc::ByteBuffer message, answer;
    Signal read, written, done;
    bool well = true;  // handed over by `read`
  };

  EchoService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<grpc::GenericStub> stub_;
  grpc::ClientContext context_;
  Client client_;
};

void answer(RawStore& store, EchoChild& child, OtherThread& thread, GrpcEcho& grpc) {
  const double hop = median_of(kWarmUp, kCounted, [&] { store.commit_hop(); });
  const double group = median_of(2, kGroups - 2, [&] { store.commit_group(); });
  store.checkpoint();
  const double socketpair = median_of(kWarmUp, 10 * kCounted, [&] { child.round_trip(); });
  const double wake = median_of(kWarmUp, 10 * kCounted, [&] { thread.round_trip(); }) / 2;
  const double stream = median_of(kWarmUp, 10 * kCounted, [&] { grpc.round_trip(); });
  std::printf(
      "{\"commit_us\": %.1f, \"grouped_us\": %.3f, \"socketpair_us\": %.1f, \"wake_us\": %.1f, "
      "\"grpc_us\": %.1f}\n",
      hop, group / kGroup, socketpair, wake, stream);
  std::fflush(stdout);
}

int serve(const std::string& folder) {
  EchoChild child;
  RawStore store(folder + "/floors.db");
  store.commit_hop();
  GrpcEcho grpc;
  grpc.round_trip();
  std::printf("ready\n");  // what a start costs at least: a database, a server, a commit, a call
  std::fflush(stdout);
  OtherThread thread;
  bool laid_out = false;
  std::array<char, 64> line{};
  while (std::fgets(line.data(), int(line.size()), stdin) != nullptr) {
    if (!std::exchange(laid_out, true)) {
      for (int i = 0; i < kGroups; ++i) store.commit_group();
      store.checkpoint();
    }
    answer(store, child, thread, grpc);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder = std::string(argc > 1 ? argv[1] : "/tmp") + "/weir-floors-XXXXXX";
  require(mkdtemp(folder.data()) != nullptr, "give a directory that can be written");
  const int code = serve(folder);
  std::filesystem::remove_all(folder);
  return code;
}

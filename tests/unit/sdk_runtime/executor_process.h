// The worker's side of an executor, for tests: starts the sample module with a socket, sends runs,
// reads answers. Used from one thread; the destructor closes the socket and collects the process,
// so that none outlives its test.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <sys/types.h>

namespace weir::sdk_impl {

struct TestValue {
  std::string digest;
  std::int64_t size = 0;
  std::int32_t kind = 1;
  std::string type;
  std::string bytes;
  bool is_inline = false;
  std::string path;
};

struct TestRun {
  int stage = 0;
  std::vector<std::optional<TestValue>> inputs;  // nullopt: absent
  std::string params;
  std::int64_t cursor_version = 0;
  std::optional<TestValue> cursor;
  std::optional<std::int64_t> scheduled_at_us;
};

struct TestCheck {
  std::string name;
  bool passed = false;
  std::string reason;
  std::string metadata;
};

struct TestProgress {
  double fraction = -1;  // -1: not said
  std::string message;
};

struct TestResult {
  bool closed = false;  // the executor's end of the socket went away instead
  int outcome = 0;
  int success = 0;
  std::string message;
  std::string detail;
  std::string metadata;
  std::int64_t retry_after_ms = -1;
  bool permanent = false;
  std::vector<TestValue> outputs;
  std::vector<TestCheck> checks;
  std::int64_t cursor_read_version = -1;
  std::optional<TestValue> cursor;
  std::vector<std::pair<int, std::uint64_t>> helpers;  // pid and birth
  std::vector<std::string> logs;                       // that came before it
  std::vector<TestProgress> progress;                  // the same
  std::optional<TestProgress> last_progress;           // of the result itself
};

class ExecutorProcess {
 public:
  explicit ExecutorProcess(const std::filesystem::path& directory);
  ~ExecutorProcess();
  ExecutorProcess(const ExecutorProcess&) = delete;
  ExecutorProcess& operator=(const ExecutorProcess&) = delete;

  TestResult run(const TestRun& run);
  // Closes the socket and gives the status of waitpid().
  int finish();

  const std::string& manifest() const { return manifest_; }
  int protocol_version() const { return protocol_version_; }
  // What the process wrote so far.
  std::string out() const;
  std::string err() const;
  std::filesystem::path artifacts() const { return directory_ / "artifacts"; }

 private:
  void send(const TestRun& run);

  std::filesystem::path directory_;
  int fd_ = -1;
  pid_t pid_ = -1;
  std::string manifest_;
  int protocol_version_ = 0;
};

}  // namespace weir::sdk_impl

// Frames and messages from the worker's point of view, written apart from the
// SDK's own, so that a test fails when the two sides disagree. Used from one
// thread, by the executor's tests alone.
#include "tests/unit/sdk_runtime/executor_process.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "sdk/src/executor_wire.h"

namespace weir::sdk_impl {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void redirect(const fs::path& path, int to) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::dup2(fd, to);
}

[[noreturn]] void become_module(const fs::path& directory, int fd) {
  redirect(directory / "out", STDOUT_FILENO);
  redirect(directory / "err", STDERR_FILENO);
  ::setenv("WEIR_EXECUTOR_FD", std::to_string(fd).c_str(), 1);
  ::execl(SAMPLE_MODULE, SAMPLE_MODULE, "executor", nullptr);
  ::_exit(127);
}

void add_value(protozero::pbf_writer& parent, std::uint32_t tag, const TestValue& value) {
  protozero::pbf_writer out(parent, tag);
  out.add_bytes(1, value.digest);
  out.add_int64(2, value.size);
  out.add_int32(3, value.kind);
  out.add_string(4, value.type);
  out.add_bytes(5, value.bytes);
  out.add_bool(6, value.is_inline);
}

TestValue read_value(protozero::pbf_reader in) {
  TestValue out;
  while (in.next()) {
    if (in.tag() == 1) {
      out.digest = in.get_bytes();
    } else if (in.tag() == 2) {
      out.size = in.get_int64();
    } else if (in.tag() == 3) {
      out.kind = in.get_int32();
    } else if (in.tag() == 4) {
      out.type = in.get_string();
    } else if (in.tag() == 5) {
      out.bytes = in.get_bytes();
    } else if (in.tag() == 6) {
      out.is_inline = in.get_bool();
    } else {
      in.skip();
    }
  }
  return out;
}

TestValue read_output(protozero::pbf_reader in) {
  TestValue out;
  while (in.next()) {
    if (in.tag() == 2) {
      out = read_value(in.get_message());
    } else {
      in.skip();
    }
  }
  return out;
}

TestCheck read_check(protozero::pbf_reader in) {
  TestCheck out;
  while (in.next()) {
    if (in.tag() == 2) {
      out.name = in.get_string();
    } else if (in.tag() == 4) {
      out.passed = in.get_bool();
    } else if (in.tag() == 5) {
      out.reason = in.get_string();
    } else if (in.tag() == 6) {
      out.metadata = in.get_string();
    } else {
      in.skip();
    }
  }
  return out;
}

std::pair<int, std::uint64_t> read_helper(protozero::pbf_reader in) {
  std::pair<int, std::uint64_t> out;
  while (in.next()) {
    if (in.tag() == 1) {
      out.first = in.get_int32();
    } else if (in.tag() == 2) {
      out.second = in.get_uint64();
    } else {
      in.skip();
    }
  }
  return out;
}

void read_cursor(protozero::pbf_reader in, TestResult& out) {
  while (in.next()) {
    if (in.tag() == 1) {
      out.cursor_read_version = in.get_int64();
    } else if (in.tag() == 2) {
      out.cursor = read_value(in.get_message());
    } else {
      in.skip();
    }
  }
}

TestProgress read_progress(protozero::pbf_reader in) {
  TestProgress out;
  while (in.next()) {
    if (in.tag() == 1) {
      out.fraction = in.get_double();
    } else if (in.tag() == 2) {
      out.message = in.get_string();
    } else {
      in.skip();
    }
  }
  return out;
}

void read_finished_field(protozero::pbf_reader& in, TestResult& out) {
  switch (in.tag()) {
    case 2:
      out.outcome = in.get_int32();
      break;
    case 3:
      out.success = in.get_int32();
      break;
    case 4:
      out.message = in.get_string();
      break;
    case 5:
      out.detail = in.get_string();
      break;
    case 6:
      out.metadata = in.get_string();
      break;
    case 15:
      out.last_progress = read_progress(in.get_message());
      break;
    case 7:
      out.retry_after_ms = in.get_int64();
      break;
    case 9:
      out.permanent = in.get_bool();
      break;
    case 10:
      out.outputs.push_back(read_output(in.get_message()));
      break;
    case 11:
      out.checks.push_back(read_check(in.get_message()));
      break;
    case 12:
      read_cursor(in.get_message(), out);
      break;
    default:
      in.skip();
  }
}

void read_result(protozero::pbf_reader in, TestResult& out) {
  while (in.next()) {
    if (in.tag() == 1) {
      auto finished = in.get_message();
      while (finished.next()) read_finished_field(finished, out);
    } else if (in.tag() == 2) {
      out.helpers.push_back(read_helper(in.get_message()));
    } else {
      in.skip();
    }
  }
}

void add_assign(protozero::pbf_writer& parent, const TestRun& run) {
  protozero::pbf_writer out(parent, 1);
  {
    protozero::pbf_writer attempt(out, 1);
    attempt.add_fixed64(1, 42);
    attempt.add_int32(3, 1);
  }
  out.add_string(2, "task");
  out.add_int32(6, run.stage);
  for (const auto& input : run.inputs) {
    protozero::pbf_writer entry(out, 7);
    entry.add_bool(1, input.has_value());
    entry.add_string(2, input ? "succeeded" : "skipped");
    if (!input) entry.add_string(3, "it was skipped");
    if (input) add_value(entry, 4, *input);
  }
  out.add_string(8, run.params);
  out.add_int64(9, run.cursor_version);
  if (run.cursor) add_value(out, 10, *run.cursor);
  out.add_int32(12, 1);
  if (run.scheduled_at_us) out.add_int64(14, *run.scheduled_at_us);
}

}  // namespace

ExecutorProcess::ExecutorProcess(const fs::path& directory) : directory_(directory) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) throw std::runtime_error("socketpair");
  fs::create_directories(directory_);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(fds[0]);
    become_module(directory_, fds[1]);
  }
  ::close(fds[1]);
  fd_ = fds[0];
  const auto frame = read_frame(fd_);
  if (!frame.ok() || !frame->has_value()) throw std::runtime_error("no ready frame");
  protozero::pbf_reader response(**frame);
  if (!response.next(1)) throw std::runtime_error("the first frame is not ready");
  auto ready = response.get_message();
  while (ready.next()) {
    if (ready.tag() == 1) {
      protocol_version_ = ready.get_int32();
    } else if (ready.tag() == 2) {
      manifest_ = ready.get_string();
    } else {
      ready.skip();
    }
  }
}

ExecutorProcess::~ExecutorProcess() { finish(); }

int ExecutorProcess::finish() {
  int status = 0;
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  if (pid_ > 0) ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

void ExecutorProcess::send(const TestRun& run) {
  std::string message;
  protozero::pbf_writer request(message);
  {
    protozero::pbf_writer out(request, 1);
    add_assign(out, run);
    for (const auto& input : run.inputs) out.add_string(2, input ? input->path : "");
    out.add_string(4, artifacts().string());
    out.add_string(5, (directory_ / "scratch").string());
  }
  if (!write_frame(fd_, message).ok()) throw std::runtime_error("the executor is gone");
}

TestResult ExecutorProcess::run(const TestRun& run) {
  send(run);
  TestResult out;
  while (true) {
    const auto frame = read_frame(fd_);
    if (!frame.ok() || !frame->has_value()) {
      out.closed = true;
      return out;
    }
    protozero::pbf_reader response(**frame);
    while (response.next()) {
      if (response.tag() == 3) {
        auto log = response.get_message();
        while (log.next(1)) out.logs.push_back(log.get_string());
      } else if (response.tag() == 4) {
        out.progress.push_back(read_progress(response.get_message()));
      } else if (response.tag() == 2) {
        read_result(response.get_message(), out);
        for (TestValue& value : out.outputs) {
          const auto digest = base::Digest::from_bytes(value.digest);
          if (value.is_inline || !digest) continue;
          value.path = base::blob_path(artifacts().native(), *digest);
        }
        return out;
      } else {
        response.skip();
      }
    }
  }
}

std::string ExecutorProcess::out() const { return contents(directory_ / "out"); }
std::string ExecutorProcess::err() const { return contents(directory_ / "err"); }

}  // namespace weir::sdk_impl

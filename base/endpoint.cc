// Reading and writing the files in which a scheduler says how to reach it. See the header for who
// writes which. A file of another user is never believed: it could send the token, and modules, to
// a stranger.
#include "base/endpoint.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/json.h"

namespace weir::base {
namespace {

namespace fs = std::filesystem;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string system_message(int error) { return std::generic_category().message(error); }

std::string home_dir() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
    return entry.pw_dir;
  }
  return {};
}

bool process_lives(std::int64_t pid) {
  return pid > 0 && (::kill(static_cast<pid_t>(pid), 0) == 0 || errno == EPERM);
}

std::string absolute(const std::string& path) {
  if (path.empty()) return path;
  std::error_code error;
  const fs::path full = fs::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

// A directory of ours that nobody else can write to.
bool private_dir(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return false;
  return S_ISDIR(info.st_mode) && info.st_uid == ::geteuid() && (info.st_mode & 022) == 0;
}

bool prepare_private_dir(const std::string& path) {
  return (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) && private_dir(path);
}

bool write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

Status write_file_atomically(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp" + std::to_string(::getpid());
  const auto failed = [&](int error) {
    ::unlink(temporary.c_str());
    return Status(Code::kPermissionDenied, kErrDataDirUnwritable,
                  "cannot write '" + path + "': " + system_message(error));
  };
  {
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    const FileDescriptor file(::open(temporary.c_str(), flags, 0600));
    if (file.get() < 0 || !write_all(file.get(), content)) return failed(errno);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed(errno);
  return {};
}

Result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    const Code code =
        errno == ENOENT || errno == ENOTDIR ? Code::kNotFound : Code::kPermissionDenied;
    return Status(code, 0, "cannot read '" + path + "': " + system_message(errno));
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Status(Code::kInvalidArgument, 0, "'" + path + "' is not a regular file");
  }
  std::string content;
  char buffer[4096];
  while (content.size() <= limit) {
    const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Status(Code::kPermissionDenied, 0,
                    "cannot read '" + path + "': " + system_message(errno));
    }
    if (count == 0) return content;
    content.append(buffer, static_cast<std::size_t>(count));
  }
  return Status(Code::kInvalidArgument, kErrLimit,
                "'" + path + "' is larger than " + std::to_string(limit) + " bytes");
}

}  // namespace

std::string default_data_dir() {
  const std::string home = home_dir();
  return home.empty() ? "weir-data" : home + "/.local/share/weir";
}

std::string runtime_dir() {
  const char* xdg = std::getenv("XDG_RUNTIME_DIR");
  if (xdg != nullptr && *xdg == '/') return std::string(xdg) + "/weir";
  const std::string uid = std::to_string(::geteuid());
  const std::string run = "/run/user/" + uid;
  struct stat info {};
  if (::stat(run.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid()) {
    return run + "/weir";
  }
  return "/tmp/weir-" + uid;
}

std::string runtime_endpoint_file() { return runtime_dir() + "/scheduler.json"; }

std::string data_endpoint_file(std::string_view data_dir) {
  return std::string(data_dir) + "/scheduler.json";
}

Status publish_endpoint(const Endpoint& endpoint) {
  Json json;
  json.set("grpc", endpoint.grpc);
  json.set("http", endpoint.http);
  json.set("token_file", absolute(endpoint.token_file));
  json.set("data_dir", absolute(endpoint.data_dir));
  json.set("pid", endpoint.pid);
  const std::string text = json.dump() + "\n";
  const Result<Endpoint> other = read_endpoint(runtime_endpoint_file());
  const bool taken = other.ok() && other->pid != endpoint.pid && process_lives(other->pid);
  if (!taken && prepare_private_dir(runtime_dir())) {
    // Only a convenience: without it the file below still tells, to those who name the data
    // directory.
    const Status written = write_file_atomically(runtime_endpoint_file(), text);
    static_cast<void>(written);
  }
  return write_file_atomically(data_endpoint_file(endpoint.data_dir), text);
}

Result<std::string> write_runtime_file(const std::string& name, std::string_view content) {
  const std::string path = runtime_dir() + "/" + name;
  if (!prepare_private_dir(runtime_dir())) {
    return Status(Code::kPermissionDenied, kErrDataDirUnwritable,
                  "'" + runtime_dir() + "' is not a directory of this user alone");
  }
  const Status written = write_file_atomically(path, content);
  if (!written.ok()) return written;
  return path;
}

void withdraw_endpoint(const Endpoint& endpoint) {
  for (const std::string& path : {runtime_endpoint_file(), data_endpoint_file(endpoint.data_dir)}) {
    const Result<Endpoint> current = read_endpoint(path);
    if (current.ok() && current->pid == endpoint.pid) ::unlink(path.c_str());
  }
}

Result<Endpoint> read_endpoint(const std::string& path) {
  const Result<std::string> text = read_small_file(path, kEndpointBytesMax);
  if (!text.ok()) return text.status();
  const Result<Json> json = Json::parse(*text);
  if (!json.ok() || (*json)["grpc"].as_string().empty()) {
    return Status(Code::kInvalidArgument, 0,
                  "'" + path + "' does not say where a scheduler is; delete it and start it again");
  }
  Endpoint endpoint;
  endpoint.grpc = (*json)["grpc"].as_string();
  endpoint.http = (*json)["http"].as_string();
  endpoint.token_file = (*json)["token_file"].as_string();
  endpoint.data_dir = (*json)["data_dir"].as_string();
  endpoint.pid = (*json)["pid"].as_int();
  return endpoint;
}

Result<Endpoint> find_endpoint() {
  const Result<Endpoint> runtime = private_dir(runtime_dir())
                                       ? read_endpoint(runtime_endpoint_file())
                                       : Result<Endpoint>(Status(Code::kNotFound, 0, ""));
  if (runtime.ok() && process_lives(runtime->pid)) return runtime;
  const Result<Endpoint> data = read_endpoint(data_endpoint_file(default_data_dir()));
  if (data.ok() && process_lives(data->pid)) return data;
  if (runtime.ok()) return runtime;
  if (data.ok()) return data;
  return Status(Code::kNotFound, kErrUnreachable, "no scheduler is running for this user");
}

bool printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}

Status check_token(std::string_view token, const std::string& source) {
  if (printable_ascii(token)) return {};
  return Status(Code::kUnauthenticated, kErrUnauthenticated,
                source + " is not a token: a token is of printable ASCII characters only");
}

Result<std::string> read_token(const std::string& path) {
  const Result<std::string> text = read_small_file(path, kTokenBytesMax);
  if (!text.ok()) {
    return Status(Code::kUnauthenticated, kErrUnauthenticated,
                  text.status().message() + "; name the scheduler's token file with --token-file");
  }
  std::string token = text->substr(0, text->find_first_of("\r\n"));
  if (token.empty()) {
    return Status(Code::kUnauthenticated, kErrUnauthenticated, "'" + path + "' holds no token");
  }
  const Status usable = check_token(token, "what '" + path + "' holds");
  if (!usable.ok()) return usable;
  return token;
}

}  // namespace weir::base

// The streaming calls: values, uploads, and what a replay fetches. Bulk bytes go through files in
// chunks; nothing is held in memory as a whole. Paths from the wire must stay in their directory.
// Thread-safe; streams have no deadline.
#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/sha256.h"
#include "sdk/client/api_impl.h"
#include "weir/worker/v1/worker.grpc.pb.h"

namespace weir::client {
namespace {

namespace fs = std::filesystem;
namespace wire = weir::worker::v1;
using base::Code;
using base::Result;
using base::Status;

Status file_error(const std::string& what, const std::string& path, int error) {
  return Status(Code::kPermissionDenied, base::kErrUsage,
                "cannot " + what + " '" + path + "': " + std::generic_category().message(error));
}

// Writes the files of a value or a module below a directory; paths come from the wire and must stay
// inside.
class FileWriter {
 public:
  Status open(const fs::path& path, bool executable) {
    if (Status status = close(); !status.ok()) return status;
    std::error_code error;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    path_ = path.string();
    const mode_t mode = executable ? 0700 : 0600;
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    return fd_ < 0 ? file_error("write", path_, errno) : Status();
  }

  Status write(std::string_view data) {
    while (!data.empty()) {
      const ssize_t count = ::write(fd_, data.data(), data.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return file_error("write", path_, errno);
      data.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  Status close() {
    const int fd = std::exchange(fd_, -1);
    return fd >= 0 && ::close(fd) != 0 ? file_error("write", path_, errno) : Status();
  }

  bool is_open() const { return fd_ >= 0; }
  ~FileWriter() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  std::string path_;
  int fd_ = -1;
};

bool stays_inside(const std::string& path) {
  const fs::path parsed(path);
  if (path.empty() || parsed.is_absolute()) return false;
  return std::none_of(parsed.begin(), parsed.end(),
                      [](const fs::path& part) { return part == ".."; });
}

Status bad_path(const std::string& path) {
  return Status(Code::kDataLoss, base::kErrInternal,
                "the scheduler sent a file outside its directory: '" + path + "'");
}

}  // namespace

Status Api::read_value(const v1::ReadValueRequest& request,
                       const std::function<Status(const v1::ReadValueResponse&)>& take) {
  grpc::ClientContext context;
  impl_->connection->prepare_stream(context);
  const auto reader = impl_->assets->ReadValue(&context, request);
  v1::ReadValueResponse message;
  Status taken;
  while (taken.ok() && reader->Read(&message)) taken = take(message);
  if (!taken.ok()) context.TryCancel();
  const grpc::Status status = reader->Finish();
  return taken.ok() ? impl_->connection->convert(status) : taken;
}

Status Api::upload_file(const std::string& path, const std::string& digest, std::int64_t size,
                        const std::function<void(std::int64_t)>& progress) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return file_error("read", path, errno);
  grpc::ClientContext context;
  impl_->connection->prepare_stream(context);
  v1::UploadFileResponse response;
  const auto writer = impl_->modules->UploadFile(&context, &response);
  std::string buffer(kUploadChunkBytes, '\0');
  std::int64_t sent = 0;
  bool open = true;
  for (bool first = true; open && (first || sent < size); first = false) {
    v1::UploadFileRequest request;
    if (first) {
      request.set_digest(digest);
      request.set_size_bytes(size);
    }
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const std::streamsize count = file.gcount();
    if (count == 0 && size > 0) break;  // it shrank; the server notices that bytes are missing
    request.set_chunk(buffer.data(), static_cast<std::size_t>(count));
    open = writer->Write(request);
    sent += count;
    if (open && progress) progress(sent);
  }
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  if (!status.ok()) return impl_->connection->convert(status);
  impl_->connection->answered();
  return {};
}

Result<Api::FetchedModule> Api::fetch_module(const std::string& digest_hex,
                                             const std::string& directory) {
  const std::optional<base::Digest> digest = base::Digest::parse(digest_hex);
  if (!digest) {
    return Status(Code::kInvalidArgument, base::kErrUnknownModule,
                  "'" + digest_hex + "' is not a module's digest");
  }
  const auto stub = wire::WorkerProtocolService::NewStub(impl_->connection->channel());
  const auto fetch = [&](const std::string& file,
                         const std::function<Status(const wire::FetchFileResponse&)>& take) {
    grpc::ClientContext context;
    impl_->connection->prepare_stream(context);
    wire::FetchFileRequest request;
    request.set_module(std::string(digest->raw()));
    request.set_file(file);
    const auto reader = stub->FetchFile(&context, request);
    wire::FetchFileResponse message;
    Status taken;
    while (taken.ok() && reader->Read(&message)) taken = take(message);
    if (!taken.ok()) context.TryCancel();
    const grpc::Status status = reader->Finish();
    return taken.ok() ? impl_->connection->convert(status) : taken;
  };

  FetchedModule module;
  std::vector<wire::ModuleFile> files;
  Status status = fetch({}, [&](const wire::FetchFileResponse& message) {
    files.insert(files.end(), message.files().begin(), message.files().end());
    module.manifest_json += message.manifest_json();
    return Status();
  });
  if (!status.ok()) return status;
  if (directory.empty()) return module;  // only the manifest was wanted
  for (const wire::ModuleFile& file : files) {
    if (!stays_inside(file.path())) return bad_path(file.path());
    const fs::path path = fs::path(directory) / file.path();
    FileWriter writer;
    base::Sha256 hash;
    status = writer.open(path, file.executable());
    if (status.ok()) {
      status = fetch(file.digest(), [&](const wire::FetchFileResponse& message) {
        hash.update(message.chunk());
        return writer.write(message.chunk());
      });
    }
    if (status.ok()) status = writer.close();
    if (!status.ok()) return status;
    if (hash.finish().raw() != file.digest()) {
      return Status(Code::kDataLoss, base::kErrFileDigest,
                    "the module's file '" + file.path() + "' arrived damaged");
    }
    if (module.executable.empty()) module.executable = path.string();
  }
  return module;
}

Status Api::fetch_artifact(const std::string& digest_hex, const std::string& path) {
  const std::optional<base::Digest> digest = base::Digest::parse(digest_hex);
  if (!digest) {
    return Status(Code::kInvalidArgument, base::kErrArtifactMissing,
                  "'" + digest_hex + "' is not an artifact's digest");
  }
  const auto stub = wire::WorkerProtocolService::NewStub(impl_->connection->channel());
  grpc::ClientContext context;
  impl_->connection->prepare_stream(context);
  wire::FetchArtifactRequest request;
  request.set_digest(std::string(digest->raw()));
  const auto reader = stub->FetchArtifact(&context, request);
  wire::FetchArtifactResponse message;
  FileWriter writer;
  Status taken;
  bool tree = false;
  for (bool first = true; taken.ok() && reader->Read(&message); first = false) {
    if (first) tree = message.kind() == wire::ARTIFACT_KIND_TREE;
    if (first && tree) {
      std::error_code error;
      fs::create_directories(path, error);
    }
    if (first && !tree) taken = writer.open(path, false);
    if (taken.ok() && tree && !message.path().empty()) {
      taken = stays_inside(message.path())
                  ? writer.open(fs::path(path) / message.path(), message.executable())
                  : bad_path(message.path());
    }
    if (taken.ok() && !message.chunk().empty() && writer.is_open()) {
      taken = writer.write(message.chunk());
    }
  }
  if (!taken.ok()) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!taken.ok()) return taken;
  if (!status.ok()) return impl_->connection->convert(status);
  return writer.close();
}

}  // namespace weir::client

// The worker protocol: sessions, and calls of their own for bulk bytes and logs. Everything needs
// the token. Streams of bytes are read and written on transfer threads, one chunk at a time;
// sessions are in grpc_session.cc and worker_session.cc.
#include <limits>

#include "base/errors.h"
#include "scheduler/rpc/blob_reader.h"
#include "scheduler/rpc/blob_upload.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/worker.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/rpc/services/transfer.h"
#include "scheduler/rpc/session/grpc_session.h"
#include "weir/worker/v1/worker.grpc.pb.h"

namespace weir::rpc {
namespace {

namespace wire = worker::v1;

using base::Status;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

Status invalid(std::string message) {
  return Status(base::Code::kInvalidArgument, base::kErrUsage, std::move(message));
}

// A module's list of files, then the bytes of one of them. Transfer threads.
class FileStream {
 public:
  FileStream(Backend& backend, wire::FetchFileRequest request)
      : backend_(backend), request_(std::move(request)) {}

  base::Result<bool> next(wire::FetchFileResponse* response) {
    if (done_) return false;
    if (!begun_) return begin(response);
    auto chunk = blob_->next();
    if (!chunk.ok()) return chunk.status();
    response->set_chunk(std::move(chunk->bytes));
    done_ = chunk->last;
    return true;
  }

 private:
  base::Result<bool> begin(wire::FetchFileResponse* response) {
    const auto module = engine::Digest::from_bytes(request_.module());
    if (!module) return invalid("the request names no module by its 32 bytes");
    const auto row = backend_.reader.get_module(*module);
    if (!row.ok()) return row.status();
    for (const engine::BundleFile& file : row->files) {
      wire::ModuleFile* out = response->add_files();
      out->set_path(file.path);
      out->set_digest(std::string(file.digest.raw()));
      out->set_size(file.size);
      out->set_executable(file.executable);
    }
    response->set_manifest_json(row->manifest);
    begun_ = true;
    done_ = request_.file().empty();
    if (done_) return true;
    const Status opened = open_file(*row);
    return opened.ok() ? base::Result<bool>(true) : opened;
  }

  Status open_file(const engine::ModuleRow& module) {
    const auto digest = engine::Digest::from_bytes(request_.file());
    const auto is_it = [&](const engine::BundleFile& file) { return file.digest == digest; };
    if (!digest || std::none_of(module.files.begin(), module.files.end(), is_it)) {
      return Status(base::Code::kNotFound, base::kErrModuleMissing,
                    "module " + module.digest.hex() + " has no file of that digest");
    }
    auto blob = BlobReader::open(backend_.modules, *digest);
    if (!blob.ok()) return blob.status();
    blob_ = std::move(blob).value();
    return {};
  }

  Backend& backend_;
  const wire::FetchFileRequest request_;
  std::unique_ptr<BlobReader> blob_;
  bool begun_ = false;
  bool done_ = false;
};

// Kind and size of an artifact, then its bytes. Transfer threads.
class ArtifactStream {
 public:
  ArtifactStream(Backend& backend, std::string digest)
      : backend_(backend), digest_(std::move(digest)) {}

  base::Result<bool> next(wire::FetchArtifactResponse* response) {
    if (done_) return false;
    if (!blob_) return open(response);
    auto chunk = blob_->next();
    if (!chunk.ok()) return chunk.status();
    if (chunk->file != nullptr) {
      response->set_path(chunk->file->path);
      response->set_executable(chunk->file->executable);
    }
    response->set_chunk(std::move(chunk->bytes));
    done_ = chunk->last;
    return true;
  }

 private:
  base::Result<bool> open(wire::FetchArtifactResponse* response) {
    const auto digest = engine::Digest::from_bytes(digest_);
    if (!digest) return invalid("the request names no artifact by its 32 bytes");
    auto blob = BlobReader::open_artifact(backend_.reader, backend_.artifacts, *digest);
    if (!blob.ok()) return blob.status();
    blob_ = std::move(blob).value();
    response->set_kind(to_proto(blob_->kind()));
    response->set_size(blob_->size());
    return true;
  }

  Backend& backend_;
  const std::string digest_;
  std::unique_ptr<BlobReader> blob_;
  bool done_ = false;
};

// A value is as large as its stage made it: the disk is its limit.
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

class ArtifactSink final : public Upload<wire::UploadArtifactRequest>::Sink {
 public:
  explicit ArtifactSink(Backend& backend) : upload_(backend.artifacts, kNoLimit) {}

  Status consume(const wire::UploadArtifactRequest& request) override {
    if (!upload_.begun()) {
      const auto digest = engine::Digest::from_bytes(request.digest());
      if (!digest) return invalid("the first message names no artifact by its 32 bytes");
      const auto kind = artifact_kind_of(request.kind());
      if (!kind.ok()) return kind.status();
      const Status begun = upload_.begin(*digest, *kind, request.size());
      if (!begun.ok()) return begun;
    }
    if (!request.path().empty()) {
      const Status started = upload_.start_file(request.path(), request.executable());
      if (!started.ok()) return started;
    }
    return upload_.append(request.chunk());
  }
  Status finish() override {
    return upload_.begun() ? upload_.finish() : invalid("the upload had no message");
  }
  bool complete() const override { return upload_.held(); }

 private:
  BlobUpload upload_;
};

Status append_logs(Backend& backend, const wire::AppendLogsRequest& request) {
  for (const wire::LogChunk& chunk : request.chunks()) {
    if (chunk.attempt().store_generation() != backend.options.store_generation) {
      return Status(base::Code::kFailedPrecondition, base::kErrStale,
                    "the log is of an attempt that another generation of the store leased; it is "
                    "not kept");
    }
    const auto stream = log_stream_of(chunk);
    if (!stream.ok()) return stream.status();
    if (chunk.offset() < 0) return invalid("a log chunk has a negative offset");
    const Status appended = backend.logs.append(from_proto(chunk.attempt()), *stream,
                                                chunk.offset(), chunk.data(), chunk.last());
    if (!appended.ok()) return appended;
  }
  return {};
}

class WorkerProtocolImpl final : public wire::WorkerProtocolService::CallbackService {
 public:
  explicit WorkerProtocolImpl(Backend& backend) : backend_(backend) {}

  SessionReactor* Session(CallbackServerContext* context) override {
    return GrpcSession::start(backend_, *context);
  }

  grpc::ServerWriteReactor<wire::FetchFileResponse>* FetchFile(
      CallbackServerContext* context, const wire::FetchFileRequest* request) override {
    const auto stream = std::make_shared<FileStream>(backend_, *request);
    return Download<wire::FetchFileResponse>::start(
        backend_, context, work_budget(backend_),
        [stream](wire::FetchFileResponse* response) { return stream->next(response); });
  }

  grpc::ServerWriteReactor<wire::FetchArtifactResponse>* FetchArtifact(
      CallbackServerContext* context, const wire::FetchArtifactRequest* request) override {
    const auto stream = std::make_shared<ArtifactStream>(backend_, request->digest());
    return Download<wire::FetchArtifactResponse>::start(
        backend_, context, work_budget(backend_),
        [stream](wire::FetchArtifactResponse* response) { return stream->next(response); });
  }

  grpc::ServerReadReactor<wire::UploadArtifactRequest>* UploadArtifact(
      CallbackServerContext*, wire::UploadArtifactResponse*) override {
    return Upload<wire::UploadArtifactRequest>::start(backend_,
                                                      std::make_unique<ArtifactSink>(backend_));
  }

  ServerUnaryReactor* AppendLogs(CallbackServerContext* context,
                                 const wire::AppendLogsRequest* request,
                                 wire::AppendLogsResponse*) override {
    return serve_transfer(backend_, context, [=, this] { return append_logs(backend_, *request); });
  }

 private:
  Backend& backend_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_worker_protocol_service(Backend& backend) {
  return std::make_unique<WorkerProtocolImpl>(backend);
}

}  // namespace weir::rpc

// The worker protocol: sessions, and calls of their own for bulk bytes and logs. Everything needs
// the token. Streams of bytes are read and written on transfer threads, one chunk at a time;
// sessions are in grpc_session.cc and worker_session.cc.
#include <limits>

#include "base/errors.h"
#include "scheduler/rpc/blob_reader.h"
#include "scheduler/rpc/blob_upload.h"
#include "scheduler/rpc/call.h"
#include "scheduler/rpc/convert/worker.h"
#include "scheduler/rpc/grpc_session.h"
#include "scheduler/rpc/services/services.h"
#include "scheduler/rpc/services/transfer.h"
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
  FileStream(Edge& edge, wire::FetchFileRequest request)
      : edge_(edge), request_(std::move(request)) {}

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
    const auto row = edge_.reader.get_module(*module);
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
    auto blob = BlobReader::open(edge_.modules, *digest);
    if (!blob.ok()) return blob.status();
    blob_ = std::move(blob).value();
    return {};
  }

  Edge& edge_;
  const wire::FetchFileRequest request_;
  std::unique_ptr<BlobReader> blob_;
  bool begun_ = false;
  bool done_ = false;
};

// Kind and size of an artifact, then its bytes. Transfer threads.
class ArtifactStream {
 public:
  ArtifactStream(Edge& edge, std::string digest) : edge_(edge), digest_(std::move(digest)) {}

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
    auto blob = BlobReader::open_artifact(edge_.reader, edge_.artifacts, *digest);
    if (!blob.ok()) return blob.status();
    blob_ = std::move(blob).value();
    response->set_kind(static_cast<wire::ArtifactKind>(artifact_kind_number(blob_->kind())));
    response->set_size(blob_->size());
    return true;
  }

  Edge& edge_;
  const std::string digest_;
  std::unique_ptr<BlobReader> blob_;
  bool done_ = false;
};

// A value is as large as its stage made it: the disk is its limit.
constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

class ArtifactSink final : public Upload<wire::UploadArtifactRequest>::Sink {
 public:
  explicit ArtifactSink(Edge& edge) : upload_(edge.artifacts, kNoLimit) {}

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

Status append_logs(Edge& edge, const wire::AppendLogsRequest& request) {
  for (const wire::LogChunk& chunk : request.chunks()) {
    const auto stream = log_stream_of(chunk);
    if (!stream.ok()) return stream.status();
    if (chunk.offset() < 0) return invalid("a log chunk has a negative offset");
    const Status appended = edge.logs.append(from_proto(chunk.attempt()), *stream, chunk.offset(),
                                             chunk.data(), chunk.last());
    if (!appended.ok()) return appended;
  }
  return {};
}

class WorkerProtocolImpl final : public wire::WorkerProtocolService::CallbackService {
 public:
  explicit WorkerProtocolImpl(Edge& edge) : edge_(edge) {}

  SessionReactor* Session(CallbackServerContext* context) override {
    const Status admitted = admit_to(context, "Session");
    if (!admitted.ok()) return Refusal<SessionReactor>::make(admitted);
    return GrpcSession::start(edge_, *context);
  }

  grpc::ServerWriteReactor<wire::FetchFileResponse>* FetchFile(
      CallbackServerContext* context, const wire::FetchFileRequest* request) override {
    const Status admitted = admit_to(context, "FetchFile");
    if (!admitted.ok()) {
      return Refusal<grpc::ServerWriteReactor<wire::FetchFileResponse>>::make(admitted);
    }
    const auto stream = std::make_shared<FileStream>(edge_, *request);
    return Download<wire::FetchFileResponse>::start(
        edge_, work_budget(edge_),
        [stream](wire::FetchFileResponse* response) { return stream->next(response); });
  }

  grpc::ServerWriteReactor<wire::FetchArtifactResponse>* FetchArtifact(
      CallbackServerContext* context, const wire::FetchArtifactRequest* request) override {
    const Status admitted = admit_to(context, "FetchArtifact");
    if (!admitted.ok()) {
      return Refusal<grpc::ServerWriteReactor<wire::FetchArtifactResponse>>::make(admitted);
    }
    const auto stream = std::make_shared<ArtifactStream>(edge_, request->digest());
    return Download<wire::FetchArtifactResponse>::start(
        edge_, work_budget(edge_),
        [stream](wire::FetchArtifactResponse* response) { return stream->next(response); });
  }

  grpc::ServerReadReactor<wire::UploadArtifactRequest>* UploadArtifact(
      CallbackServerContext* context, wire::UploadArtifactResponse*) override {
    const Status admitted = admit_to(context, "UploadArtifact");
    if (!admitted.ok()) {
      return Refusal<grpc::ServerReadReactor<wire::UploadArtifactRequest>>::make(admitted);
    }
    return Upload<wire::UploadArtifactRequest>::start(edge_, std::make_unique<ArtifactSink>(edge_));
  }

  ServerUnaryReactor* AppendLogs(CallbackServerContext* context,
                                 const wire::AppendLogsRequest* request,
                                 wire::AppendLogsResponse*) override {
    return serve_transfer(edge_, context, "/weir.worker.v1.WorkerProtocolService/AppendLogs",
                          [=, this] { return append_logs(edge_, *request); });
  }

 private:
  Status admit_to(CallbackServerContext* context, const char* method) {
    return admit(edge_, *context, std::string("/weir.worker.v1.WorkerProtocolService/") + method);
  }

  Edge& edge_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_worker_protocol_service(Edge& edge) {
  return std::make_unique<WorkerProtocolImpl>(edge);
}

}  // namespace weir::rpc

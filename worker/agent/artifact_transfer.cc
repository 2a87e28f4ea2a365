// Blocking streams on worker threads: simple, bounded by the number of threads, and off the
// session's connection. A stop cancels the call that a thread is in, so that joining never waits
// for a slow peer; so does giving up the one job.
#include "worker/agent/artifact_transfer.h"

#include <filesystem>
#include <random>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "worker/agent/blob_file.h"
#include "worker/executors/disk_reserve.h"

namespace weir::worker {
namespace {

namespace fs = std::filesystem;
using base::BootTime;
using base::Code;
using base::Digest;
using base::Status;

// A disk that is nearly full keeps its reserve: there may be room when it is tried again.
Status check_room(const std::string& directory, std::int64_t bytes) {
  if (room_beyond(directory, disk_reserve(directory)) >= bytes) return {};
  return Status(Code::kResourceExhausted, base::kErrDiskFull,
                "an input of " + std::to_string(bytes) + " bytes would leave the disk of " +
                    directory + " without its reserve; free space");
}

using UploadStream = grpc::ClientWriter<v1::UploadArtifactRequest>;

// Sends a file in chunks; `first` goes out with the first of them. False when the stream ended
// early.
base::Result<bool> send_file(UploadStream& stream, Watchdog::Call& call,
                             v1::UploadArtifactRequest first, const std::string& path) {
  // A stage may have put anything there: a pipe would be waited for.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT)
    return Status(Code::kNotFound, base::kErrArtifactMissing, "there is no file " + path);
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return errno_status("cannot open", path, errno);
  if (!S_ISREG(about.st_mode)) {
    return Status(Code::kDataLoss, base::kErrArtifactCorrupt, path + " is not a regular file");
  }
  for (bool begun = false;; begun = true) {
    std::string* chunk = first.mutable_chunk();
    chunk->resize(kTransferChunkBytes);
    ssize_t n = 0;
    do {
      n = ::read(file.get(), chunk->data(), chunk->size());
    } while (n < 0 && errno == EINTR);
    if (n < 0) return errno_status("cannot read", path, errno);
    if (n == 0 && begun) return true;
    chunk->resize(std::size_t(n));
    if (!stream.Write(first)) return false;
    call.moved();
    first.Clear();
  }
}

base::Result<bool> send_tree(UploadStream& stream, Watchdog::Call& call,
                             v1::UploadArtifactRequest first, const std::string& root) {
  auto files = list_tree(root);
  if (!files.ok()) return files.status();
  if (files->empty() && !stream.Write(first)) return false;
  for (const TreeFile& file : *files) {
    first.set_path(file.path);
    first.set_executable(file.executable);
    auto sent = send_file(stream, call, std::exchange(first, {}), file.absolute_path);
    if (!sent.ok() || !*sent) return sent;
  }
  return true;
}

}  // namespace

ArtifactTransfer::ArtifactTransfer(const Link& link, std::string directory, Mailbox& mailbox,
                                   Watchdog& watchdog, std::optional<StageUser> reader)
    : link_(link),
      directory_(std::move(directory)),
      reader_(std::move(reader)),
      mailbox_(mailbox),
      watchdog_(watchdog),
      line_(link) {
  for (int i = 0; i < kTransferThreads; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { work(stop); });
  }
}

ArtifactTransfer::~ArtifactTransfer() {
  for (std::jthread& thread : threads_) thread.request_stop();
  wake_.notify_all();
}

ArtifactTransfer::Id ArtifactTransfer::add(Job job) {
  const std::lock_guard lock(mutex_);
  const Id id = queue_.add();
  jobs_.emplace(id, std::make_shared<Job>(std::move(job)));
  wake_.notify_one();
  return id;
}

void ArtifactTransfer::fetch(const Digest& digest, Done done) {
  Job job;
  job.what = Job::Kind::kFetch;
  job.digest = digest;
  job.done = std::move(done);
  add(std::move(job));
}

ArtifactTransfer::Id ArtifactTransfer::upload(const Digest& digest, v1::ArtifactKind kind,
                                              std::int64_t size, std::string path, Done done) {
  Job job;
  job.what = Job::Kind::kUpload;
  job.digest = digest;
  job.kind = kind;
  job.size = size;
  job.path = std::move(path);
  job.done = std::move(done);
  return add(std::move(job));
}

void ArtifactTransfer::recheck(const Digest& digest) {
  Job job;
  job.what = Job::Kind::kRecheck;
  job.digest = digest;
  job.done = [](const Status&) {};
  add(std::move(job));
}

void ArtifactTransfer::cancel(Id id) {
  std::shared_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    job = std::move(found->second);
    jobs_.erase(found);
    queue_.cancel(id);
  }
  job->given_up.request_stop();  // it ends a call, which is nothing to do under a lock
}

// The next job when it is due; nothing when the transfer ends.
std::optional<ArtifactTransfer::Id> ArtifactTransfer::wait_for_job(
    std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const BootTime now = read_clock().boot;
    if (const auto id = queue_.take(now)) return id;
    const auto at = queue_.next_at();
    const auto changed = [this, at] { return queue_.next_at() != at; };
    if (at) {
      wake_.wait_for(lock, stop, *at - now, changed);
    } else {
      wake_.wait(lock, stop, changed);
    }
  }
  return std::nullopt;
}

void ArtifactTransfer::work(std::stop_token stop) {
  std::minstd_rand random(std::random_device{}());
  std::unique_lock lock(mutex_);
  while (const auto id = wait_for_job(lock, stop)) {
    const std::shared_ptr<Job> job = jobs_.at(*id);
    lock.unlock();
    Status status;
    {
      const std::stop_callback end(stop, [&job] { job->given_up.request_stop(); });
      status = try_once(*job, job->given_up.get_token());
    }
    lock.lock();
    if (stop.stop_requested()) return;
    // A result is worth waiting for; a fetch has another worker to fall back on.
    const bool again = job->what == Job::Kind::kUpload ||
                       (job->what == Job::Kind::kFetch && ++job->tries < kTransferTries);
    if (again && passing(status)) {
      const auto pause = job->backoff.next(std::uint32_t(random()) * 2u);
      queue_.retry(*id, read_clock().boot + pause);
      wake_.notify_one();
      continue;
    }
    if (!queue_.finish(*id)) continue;
    jobs_.erase(*id);
    mailbox_.post([done = std::move(job->done), status] { done(status); });
  }
}

Status ArtifactTransfer::try_once(const Job& job, std::stop_token stop) {
  switch (job.what) {
    case Job::Kind::kFetch:
      return fetch_now(job.digest, std::move(stop));
    case Job::Kind::kUpload:
      return upload_now(job, std::move(stop));
    case Job::Kind::kRecheck:
      return recheck_now(job.digest);
  }
  return {};
}

Status ArtifactTransfer::recheck_now(const Digest& digest) {
  const std::string place = base::blob_path(directory_, digest);
  std::error_code error;
  Digest found;
  if (fs::is_directory(place, error)) {
    const auto files = list_tree(place);
    std::vector<module::BundleEntry> entries;
    if (files.ok()) {
      for (const TreeFile& file : *files) {
        const auto one = file_digest(file.absolute_path);
        if (!one.ok()) return one.status();
        entries.push_back({file.path, *one, file.executable});
      }
      found = module::bundle_digest(entries);
    }
  } else {
    const auto whole = file_digest(place);
    if (!whole.ok()) return whole.status();
    found = *whole;
  }
  if (found == digest) return {};
  fs::remove_all(place, error);
  return error ? errno_status("cannot remove", place, error.value()) : Status();
}

Status ArtifactTransfer::fetch_now(const Digest& digest, std::stop_token stop) {
  const std::string place = base::blob_path(directory_, digest);
  if (fs::exists(place)) return {};
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++next_temporary_;
  }
  const std::string beside =
      directory_ + "/tmp/fetch-" + std::to_string(::getpid()) + "-" + std::to_string(number);
  const Status received = receive(digest, beside, stop);
  std::error_code error;
  if (!received.ok()) {
    fs::remove_all(beside, error);
    return received;
  }
  const std::string folder = fs::path(place).parent_path().string();
  if (Status status = make_directories(folder); !status.ok()) return status;
  if (reader_) {
    Status let = let_enter(folder, *reader_);
    if (let.ok()) let = let_read(beside, *reader_);
    if (!let.ok()) return let;
  }
  fs::rename(beside, place, error);
  if (error && !fs::exists(place)) return errno_status("cannot rename", beside, error.value());
  fs::remove_all(beside, error);  // another thread was faster
  return sync_directory(folder);
}

Status ArtifactTransfer::receive(const Digest& digest, const std::string& beside,
                                 std::stop_token stop) {
  grpc::ClientContext context;
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  if (Status status = link_.authorize(context); !status.ok()) return status;
  v1::FetchArtifactRequest request;
  request.set_digest(std::string(digest.raw()));
  const auto stub = line_.stub();
  const auto reader = stub->FetchArtifact(&context, request);
  v1::FetchArtifactResponse response;
  std::vector<module::BundleEntry> entries;
  std::optional<BlobFile> file;
  bool tree = false;
  Status status;
  const auto close = [&] {
    if (!file || !status.ok()) return;
    const auto done = file->finish();
    if (!done.ok()) status = done.status();
    if (done.ok()) entries.back().digest = *done;
    file.reset();
  };
  const auto open = [&](const std::string& path, bool executable) {
    close();
    if (!status.ok()) return;
    const std::string full = tree ? beside + "/" + path : beside;
    status = make_directories(fs::path(full).parent_path().string());
    if (!status.ok()) return;
    auto created = BlobFile::create(full, executable);
    if (!created.ok()) {
      status = created.status();
      return;
    }
    file = std::move(created).value();
    entries.push_back({path, {}, executable});
  };
  Watchdog::Call call(watchdog_, [&context] { context.TryCancel(); });
  for (bool first = true; status.ok() && reader->Read(&response); first = false) {
    call.moved();
    if (first) {
      tree = response.kind() == v1::ARTIFACT_KIND_TREE;
      status = check_room(directory_, response.size());
      if (status.ok() && tree) status = make_directories(beside);
      if (status.ok() && !tree) open("", false);
    }
    if (status.ok() && tree && !response.path().empty()) {
      if (!safe_relative_path(response.path())) {
        status = Status(Code::kDataLoss, base::kErrArtifactCorrupt,
                        "a path leaves the tree: " + response.path());
      } else {
        open(response.path(), response.executable());
      }
    }
    if (status.ok() && file) status = file->append(response.chunk());
  }
  if (!status.ok()) context.TryCancel();
  const Status ended = from_grpc(reader->Finish());
  if (call.stalled()) line_.renew();
  if (!status.ok()) return status;
  if (!ended.ok()) return ended;
  close();
  if (!status.ok()) return status;
  const Digest got = tree              ? module::bundle_digest(entries)
                     : entries.empty() ? Digest{}
                                       : entries[0].digest;
  if (got == digest) return {};
  return Status(Code::kDataLoss, base::kErrArtifactCorrupt,
                "the bytes of artifact " + digest.hex() +
                    " do not match it; they were changed on the scheduler's disk");
}

Status ArtifactTransfer::upload_now(const Job& job, std::stop_token stop) {
  grpc::ClientContext context;
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  if (Status status = link_.authorize(context); !status.ok()) return status;
  v1::UploadArtifactResponse response;
  const auto stub = line_.stub();
  Watchdog::Call call(watchdog_, [&context] { context.TryCancel(); });
  const auto stream = stub->UploadArtifact(&context, &response);
  v1::UploadArtifactRequest first;
  first.set_digest(std::string(job.digest.raw()));
  first.set_kind(job.kind);
  first.set_size(job.size);
  const bool tree = job.kind == v1::ARTIFACT_KIND_TREE;
  const auto sent = tree ? send_tree(*stream, call, std::move(first), job.path)
                         : send_file(*stream, call, std::move(first), job.path);
  if (!sent.ok()) {
    context.TryCancel();
    (void)stream->Finish();  // says no more than that we canceled it
    return sent.status();
  }
  // A stream that ended early says why, or that the scheduler has the bytes already.
  if (*sent) stream->WritesDone();
  const Status status = from_grpc(stream->Finish());
  if (call.stalled()) line_.renew();
  return status;
}

}  // namespace weir::worker

// Backups: see backup.h. A copy is made under a name of its own and gets its place when it is
// whole; the database that a restore replaces is kept beside. What is verified is the copy in the
// data directory, not the file that was named, which may lie on a disk that changes its mind.
#include "scheduler/store/backup.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <vector>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "engine/records.h"
#include "scheduler/store/data_directory.h"
#include "scheduler/store/file.h"
#include "scheduler/store/row_codec.h"
#include "scheduler/store/schema.h"
#include "scheduler/store/sqlite_store.h"

namespace weir::store {

namespace fs = std::filesystem;
using base::Code;
using base::Result;
using base::Status;

namespace {

constexpr std::int64_t kCopyBytes = 1 << 20;

// The paths, below the data directory, of every file that the database refers to.
Result<std::vector<std::string>> referenced_files(Connection& connection) {
  std::vector<std::string> paths;
  Result<Statement> values = connection.prepare(
      select_rows<engine::ArtifactRow>("WHERE bytes IS NULL AND kind<>'external' ORDER BY digest"));
  if (!values.ok()) return values.status();
  values->query();
  while (true) {
    Result<bool> more = values->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    engine::ArtifactRow row;
    if (decode(*values, row).ok()) paths.push_back(base::blob_path("artifacts", row.digest));
  }
  Result<Statement> modules = connection.prepare(select_rows<engine::ModuleRow>("ORDER BY digest"));
  if (!modules.ok()) return modules.status();
  modules->query();
  while (true) {
    Result<bool> more = modules->next();
    if (!more.ok()) return more.status();
    if (!*more) return paths;
    engine::ModuleRow row;
    if (!decode(*modules, row).ok()) continue;
    for (const engine::BundleFile& file : row.files) {
      paths.push_back(base::blob_path("modules", file.digest));
    }
  }
}

std::int64_t count_missing(const std::string& data_dir, const std::vector<std::string>& paths) {
  std::int64_t missing = 0;
  for (const std::string& path : paths) {
    struct stat info {};
    if (lstat((data_dir + "/" + path).c_str(), &info) != 0) ++missing;
  }
  return missing;
}

// Removes what was begun unless it has got its place.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) { remove(); }
  ~Draft() { remove(); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const std::string& path() const { return path_; }

  // Durable under its name; replaces what has it.
  Status publish(const std::string& target) {
    Result<Fd> fd = open_file(path_, O_RDONLY);
    if (!fd.ok()) return fd.status();
    sync_file(fd->get(), path_);
    if (rename(path_.c_str(), target.c_str()) != 0) {
      return errno_status(errno, "renaming to", target);
    }
    return sync_directory(fs::path(target).parent_path().string());
  }

 private:
  void remove() {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
      unlink((path_ + suffix).c_str());
    }
  }
  std::string path_;
};

Status copy_file(const std::string& from, const std::string& to) {
  Result<Fd> in = open_file(from, O_RDONLY);
  if (!in.ok()) return in.status();
  Result<Fd> out = open_file(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (!out.ok()) return out.status();
  for (std::int64_t offset = 0;;) {
    Result<std::string> chunk = read_at(in->get(), offset, kCopyBytes, from);
    if (!chunk.ok()) return chunk.status();
    if (chunk->empty()) return {};
    if (Status status = write_all(out->get(), *chunk, to); !status.ok()) return status;
    offset += static_cast<std::int64_t>(chunk->size());
  }
}

Status damaged(const std::string& backup, const std::string& what) {
  return {Code::kDataLoss, base::kErrStore,
          "the backup " + backup + " cannot be restored: " + what + "; take another one"};
}

Status check_integrity(Connection& connection, const std::string& backup) {
  Result<Statement> check = connection.prepare("PRAGMA integrity_check(1)");
  if (!check.ok()) return damaged(backup, check.status().message());
  check->query();
  Result<bool> row = check->next();
  if (!row.ok()) return damaged(backup, row.status().message());
  const std::string answer = *row ? std::string(check->text(0)) : std::string("no answer");
  return answer == "ok" ? Status() : damaged(backup, answer);
}

// The copy as a database that a scheduler may start on, under a generation of its own.
Status prepare_copy(const std::string& path, const std::string& backup, RestoreReport& report,
                    const std::string& data_dir) {
  Result<Connection> opened = Connection::open(path, OpenMode::kCreate);
  if (!opened.ok()) return damaged(backup, opened.status().message());
  Connection& connection = *opened;
  const Result<std::int64_t> id = connection.int64("PRAGMA application_id");
  if (!id.ok()) return damaged(backup, id.status().message());
  if (*id != kApplicationId) return damaged(backup, "it is no database of Weir");
  if (Status status = connection.exec("PRAGMA journal_mode=DELETE"); !status.ok()) return status;
  if (Status status = check_integrity(connection, backup); !status.ok()) return status;
  if (Status status = migrate(connection, migrations()); !status.ok()) return status;
  report.generation = fresh_generation();
  Result<Statement> set =
      connection.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES('store_generation', ?)");
  if (!set.ok()) return set.status();
  const Status changed = set->run(std::to_string(report.generation));
  if (!changed.ok()) return changed;
  const Result<std::int64_t> last = connection.int64("SELECT COALESCE(MAX(seq), 0) FROM events");
  if (!last.ok()) return last.status();
  report.last_seq = *last;
  const Result<std::vector<std::string>> files = referenced_files(connection);
  if (!files.ok()) return files.status();
  report.files = static_cast<std::int64_t>(files->size());
  report.missing = count_missing(data_dir, *files);
  return {};
}

// Gives the present database a second name, so that the rename over the first one loses nothing.
// What its WAL holds is taken in before; where that fails it is damaged, and its WAL goes along.
Status keep_present(const std::string& database, std::string& replaced) {
  struct stat info {};
  // An empty file is no database: the directory makes one where there was none.
  if (lstat(database.c_str(), &info) != 0 || info.st_size == 0) return {};
  {
    Result<Connection> present = Connection::open(database, OpenMode::kCreate);
    if (present.ok()) {
      const Status merged = present->exec("PRAGMA wal_checkpoint(TRUNCATE)");
      static_cast<void>(merged);  // it is being replaced, perhaps because of just that
    }
  }
  replaced = database + ".replaced";
  for (const char* suffix : {"", "-wal", "-shm"}) unlink((replaced + suffix).c_str());
  if (link(database.c_str(), replaced.c_str()) != 0) {
    return errno_status(errno, "keeping the present database as", replaced);
  }
  const std::string wal = database + "-wal";
  if (rename(wal.c_str(), (replaced + "-wal").c_str()) != 0 && errno != ENOENT) {
    return errno_status(errno, "keeping", wal);
  }
  unlink((database + "-shm").c_str());
  return {};
}

}  // namespace

Result<BackupReport> back_up(const std::string& data_dir, const std::string& target) {
  const std::string database = data_dir + "/weir.db";
  for (const std::string& path : {target, target + ".files"}) {
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) continue;
    return Status(Code::kAlreadyExists, base::kErrUsage,
                  path + " exists; name another file or move it away");
  }
  if (access(database.c_str(), R_OK) != 0) {
    return Status(errno == ENOENT ? Code::kNotFound : Code::kPermissionDenied,
                  base::kErrDataDirUnwritable,
                  "there is no database to read in " + data_dir +
                      "; name the scheduler's data directory with --data");
  }
  Draft draft(target + ".partial");
  {
    // A reader's connection: it neither writes nor checkpoints, so a scheduler may be at work.
    Result<Connection> connection = Connection::open(database, OpenMode::kReadOnly);
    if (!connection.ok()) return connection.status();
    Result<Statement> copy = connection->prepare("VACUUM INTO ?");
    if (!copy.ok()) return copy.status();
    if (Status status = copy->run(draft.path()); !status.ok()) return status;
  }
  if (chmod(draft.path().c_str(), 0600) != 0) {
    return errno_status(errno, "protecting", draft.path());
  }
  BackupReport report;
  std::string list;
  {
    Result<Connection> copy = Connection::open(draft.path(), OpenMode::kReadOnly);
    if (!copy.ok()) return copy.status();
    Result<std::int64_t> last = copy->int64("SELECT COALESCE(MAX(seq), 0) FROM events");
    if (!last.ok()) return last.status();
    report.last_seq = *last;
    Result<std::vector<std::string>> files = referenced_files(*copy);
    if (!files.ok()) return files.status();
    report.files = static_cast<std::int64_t>(files->size());
    report.missing = count_missing(data_dir, *files);
    for (const std::string& path : *files) list += path + "\n";
  }
  std::error_code error;
  report.bytes = static_cast<std::int64_t>(fs::file_size(draft.path(), error));
  report.file_list = target + ".files";
  if (Status status = replace_file(report.file_list, list, 0600); !status.ok()) return status;
  if (Status status = draft.publish(target); !status.ok()) return status;
  return report;
}

Result<RestoreReport> restore_backup(const std::string& backup, const std::string& data_dir) {
  if (access(backup.c_str(), R_OK) != 0) {
    return errno_status(errno, "reading the backup", backup);
  }
  // Its lock is held to the end.
  Result<std::unique_ptr<DataDirectory>> opened = DataDirectory::open(data_dir);
  if (!opened.ok()) return opened.status();
  const DataDirectory& directory = **opened;
  RestoreReport report;
  Draft draft(directory.database() + ".restoring");
  Status status = copy_file(backup, draft.path());
  if (status.ok()) status = prepare_copy(draft.path(), backup, report, directory.path());
  if (status.ok()) status = keep_present(directory.database(), report.replaced);
  if (status.ok()) status = draft.publish(directory.database());
  if (!status.ok()) return status;
  return report;
}

}  // namespace weir::store

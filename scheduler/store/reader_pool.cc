// The pool of readers: see reader_pool.h. All connections are opened at the start, so that
// borrowing one never opens a file; who finds none waits, for a bounded time. query_only makes sure
// that a reader cannot write.
#include "scheduler/store/reader_pool.h"

#include "base/errors.h"

namespace weir::store {

using base::Result;
using base::Status;

Result<std::unique_ptr<ReaderPool>> ReaderPool::open(const std::string& path, int size) {
  auto pool = std::make_unique<ReaderPool>(Private{});
  for (int i = 0; i < size; ++i) {
    Result<Connection> connection = Connection::open(path, OpenMode::kReadOnly);
    if (!connection.ok()) return connection.status();
    auto pooled = std::make_unique<PooledConnection>();
    pooled->connection = std::move(connection).value();
    if (Status status = pooled->connection.exec("PRAGMA query_only=1; PRAGMA cache_size=-4096;");
        !status.ok()) {
      return status;
    }
    pool->free_.push_back(std::move(pooled));
  }
  return pool;
}

Result<ReaderPool::Lease> ReaderPool::borrow() {
  std::unique_lock lock(mutex_);
  const auto until = std::chrono::system_clock::now() + kBorrowWait;
  while (free_.empty()) {
    if (freed_.wait_until(lock, until) == std::cv_status::timeout && free_.empty()) {
      return Status(base::Code::kResourceExhausted, base::kErrQueueFull,
                    "all connections for reading are busy; try again");
    }
  }
  std::unique_ptr<PooledConnection> taken = std::move(free_.back());
  free_.pop_back();
  return Lease(this, std::move(taken));
}

void ReaderPool::give_back(std::unique_ptr<PooledConnection> connection) {
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

ReaderPool::Lease::~Lease() {
  if (held_ == nullptr) return;
  // An open read would pin the WAL for as long as the connection lies in the pool.
  for (auto& [sql, statement] : held_->statements) statement.reset();
  pool_->give_back(std::move(held_));
}

Result<Statement*> ReaderPool::Lease::statement(const std::string& sql) {
  const auto found = held_->statements.find(sql);
  if (found != held_->statements.end()) return &found->second;
  Result<Statement> prepared = held_->connection.prepare(sql);
  if (!prepared.ok()) return prepared.status();
  // The texts are few by construction; the limit keeps a mistake from growing without bound.
  if (held_->statements.size() >= kCachedStatementsMax) held_->statements.clear();
  return &held_->statements.emplace(sql, std::move(prepared).value()).first->second;
}

}  // namespace weir::store

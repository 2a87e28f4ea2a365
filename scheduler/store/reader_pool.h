// A bounded pool of read-only connections with their cached statements. Safe from any thread; a
// lease belongs to the thread that took it, for one short read, and must end before the pool.
// Borrowing may block up to kBorrowWait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "scheduler/store/sqlite.h"

namespace weir::store {

inline constexpr auto kBorrowWait = std::chrono::seconds(2);
inline constexpr std::size_t kCachedStatementsMax = 64;  // per connection

struct PooledConnection {
  Connection connection;
  std::unordered_map<std::string, Statement> statements;
};

class ReaderPool {
  struct Private {  // only open() makes pools
    explicit Private() = default;
  };

 public:
  // Returns its connection to the pool when it ends.
  class Lease {
   public:
    Lease(ReaderPool* pool, std::unique_ptr<PooledConnection> held)
        : pool_(pool), held_(std::move(held)) {}
    ~Lease();
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;

    // The cached statement of that text, ready to be bound; valid as long as the lease.
    base::Result<Statement*> statement(const std::string& sql);
    Connection& connection() { return held_->connection; }

   private:
    ReaderPool* pool_;
    std::unique_ptr<PooledConnection> held_;
  };

  explicit ReaderPool(Private) {}
  static base::Result<std::unique_ptr<ReaderPool>> open(const std::string& path, int size);

  // RESOURCE_EXHAUSTED when none is free within kBorrowWait.
  base::Result<Lease> borrow();

 private:
  void give_back(std::unique_ptr<PooledConnection> connection);

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<PooledConnection>> free_;  // guarded by mutex_
};

}  // namespace weir::store

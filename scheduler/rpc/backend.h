// What every service of the API shares: the ports into the scheduler, the pools and the caches.
// Made by Server, lives as long as it, and is safe from any thread. Holds no
// rule of its own.
#pragma once

#include <atomic>
#include <mutex>
#include <string>

#include "scheduler/access/browser_passes.h"
#include "scheduler/ports/blobs.h"
#include "scheduler/ports/inbox.h"
#include "scheduler/ports/logs.h"
#include "scheduler/ports/reader.h"
#include "scheduler/rpc/catalog.h"
#include "scheduler/rpc/health_source.h"
#include "scheduler/rpc/inline_cache.h"
#include "scheduler/rpc/limits.h"
#include "scheduler/rpc/server.h"
#include "scheduler/rpc/session/sessions.h"
#include "scheduler/rpc/watchers.h"
#include "scheduler/rpc/work_pool.h"

namespace weir::rpc {

struct Backend {
  Backend(const ServerOptions& server_options, const Ports& ports, Sessions& session_registry,
          Watchers& watcher_hub)
      : options(server_options),
        inbox(*ports.inbox),
        reader(*ports.reader),
        artifacts(*ports.artifacts),
        modules(*ports.modules),
        logs(*ports.logs),
        health(*ports.health),
        browsers(*ports.browsers),
        sessions(session_registry),
        watchers(watcher_hub),
        catalog(reader),
        reads("read", kReadThreads, kReadQueueMax),
        transfers("transfer", kTransferThreads, kTransfersMax) {}

  struct Addresses {
    std::string grpc;  // bound, port included
    std::string http;
  };
  Addresses addresses() const {
    const std::lock_guard lock(addresses_mutex);
    return addresses_value;
  }

  const ServerOptions options;
  ports::Inbox& inbox;
  ports::Reader& reader;
  ports::BlobStore& artifacts;
  ports::BlobStore& modules;
  ports::LogStore& logs;
  HealthSource& health;
  access::BrowserPasses& browsers;
  Sessions& sessions;
  Watchers& watchers;
  Catalog catalog;
  std::atomic<int> transfers_open{0};  // of workers and of those who register
  std::atomic<int> value_reads_open{0};
  std::atomic<int> sessions_open{0};
  mutable std::mutex addresses_mutex;
  Addresses addresses_value;  // known only once the sockets are bound; guarded by addresses_mutex
  WorkPool reads;             // last: their work uses everything above
  WorkPool transfers;         // files: slow disks must not hold up reads
};

}  // namespace weir::rpc

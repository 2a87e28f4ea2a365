// What a stage may be given besides its inputs: weir::Context& as its first parameter. And
// weir::Start, which the maker of a resource is given. A Context may be used from every thread that
// the stage starts, until the stage returns.
#pragma once

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "impl/context_host.h"
#include "verdict.h"

namespace weir {

// Metadata, log, progress, cancellation, scratch space and ids of one attempt.
class Context {
 public:
  // For tests that call a stage directly: log lines go to stderr, scratch() is a folder that the
  // destructor removes.
  Context();
  explicit Context(impl::ContextHost& host);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Metadata of the stage's first asset, kept with its materialization and plotted over time. The
  // last value of a name counts. `value` is a number, a text, a truth value, a duration, a
  // weir::ByteCount or a weir::Url.
  template <class V>
  void meta(std::string name, V&& value) {
    add_meta({}, Meta(std::move(name), std::forward<V>(value)));
  }
  // The same of one of several assets, by its name.
  template <class V>
  void asset_meta(std::string_view asset, std::string name, V&& value) {
    add_meta(asset, Meta(std::move(name), std::forward<V>(value)));
  }

  // Lines of the structured log: ctx.info("page loaded", {{"rows", n}, {"url", weir::Url{u}}}).
  void info(std::string_view text, std::initializer_list<Meta> fields = {});
  void warn(std::string_view text, std::initializer_list<Meta> fields = {});
  void error(std::string_view text, std::initializer_list<Meta> fields = {});

  // How far the stage is, shown beside its task: `done` of `total` units of work, 0 where the total
  // is not known, and what it is at: ctx.progress(3, 10, "epoch 3 of 10"). For inner loops, too:
  // only the newest word is sent, a few times a second, and the last one always. Less than nothing
  // counts as nothing, more than all as all; a message is one line of up to 200 bytes of UTF-8, and
  // is made one where it is not.
  void progress(std::int64_t done, std::int64_t total = 0, std::string_view message = {});
  // The same as a share of the work from 0 to 1; NaN where it is not known.
  template <std::floating_point Share>
  void progress(Share share, std::string_view message = {}) {
    tell_progress(static_cast<double>(share), message);
  }
  // Units are counted in whole numbers.
  template <std::floating_point Done, class Total>
  requires std::is_arithmetic_v<Total>
  void progress(Done done, Total total, std::string_view message = {}) = delete;

  // Whether the attempt's result is no longer wanted: return soon. Cheap enough for inner loops.
  bool canceled() const;

  // An empty folder of this attempt's own, removed after it. Files to be returned are written here.
  const std::filesystem::path& scratch() const;

  const std::string& run() const;   // id of the run
  const std::string& job() const;   // empty when a selection was run
  const std::string& task() const;  // name of the task
  int attempt() const;              // from 1

  // The same in every attempt at this task of this run, and in no other: for requests to systems
  // that deduplicate.
  std::string idempotency_key() const;
  // Grows with every attempt at the task: for systems that can refuse writers that have been
  // replaced.
  std::int64_t epoch() const;

 private:
  void add_meta(std::string_view asset, Meta entry);
  void tell_progress(double share, std::string_view message);

  std::unique_ptr<impl::ContextHost> own_;  // of the default constructor only
  impl::ContextHost* host_;
};

// Given to the maker of a resource, once per executor.
class Start {
 public:
  // A secret: "dsn" is WEIR_SECRET_DSN in the environment of `weir up`, of `weir worker` or of the
  // program itself. The environment of stages does not show it. Throws weir::Failure (permanent)
  // when it is not set.
  std::string secret(std::string_view name) const;
  // The same; nothing when it is not set.
  std::optional<std::string> find_secret(std::string_view name) const;
};

}  // namespace weir

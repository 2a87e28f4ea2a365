// weir::Context over its host, the host of a Context that a test makes, and weir::Start.
// Every call is forwarded; thread safety is that of the host.
// Secrets are read when a resource is made.
#include "weir/context.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <system_error>
#include <utility>
#include <vector>
#include <unistd.h>

#include "base/secrets.h"
#include "sdk/src/metadata.h"
#include "sdk/src/secrets.h"
#include "weir/values.h"

namespace weir {
namespace {

// A folder below the temporary directory that nobody else has.
std::filesystem::path make_scratch() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "cannot create " + pattern);
  }
  return pattern;
}

// What a default-constructed Context stands on: one attempt that nobody asked for. Keeps nothing
// but its folder.
class DetachedHost final : public impl::ContextHost {
 public:
  DetachedHost() {
    attempt_.run = "test";
    attempt_.task = "test";
    attempt_.scratch = make_scratch();
  }
  ~DetachedHost() override {
    std::error_code ignored;  // a folder that stays behind harms nobody
    std::filesystem::remove_all(attempt_.scratch, ignored);
  }
  const impl::AttemptInfo& attempt() const override { return attempt_; }
  void meta(std::string_view, Meta) override {}
  void log(impl::LogLevel level, std::string_view text, std::vector<Meta>) override {
    std::fprintf(stderr, "%s %.*s\n", sdk_impl::level_word(level).data(),
                 static_cast<int>(text.size()), text.data());
  }
  void progress(const impl::ProgressWord&) override {}
  bool canceled() const override { return false; }

 private:
  impl::AttemptInfo attempt_;
};

}  // namespace

Context::Context() : own_(std::make_unique<DetachedHost>()), host_(own_.get()) {}
Context::Context(impl::ContextHost& host) : host_(&host) {}
Context::~Context() = default;

void Context::add_meta(std::string_view asset, Meta entry) { host_->meta(asset, std::move(entry)); }

void Context::info(std::string_view text, std::initializer_list<Meta> fields) {
  host_->log(impl::LogLevel::kInfo, text, fields);
}
void Context::warn(std::string_view text, std::initializer_list<Meta> fields) {
  host_->log(impl::LogLevel::kWarn, text, fields);
}
void Context::error(std::string_view text, std::initializer_list<Meta> fields) {
  host_->log(impl::LogLevel::kError, text, fields);
}

void Context::progress(std::int64_t done, std::int64_t total, std::string_view message) {
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total)
                                 : std::numeric_limits<double>::quiet_NaN();
  host_->progress({share, true, done, total, message});
}
void Context::tell_progress(double share, std::string_view message) {
  host_->progress({share, false, 0, 0, message});
}
bool Context::canceled() const { return host_->canceled(); }

// Made when it is first wanted: most attempts never do.
const std::filesystem::path& Context::scratch() const {
  const std::filesystem::path& path = host_->attempt().scratch;
  std::filesystem::create_directories(path);
  return path;
}

const std::string& Context::run() const { return host_->attempt().run; }
const std::string& Context::job() const { return host_->attempt().job; }
const std::string& Context::task() const { return host_->attempt().task; }
int Context::attempt() const { return host_->attempt().attempt; }
std::string Context::idempotency_key() const { return run() + "/" + task(); }
std::int64_t Context::epoch() const { return host_->attempt().epoch; }

std::optional<std::string> Start::find_secret(std::string_view name) const {
  return sdk_impl::find_secret(base::secret_variable(name));
}

std::string Start::secret(std::string_view name) const {
  std::optional<std::string> value = find_secret(name);
  if (!value) {
    throw permanent(
        "the secret '" + std::string(name) + "' is not there: set " + base::secret_variable(name) +
        (sdk_impl::secrets_are_of_worker() ? " in the environment of `weir up` or `weir worker`"
                                           : ""));
  }
  return *std::move(value);
}

}  // namespace weir

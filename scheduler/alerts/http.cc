// Requests by libcurl's easy interface, one handle each; see the header.
// Any thread; a transfer that is to stop ends when libcurl next reports its progress, which is once
// a second at least. Of an answer only its number and where it redirects are looked at.
#include "scheduler/alerts/http.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>

#include <curl/curl.h>

#include "base/errors.h"

namespace weir::alerts {
namespace {

using base::Code;
using base::Status;

constexpr int kRedirectsMax = 3;
constexpr long kConnectMs = 5'000;
constexpr std::size_t kAnswerBytesMax = 256u << 10;  // headers and body

struct Freed {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, Freed>;
using List = std::unique_ptr<curl_slist, Freed>;

Handle new_handle() {
  static std::once_flag begun;
  std::call_once(begun, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return Handle(curl_easy_init());
}

List list_of(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) {
    curl_slist* longer = curl_slist_append(list.get(), text.c_str());
    if (longer == nullptr) return nullptr;
    if (longer != list.get()) list.reset(longer);
  }
  return list;
}

// What is answered is not ours to keep, nor to read for as long as somebody likes to send it.
std::size_t drop(char*, std::size_t size, std::size_t count, void* taken) {
  std::size_t& bytes = *static_cast<std::size_t*>(taken);
  bytes += size * count;
  return bytes > kAnswerBytesMax ? CURL_WRITEFUNC_ERROR : size * count;
}

int look_for_stop(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

struct Upload {
  std::string_view left;
};
std::size_t read_upload(char* out, std::size_t size, std::size_t count, void* upload) {
  std::string_view& left = static_cast<Upload*>(upload)->left;
  const std::size_t taken = std::min(left.size(), size * count);
  std::memcpy(out, left.data(), taken);
  left.remove_prefix(taken);
  return taken;
}

void set_limits(CURL* curl, std::chrono::milliseconds timeout, std::stop_token& stop) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min(kConnectMs, static_cast<long>(timeout.count())));
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
}

// `bytes` counts, and outlives the transfer.
void take_answer(CURL* curl, std::size_t& bytes) {
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, drop);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &bytes);
}

Status no_memory() { return {Code::kUnavailable, base::kErrInternal, "libcurl has no memory"}; }

Status failed(const std::string& where, CURLcode code) {
  switch (code) {
    case CURLE_OK:
      return {};
    case CURLE_ABORTED_BY_CALLBACK:
      return {Code::kCanceled, base::kErrShuttingDown, "the scheduler stops"};
    case CURLE_OPERATION_TIMEDOUT:
      return {Code::kDeadlineExceeded, base::kErrTimedOut, where + " did not answer in time"};
    case CURLE_WRITE_ERROR:
      return {Code::kUnavailable, base::kErrUnreachable,
              where + " answered more than anybody reads"};
    default:
      return {Code::kUnavailable, base::kErrUnreachable, where + ": " + curl_easy_strerror(code)};
  }
}

// One request; `redirect` is where the answer sends it, empty when it does not.
Status post_once(const PostPlan& plan, const std::string& url, std::string& redirect) {
  const Handle handle = new_handle();
  const List headers = list_of(plan.headers);
  if (handle == nullptr || (headers == nullptr && !plan.headers.empty())) return no_memory();
  CURL* curl = handle.get();
  std::stop_token stop = plan.stop;
  std::size_t answered = 0;
  set_limits(curl, plan.timeout, stop);
  take_answer(curl, answered);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, plan.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(plan.body.size()));
  if (Status status = failed(origin_of(url), curl_easy_perform(curl)); !status.ok()) return status;
  long answer = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
  if (answer >= 200 && answer < 300) return {};
  const char* to = nullptr;
  curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &to);
  if (to != nullptr) redirect = to;
  return {Code::kUnavailable, base::kErrUnreachable,
          origin_of(url) + " answered " + std::to_string(answer)};
}

}  // namespace

std::string origin_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "the address";
  const std::size_t host = scheme + 3;
  std::string_view authority = url.substr(host, url.find_first_of("/?#", host) - host);
  const std::size_t user = authority.rfind('@');
  if (user != std::string_view::npos) authority.remove_prefix(user + 1);
  return std::string(url.substr(0, host)).append(authority);
}

Status post(const PostPlan& plan) {
  std::string url = plan.url;
  for (int followed = 0;; ++followed) {
    std::string redirect;
    Status status = post_once(plan, url, redirect);
    if (status.ok() || redirect.empty()) return status;
    if (origin_of(redirect) != origin_of(plan.url)) {
      return {Code::kUnavailable, base::kErrUnreachable,
              origin_of(plan.url) + " redirects to another host, " + origin_of(redirect) +
                  ", which is not followed: give its address instead"};
    }
    if (followed == kRedirectsMax) {
      return {
          Code::kUnavailable, base::kErrUnreachable,
          origin_of(plan.url) + " redirects more than " + std::to_string(kRedirectsMax) + " times"};
    }
    url = std::move(redirect);
  }
}

Status send_mail(const MailPlan& plan) {
  const Handle handle = new_handle();
  const List to = list_of(plan.to);
  if (handle == nullptr || to == nullptr) return no_memory();
  CURL* curl = handle.get();
  std::stop_token stop = plan.stop;
  Upload upload{plan.message};
  std::size_t answered = 0;
  set_limits(curl, plan.timeout, stop);
  take_answer(curl, answered);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_URL, plan.server.c_str());
  curl_easy_setopt(curl, CURLOPT_USE_SSL,
                   static_cast<long>(plan.needs_tls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  if (!plan.user.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, plan.user.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, plan.password.c_str());
  }
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, plan.from.c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to.get());
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_upload);
  curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  return failed(origin_of(plan.server), curl_easy_perform(curl));
}

}  // namespace weir::alerts

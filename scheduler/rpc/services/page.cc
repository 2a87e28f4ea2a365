// Page tokens of answers that are computed as a whole: "DIGEST.ROW", where the next page begins in
// which answer. Pure functions, safe from any thread; a token comes from outside and is only
// compared.
#include "scheduler/rpc/services/page.h"

#include <array>

#include "base/text.h"
#include "scheduler/ports/page_token.h"

namespace weir::rpc {
namespace {

constexpr std::size_t kDigestCharacters = 16;  // of the answer's digest: told apart, not proven

std::string digest_part(const base::Digest& answer) {
  return answer.hex().substr(0, kDigestCharacters);
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of(base::kHexDigits) == std::string_view::npos;
}

}  // namespace

base::Result<std::size_t> answer_begin(const std::string& token, const base::Digest& answer,
                                       std::size_t rows) {
  if (token.empty()) return std::size_t{0};
  const std::string_view text = token;
  std::array<std::int64_t, 1> row{};
  if (text.size() <= kDigestCharacters || text[kDigestCharacters] != '.' ||
      !is_hex(text.substr(0, kDigestCharacters)) ||
      !ports::parse_page_token(text.substr(kDigestCharacters + 1), row) || row[0] < 0) {
    return ports::bad_page_token(token);
  }
  if (!text.starts_with(digest_part(answer))) {
    return base::Status(base::Code::kFailedPrecondition, base::kErrPageStale,
                        "what is listed has changed since the page before, or another request was "
                        "made with its token; start again from the first page");
  }
  const auto begin = static_cast<std::size_t>(row[0]);
  if (begin > rows) return ports::bad_page_token(token);
  return begin;
}

std::string answer_token(const base::Digest& answer, std::size_t row) {
  return digest_part(answer) + "." + std::to_string(row);
}

}  // namespace weir::rpc

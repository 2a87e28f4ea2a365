// Two passes of SHA-256 over the key, padded to a block, and the text; see the header. Keys longer
// than a block are hashed first, as the RFC has it.
// Any thread; keeps no state and no copy of the key.
#include "base/hmac.h"

#include <string>

namespace weir::base {
namespace {

constexpr std::size_t kHmacBlockBytes = 64;

Digest hash_of(std::string_view first, std::string_view second) {
  Sha256 hash;
  hash.update(first);
  hash.update(second);
  return hash.finish();
}

}  // namespace

Digest hmac_sha256(std::string_view key, std::string_view text) {
  std::string padded(key);
  if (padded.size() > kHmacBlockBytes) padded = std::string(sha256(key).raw());
  padded.resize(kHmacBlockBytes, '\0');
  std::string inner = padded;
  for (char& byte : inner) byte = static_cast<char>(byte ^ 0x36);
  std::string outer = padded;
  for (char& byte : outer) byte = static_cast<char>(byte ^ 0x5c);
  return hash_of(outer, hash_of(inner, text).raw());
}

}  // namespace weir::base

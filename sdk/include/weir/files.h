// Values with a meaning of their own: bytes, JSON, files and trees that are handed over by path,
// and data that lives elsewhere. Plain values: no thread affinity.
// Copying a File or Tree copies the path, not the data.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

// Any bytes. Shown as base64.
using Bytes = std::vector<std::byte>;

// One file. Weir keeps its bytes in the artifact store and hands them over by path, never loaded; a
// stage returns a File that it wrote below ctx.scratch(). As an input the file is read-only and
// stays for the attempt. A File is a value of its own, never a field of another one.
struct File {
  std::filesystem::path path;
};

// A folder with everything in it: a checkpoint, a sharded table. Regular files and folders only.
// Otherwise as File.
struct Tree {
  std::filesystem::path path;
};

// Data that Weir does not hold: a table, a bucket. `version` is the data version, in the author's
// words: the same uri and version mean the same data.
struct External {
  std::string uri;
  std::string version;
  friend bool operator==(const External&, const External&) = default;
};

// A JSON document as text, without spaces, numbers and members as they were given. Weir brings no
// document model into a stage: parse text() with the library you use anyway.
class Json {
 public:
  Json() = default;  // null
  // Throws weir::Failure (permanent) with line and column when `text` is not one JSON document.
  static Json parse(std::string_view text);
  // Nothing instead of an exception.
  static std::optional<Json> try_parse(std::string_view text);
  const std::string& text() const { return text_; }
  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::string text_ = "null";
};

}  // namespace weir

// The selection language: a recursive-descent parser that evaluates as it goes, each node of the
// grammar a bitmap over the graph. Its text comes from people, so depth and length are bounded and
// every error points at a column. Pure: keeps nothing between calls.
#include "engine/plan/selection.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <optional>
#include <utility>

#include "base/errors.h"
#include "base/names.h"

namespace weir::engine {
namespace {

using base::Code;
using base::Status;
using Set = std::vector<bool>;

constexpr int kAllLevels = std::numeric_limits<int>::max();
constexpr int kDepthMax = 100;  // of parentheses and nots
constexpr const char* kMethods =
    "the names of assets and tasks, where * stands for any characters, +x (with all upstream), 2+x "
    "(two levels), x+ (downstream), @x (downstream, and what that needs), and, or, not and ( )";

bool name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/' || c == '*';
}

class Parser {
 public:
  Parser(const Graph& graph, std::string_view text) : graph_(graph), text_(text) {}

  base::Result<Set> parse() {
    skip_space();
    if (at_ == text_.size()) return syntax_error("the selection is empty; `*` selects everything");
    Set set = parse_or(0);
    if (error_.ok() && at_ != text_.size()) fail("unexpected '" + std::string(1, text_[at_]) + "'");
    if (!error_.ok()) return error_;
    return set;
  }

 private:
  Status syntax_error(const std::string& what) const {
    return Status(Code::kInvalidArgument, base::kErrSelection,
                  "selection, column " + std::to_string(at_ + 1) + ": " + what + "\n  " +
                      std::string(text_) + "\n  " + std::string(at_, ' ') + "^");
  }
  void fail(const std::string& what) {
    if (error_.ok()) error_ = syntax_error(what);
  }
  void skip_space() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    skip_space();
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    const std::size_t end = at_ + word.size();
    if (end < text_.size() && name_char(text_[end])) return false;
    at_ = end;
    skip_space();
    return true;
  }

  Set parse_or(int depth) {
    Set set = parse_and(depth);
    while (error_.ok() && (take_word("or") || take(','))) {
      const Set other = parse_and(depth);
      for (std::size_t i = 0; i < other.size() && i < set.size(); ++i) set[i] = set[i] || other[i];
    }
    return set;
  }
  Set parse_and(int depth) {
    Set set = parse_not(depth);
    while (error_.ok() && take_word("and")) {
      const Set other = parse_not(depth);
      for (std::size_t i = 0; i < other.size() && i < set.size(); ++i) set[i] = set[i] && other[i];
    }
    return set;
  }
  Set parse_not(int depth) {
    if (depth > kDepthMax) {
      fail("nested too deeply");
      return {};
    }
    if (take_word("not")) {
      Set set = parse_not(depth + 1);
      set.flip();
      return set;
    }
    if (take('(')) {
      Set set = parse_or(depth + 1);
      if (error_.ok() && !take(')')) fail("a ')' is missing");
      return set;
    }
    return parse_term();
  }

  // [N]+name+[N] or @name
  Set parse_term() {
    const bool related = take('@');
    const int up = related ? 0 : parse_prefix();
    const std::size_t begin = at_;
    while (at_ < text_.size() && name_char(text_[at_])) ++at_;
    const std::string_view pattern = text_.substr(begin, at_ - begin);
    if (pattern.empty()) {
      fail(at_ == text_.size() ? "a name is missing" : "a name was expected");
      return {};
    }
    if (at_ < text_.size() && text_[at_] == ':') {
      const std::string method(text_.substr(begin, at_ + 1 - begin));
      at_ = begin;
      fail("there is no method '" + method + "'; tasks are selected by " + kMethods);
      return {};
    }
    const Set named = find(pattern, begin);
    if (!error_.ok()) return {};
    const int down = related ? 0 : parse_suffix();
    skip_space();
    if (related)
      return walk(walk(named, kAllLevels, &GraphNode::children), kAllLevels, &GraphNode::parents);
    Set set = walk(named, up, &GraphNode::parents);
    const Set below = walk(named, down, &GraphNode::children);
    for (std::size_t i = 0; i < set.size(); ++i) set[i] = set[i] || below[i];
    return set;
  }

  // "+" or "2+" before a name: how many levels up. A name never begins with a digit.
  int parse_prefix() {
    const auto levels = parse_number();
    if (at_ < text_.size() && text_[at_] == '+') {
      ++at_;
      return levels.value_or(kAllLevels);
    }
    if (levels) fail("a number of levels is followed by '+', as in 2+name");
    return 0;
  }
  int parse_suffix() {
    if (at_ >= text_.size() || text_[at_] != '+') return 0;
    ++at_;
    return parse_number().value_or(kAllLevels);
  }
  std::optional<int> parse_number() {
    int value = 0;
    const std::size_t begin = at_;
    while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) {
      value = std::min(value * 10 + (text_[at_++] - '0'), 1'000'000);
    }
    if (at_ == begin) return std::nullopt;
    return value;
  }

  Set find(std::string_view pattern, std::size_t column) {
    Set set(graph_.size(), false);
    bool any = false;
    for (std::size_t i = 0; i < graph_.size(); ++i) {
      for (const auto name : graph_[i].names) {
        if (matches_pattern(pattern, name)) set[i] = any = true;
      }
    }
    if (!any) unknown_name(pattern, column);
    return set;
  }

  void unknown_name(std::string_view pattern, std::size_t column) {
    std::vector<std::string> known;
    for (const auto& node : graph_) known.insert(known.end(), node.names.begin(), node.names.end());
    at_ = column;
    const Status place = syntax_error("no asset or task is named '" + std::string(pattern) + "'." +
                                      base::did_you_mean(pattern, known));
    if (error_.ok()) error_ = Status(Code::kNotFound, base::kErrUnknownAsset, place.message());
  }

  Set walk(const Set& from, int levels, std::vector<std::int32_t> GraphNode::*next) const {
    Set seen = from;
    std::vector<std::int32_t> front;
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (from[i]) front.push_back(std::int32_t(i));
    }
    for (int level = 0; level < levels && !front.empty(); ++level) {
      std::vector<std::int32_t> reached;
      for (const auto node : front) {
        for (const auto neighbour : graph_[std::size_t(node)].*next) {
          if (seen[std::size_t(neighbour)]) continue;
          seen[std::size_t(neighbour)] = true;
          reached.push_back(neighbour);
        }
      }
      front = std::move(reached);
    }
    return seen;
  }

  const Graph& graph_;
  const std::string_view text_;
  std::size_t at_ = 0;
  Status error_;
};

}  // namespace

// Linear in practice: the last star is the only one that is tried again.
bool matches_pattern(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

base::Result<std::vector<bool>> select(const Graph& graph, std::string_view expression) {
  if (expression.size() > kSelectionBytesMax) {
    return Status(Code::kInvalidArgument, base::kErrLimit,
                  "the selection is longer than " + std::to_string(kSelectionBytesMax) + " bytes");
  }
  return Parser(graph, expression).parse();
}

}  // namespace weir::engine

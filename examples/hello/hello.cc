// The first pipeline: three assets, wired by their types. `./hello run` computes them here and now,
// `weir register hello` hands them to a scheduler.
// The README shows this file as it stands; a test holds the two together.
#include <algorithm>
#include <map>
#include <sstream>
#include <string>

#include <weir/weir.h>

using Counts = std::map<std::string, int>;

std::string text() { return "the stream finds the weir and the weir holds the stream"; }

Counts count(weir::Context& ctx, const std::string& text) {
  Counts counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  ctx.meta("different_words", counts.size());
  return counts;
}
bool some(const Counts& counts) { return !counts.empty(); }

std::string most_frequent(const Counts& counts) {
  const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
  return std::max_element(counts.begin(), counts.end(), less)->first;
}

int main(int argc, char** argv) {
  weir::Pipeline p("hello");
  auto words = p.asset("text", text);
  auto counts = p.asset("counts", count, words).check("some", some, weir::blocking);
  p.job("all", weir::upstream_of(p.asset("most_frequent", most_frequent, counts)));
  return weir::main(p, argc, argv);
}

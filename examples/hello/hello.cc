// The first pipeline: three assets, wired by their types. `./hello run` computes them here and now;
// `weir register hello` hands them to a scheduler.
// The README shows this file as it stands; a test holds the two together.
#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <weir/weir.h>

using Counts = std::map<std::string, int>;

std::string text() { return "the stream finds the weir and the weir holds the stream"; }

Counts count(weir::Context& ctx, const std::string& text) {
  Counts counts;
  std::istringstream words(text);
  for (std::string word; words >> word;) ++counts[word];
  ctx.meta("words", counts.size());
  return counts;
}

bool not_empty(const Counts& counts) { return !counts.empty(); }

std::string most_frequent(const Counts& counts) {
  return std::max_element(counts.begin(), counts.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

int main(int argc, char** argv) {
  weir::Pipeline p("hello");
  auto words = p.asset("text", text);
  auto counts = p.asset("counts", count, words).check("not_empty", not_empty, weir::blocking);
  p.asset("most_frequent", most_frequent, counts);
  p.job("all", "*");
  return weir::main(p, argc, argv);
}

// What a layout takes: graphs of 1,000 and 10,000 nodes with one and a half edges a node, new ones
// and such as have grown by a node.
// One thread; the making of the graph is not measured.
#include <random>

#include <benchmark/benchmark.h>

#include "layout/layout.h"

namespace weir::layout {
namespace {

Graph make_graph(int nodes, int layers) {
  std::mt19937_64 random(1);
  Graph graph;
  const int width = nodes / layers;
  for (int i = 0; i < nodes; ++i) {
    graph.nodes.push_back({"n" + std::to_string(i), ""});
    if (i < width) continue;
    for (int edges = 1 + int(random() % 2); edges > 0; --edges) {
      graph.edges.push_back({i - 1 - int(random() % std::uint64_t(std::min(i, 2 * width))), i});
    }
  }
  return graph;
}

void lay_out_anew(benchmark::State& state) {
  const Graph graph = make_graph(int(state.range(0)), int(state.range(1)));
  for (auto _ : state) benchmark::DoNotOptimize(lay_out(graph));
}
BENCHMARK(lay_out_anew)
    ->Args({1'000, 20})
    ->Args({10'000, 20})
    ->Args({10'000, 100})
    ->Args({10'000, 1'000})
    ->Unit(benchmark::kMillisecond);

void lay_out_grown(benchmark::State& state) {
  Graph graph = make_graph(int(state.range(0)), 20);
  const Places before = places_of(graph, lay_out(graph));
  graph.nodes.push_back({"new", ""});
  graph.edges.push_back({17, int(state.range(0))});
  for (auto _ : state) benchmark::DoNotOptimize(lay_out(graph, before));
}
BENCHMARK(lay_out_grown)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::layout

BENCHMARK_MAIN();

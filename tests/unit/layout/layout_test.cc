// The rules of a layout over graphs of many shapes: edges go right, nothing overlaps, groups are
// bands, the same graph is laid out alike and one that has grown by a node nearly so. From fixed
// seeds.
// Each test stands alone.
#include "layout/layout.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "layout/layers.h"
#include "layout/order.h"

namespace weir::layout {
namespace {

using Random = std::mt19937_64;

int below(Random& random, int n) { return int(random() % std::uint64_t(n)); }

void join(Graph& graph, int from, int to) { graph.edges.push_back({from, to}); }

// So many nodes in layers, most edges between adjacent ones, one and a half a node.
Graph layered(int nodes, int layers, int groups, std::uint64_t seed) {
  Random random(seed);
  Graph graph;
  const int width = std::max(1, nodes / layers);
  for (int i = 0; i < nodes; ++i) {
    graph.nodes.push_back(
        {"n" + std::to_string(i), groups == 0 ? "" : "g" + std::to_string(below(random, groups))});
    if (i < width) continue;
    for (int edges = 1 + below(random, 2); edges > 0; --edges) {
      const int from = i - 1 - below(random, std::min(i, 2 * width));
      join(graph, from, i);
    }
  }
  return graph;
}

bool overlap(const Point& a, const Point& b) {
  return std::abs(a.x - b.x) < kNodeWidth && std::abs(a.y - b.y) < kNodeHeight;
}

// By columns, from top to bottom.
std::map<int, std::vector<int>> columns_of(const Layout& layout) {
  std::map<int, std::vector<int>> columns;
  for (int i = 0; i < std::ssize(layout.nodes); ++i) {
    columns[layout.nodes[std::size_t(i)].x].push_back(i);
  }
  for (auto& [x, nodes] : columns) {
    std::sort(nodes.begin(), nodes.end(), [&](int a, int b) {
      return layout.nodes[std::size_t(a)].y < layout.nodes[std::size_t(b)].y;
    });
  }
  return columns;
}

void expect_well_formed(const Graph& graph, const Layout& layout) {
  ASSERT_EQ(layout.nodes.size(), graph.nodes.size());
  ASSERT_EQ(layout.bends.size(), graph.edges.size());
  for (const auto& [x, nodes] : columns_of(layout)) {
    for (std::size_t i = 1; i < nodes.size(); ++i) {
      ASSERT_FALSE(
          overlap(layout.nodes[std::size_t(nodes[i - 1])], layout.nodes[std::size_t(nodes[i])]))
          << nodes[i - 1] << " " << nodes[i];
    }
  }
  std::map<std::string, const Band*> bands;
  int bottom = 0;
  for (const Band& band : layout.bands) {
    EXPECT_TRUE(bands.emplace(band.group, &band).second) << band.group;
    EXPECT_GE(band.at.y, bottom);
    bottom = band.at.y + band.height;
    EXPECT_LE(band.at.x + band.width, layout.width);
  }
  EXPECT_EQ(bottom, layout.height);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Band& band = *bands.at(graph.nodes[i].group);
    const Point& at = layout.nodes[i];
    ASSERT_TRUE(at.x >= band.at.x && at.x + kNodeWidth <= band.at.x + band.width) << i;
    ASSERT_TRUE(at.y >= band.at.y && at.y + kNodeHeight <= band.at.y + band.height) << i;
  }
}

void expect_edges_go_right(const Graph& graph, const Layout& layout) {
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    int x = layout.nodes[std::size_t(graph.edges[i].from)].x + kNodeWidth;
    for (const Point& bend : layout.bends[i]) {
      ASSERT_GT(bend.x, x);
      x = bend.x;
    }
    ASSERT_GT(layout.nodes[std::size_t(graph.edges[i].to)].x, x);
  }
}

TEST(Layout, NothingIsLaidOutAsNothing) {
  const Layout layout = lay_out({});
  EXPECT_TRUE(layout.nodes.empty() && layout.bands.empty());
  EXPECT_EQ(layout.width, 0);
  EXPECT_EQ(layout.height, 0);
}

TEST(Layout, AChainIsALine) {
  Graph graph;
  for (int i = 0; i < 5; ++i) {
    graph.nodes.push_back({"n" + std::to_string(i), "chain"});
    if (i > 0) join(graph, i - 1, i);
  }
  const Layout layout = lay_out(graph);
  for (int i = 0; i < 5; ++i) {
    const Point expected{kBandPadding + i * (kNodeWidth + kColumnGap), kBandPadding + kBandHead};
    EXPECT_EQ(layout.nodes[std::size_t(i)], expected);
  }
}

TEST(Layout, EdgesGoRightAndNothingOverlaps) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const Graph graph =
        layered(1 + below(random, 300), 1 + below(random, 12), below(random, 6), seed);
    const Layout layout = lay_out(graph);
    expect_well_formed(graph, layout);
    expect_edges_go_right(graph, layout);
  }
}

// A long edge goes round what stands between its ends: at each bend there is room for it.
TEST(Layout, EdgesPassNodesBy) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Graph graph = layered(120, 8, 0, seed);
    const Layout layout = lay_out(graph);
    for (const auto& bends : layout.bends) {
      for (const Point& bend : bends) {
        for (const Point& node : layout.nodes) {
          const bool above_or_below = bend.y < node.y || bend.y > node.y + kNodeHeight;
          ASSERT_TRUE(node.x + kNodeWidth / 2 != bend.x || above_or_below) << seed;
        }
      }
    }
  }
}

TEST(Layout, TreesHaveNoCrossings) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    Graph graph;
    for (int i = 0; i < 200; ++i) {
      graph.nodes.push_back({"n" + std::to_string(i), ""});
      if (i > 0) join(graph, below(random, i), i);
    }
    EXPECT_EQ(lay_out(graph).crossings, 0) << seed;
  }
}

// ---- crossings ----

std::int64_t counted_by_hand(const Layers& layers) {
  std::int64_t crossings = 0;
  for (std::size_t rank = 0; rank + 1 < layers.order.size(); ++rank) {
    const auto& right = layers.order[rank + 1];
    const auto place = [&](int item) {
      return std::find(right.begin(), right.end(), item) - right.begin();
    };
    const auto& left = layers.order[rank];
    for (std::size_t a = 0; a < left.size(); ++a) {
      for (std::size_t b = a + 1; b < left.size(); ++b) {
        for (const int of_a : layers.right.of(left[a])) {
          for (const int of_b : layers.right.of(left[b])) crossings += place(of_a) > place(of_b);
        }
      }
    }
  }
  return crossings;
}

Layers all_layers_of(const Graph& graph) {
  std::vector<std::int32_t> nodes(graph.nodes.size()), edges(graph.edges.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) nodes[i] = std::int32_t(i);
  for (std::size_t i = 0; i < edges.size(); ++i) edges[i] = std::int32_t(i);
  return layers_of(graph, ranks_of(graph), nodes, edges);
}

TEST(Order, CrossingsAreThosePairsOfEdgesThatCross) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Layers layers = all_layers_of(layered(60, 5, 0, seed));
    EXPECT_EQ(crossings_of(layers), counted_by_hand(layers)) << seed;
    const auto left = order_layers(layers, std::vector<std::optional<double>>(layers.items.size()));
    EXPECT_EQ(left, counted_by_hand(layers)) << seed;
  }
}

// The least that any order of two layers has, by trying all.
std::int64_t least_crossings(Layers layers) {
  std::int64_t least = crossings_of(layers);
  for (auto& layer : layers.order) std::sort(layer.begin(), layer.end());
  do {
    do {
      least = std::min(least, crossings_of(layers));
    } while (std::next_permutation(layers.order[1].begin(), layers.order[1].end()));
  } while (std::next_permutation(layers.order[0].begin(), layers.order[0].end()));
  return least;
}

TEST(Order, TwoLayersAreNearTheBestOrder) {
  std::int64_t found = 0, least = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    Graph graph;
    for (int i = 0; i < 10; ++i) graph.nodes.push_back({"n" + std::to_string(i), ""});
    for (int i = 0; i < 5; ++i) {
      join(graph, i, 5 + below(random, 5));
      join(graph, below(random, 5), 5 + i);
    }
    Layers layers = all_layers_of(graph);
    ASSERT_EQ(layers.order.size(), 2u);
    least += least_crossings(layers);
    found += order_layers(layers, std::vector<std::optional<double>>(layers.items.size()));
  }
  EXPECT_GT(least, 0);
  EXPECT_LE(double(found), 1.1 * double(least)) << found << " of at least " << least;
}

// ---- the same again ----

TEST(Layout, TheSameGraphIsLaidOutAlike) {
  const Graph graph = layered(400, 10, 4, 7);
  const Layout once = lay_out(graph), again = lay_out(graph);
  EXPECT_EQ(once.nodes, again.nodes);
  EXPECT_EQ(once.bends, again.bends);
  const Layout after = lay_out(graph, places_of(graph, once));
  EXPECT_EQ(after.nodes, once.nodes);
  EXPECT_EQ(after.bends, once.bends);
}

// Of nodes that share a column before and after, pairs that have changed sides.
int turned(const Layout& before, const Layout& after) {
  int turned = 0;
  for (const auto& [x, nodes] : columns_of(before)) {
    for (std::size_t a = 0; a < nodes.size(); ++a) {
      for (std::size_t b = a + 1; b < nodes.size(); ++b) {
        const Point& of_a = after.nodes[std::size_t(nodes[a])];
        const Point& of_b = after.nodes[std::size_t(nodes[b])];
        turned += of_a.x == of_b.x && of_a.y > of_b.y;
      }
    }
  }
  return turned;
}

TEST(Layout, AGraphThatGrowsByANodeKeepsItsOrder) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    Graph graph = layered(200, 8, int(seed % 4), seed);
    const Layout before = lay_out(graph);
    Graph grown = graph;
    grown.nodes.push_back({"new", graph.nodes[std::size_t(below(random, 200))].group});
    join(grown, below(random, 200), 200);
    if (seed % 2 == 0) grown.nodes.back().group = "a group of its own";
    const Layout after = lay_out(grown, places_of(graph, before));
    expect_well_formed(grown, after);
    expect_edges_go_right(grown, after);
    EXPECT_EQ(turned(before, after), 0);
    std::vector<std::string> bands;
    for (const Band& band : after.bands) {
      if (band.group != "a group of its own") bands.push_back(band.group);
    }
    ASSERT_EQ(bands.size(), before.bands.size());
    for (std::size_t i = 0; i < bands.size(); ++i) EXPECT_EQ(bands[i], before.bands[i].group);
  }
}

TEST(Layout, GroupsWithEdgesBetweenThemStandTogether) {
  Graph graph;
  for (const char* group : {"a", "b", "c", "d", "e", "f"}) {
    graph.nodes.push_back({std::string(group) + "1", group});
    graph.nodes.push_back({std::string(group) + "2", group});
    join(graph, int(graph.nodes.size()) - 2, int(graph.nodes.size()) - 1);
  }
  join(graph, 1, 10);  // a to f
  join(graph, 3, 8);   // b to e
  const Layout layout = lay_out(graph);
  const auto place = [&](const std::string& group) {
    const auto found = std::find_if(layout.bands.begin(), layout.bands.end(),
                                    [&](const Band& band) { return band.group == group; });
    return int(found - layout.bands.begin());
  };
  EXPECT_EQ(std::abs(place("a") - place("f")), 1);
  EXPECT_EQ(std::abs(place("b") - place("e")), 1);
}

// ---- odd graphs ----

TEST(Layout, CirclesAndLoopsAreDrawnAllTheSame) {
  Graph graph;
  for (int i = 0; i < 6; ++i) {
    graph.nodes.push_back({"n" + std::to_string(i), ""});
    join(graph, i, (i + 1) % 6);
  }
  join(graph, 2, 2);
  join(graph, 0, 1);  // twice
  const Layout layout = lay_out(graph);
  expect_well_formed(graph, layout);
  EXPECT_EQ(layout.bends[5].size(), 0u);  // the one that closes the circle goes back
}

TEST(Layout, NodesWithoutEdgesStandInRows) {
  Graph graph;
  for (int i = 0; i < 1'000; ++i) graph.nodes.push_back({"n" + std::to_string(i), "many"});
  const Layout layout = lay_out(graph);
  expect_well_formed(graph, layout);
  EXPECT_LT(layout.height, 2 * layout.width);
  EXPECT_LT(layout.width, 3 * layout.height);
}

// An edge to the end from each node of a long chain has bends enough to fill the memory.
TEST(Layout, AVeryLongChainIsLaidOut) {
  Graph graph;
  for (int i = 0; i < 30'000; ++i) {
    graph.nodes.push_back({"n" + std::to_string(i), ""});
    if (i > 0) join(graph, i - 1, i);
    if (i < 29'998) join(graph, i, 29'999);
  }
  const Layout layout = lay_out(graph);
  ASSERT_EQ(layout.nodes.size(), 30'000u);
  std::size_t bends = 0;
  for (const auto& of_edge : layout.bends) bends += of_edge.size();
  EXPECT_LE(bends, 200'000u);
}

// ---- groups that are folded ----

TEST(Fold, AGroupBecomesOneNodeWithTheEdgesOfAll) {
  Graph graph;
  graph.nodes = {{"a", "x"}, {"b", "x"}, {"c", "y"}, {"d", ""}};
  graph.edges = {{0, 1}, {0, 2}, {1, 2}, {2, 3}};
  const Folded folded = fold(graph, {"x", "none"});
  ASSERT_EQ(folded.graph.nodes.size(), 3u);
  EXPECT_EQ(folded.graph.nodes[0].name, "x");
  EXPECT_EQ(folded.graph.nodes[0].group, "");
  EXPECT_EQ(folded.node_of, (std::vector<std::int32_t>{0, 0, 1, 2}));
  EXPECT_EQ(folded.graph.edges, (std::vector<Edge>{{0, 1}, {1, 2}}));
}

TEST(Fold, TwoGroupsThatNeedEachOtherAreDrawn) {
  Graph graph;
  graph.nodes = {{"a", "x"}, {"b", "y"}, {"c", "x"}};
  graph.edges = {{0, 1}, {1, 2}};
  const Folded folded = fold(graph, {"x", "y"});
  const Layout layout = lay_out(folded.graph);
  expect_well_formed(folded.graph, layout);
  EXPECT_NE(layout.nodes[0].x, layout.nodes[1].x);
}

}  // namespace
}  // namespace weir::layout

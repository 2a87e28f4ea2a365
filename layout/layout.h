// Where the nodes of a graph are drawn: in columns from left to right, each node right of all that
// it is made of, with few crossings and short edges; each group a band of its own, one below the
// other. The same graph is always laid out alike; one that has changed a little is laid out like
// the one before, when that is given.
// Pure, safe from any thread; 10,000 nodes take a tenth of a second.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "layout/graph.h"

namespace weir::layout {

// All lengths are in pixels at a zoom of 1.
inline constexpr std::int32_t kNodeWidth = 132;
inline constexpr std::int32_t kNodeHeight = 44;
inline constexpr std::int32_t kColumnGap = 32;  // between nodes of adjacent columns
inline constexpr std::int32_t kRowGap = 24;     // between nodes of one column
inline constexpr std::int32_t kBendGap = 12;    // around an edge that passes between them
inline constexpr std::int32_t kBandPadding = 12;
inline constexpr std::int32_t kBandHead = 20;  // for the name of the group
inline constexpr std::int32_t kBandGap = 32;

struct Point {
  std::int32_t x = 0, y = 0;

  friend bool operator==(const Point&, const Point&) = default;
};

struct Band {
  std::string group;
  Point at;  // its upper left corner
  std::int32_t width = 0, height = 0;
};

struct Layout {
  std::vector<Point> nodes;               // the upper left corner of each
  std::vector<std::vector<Point>> bends;  // of each edge: what it passes on its way, often nothing
  std::vector<Band> bands;                // from top to bottom, also that of no group
  std::int32_t width = 0, height = 0;
  std::int64_t crossings = 0;  // of edges within the bands
};

// Where nodes were drawn before, by name.
using Places = std::map<std::string, Point, std::less<>>;
Places places_of(const Graph& graph, const Layout& layout);

// An edge that closes a circle is drawn, but has no say. With `before`, nodes of one column that
// were there keep their order, and so do groups, unless another has far fewer crossings.
Layout lay_out(const Graph& graph, const Places& before = {});

}  // namespace weir::layout

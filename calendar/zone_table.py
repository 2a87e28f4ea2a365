#!/usr/bin/env python3
# Writes the table of time zone names that the compiler checks literals with, from the system's
# tzdata. Run it when tzdata has a new zone; calendar_test says when that is.
"""usage: calendar/zone_table.py > sdk/include/weir/impl/cron/zone_names.h"""

import sys
import textwrap

TZDATA = "/usr/share/zoneinfo/tzdata.zi"
COLUMNS = 93

HEAD = """\
// The names of all time zones, links such as US/Eastern included: tzdata {version}. Committed, so
// that a module compiles alike wherever it is built; calendar/zone_table.py writes it, and a test
// compares it with the system's tables. In the order of bytes, one blank between two.
#pragma once

#include <cstddef>
#include <string_view>

namespace weir::calendar {{

// clang-format off
inline constexpr char kZoneNames[] =
{lines};
// clang-format on

// One literal is cheaper to include than 600; so the search goes over its bytes.
constexpr bool is_zone_name(std::string_view name) {{
  constexpr std::string_view kAll(kZoneNames, sizeof kZoneNames - 1);
  std::size_t low = 0;
  std::size_t high = kAll.size();
  while (low < high) {{
    std::size_t begin = low + (high - low) / 2;
    while (begin > low && kAll[begin - 1] != ' ') --begin;
    std::size_t end = begin;
    while (end < high && kAll[end] != ' ') ++end;
    const int order = name.compare(kAll.substr(begin, end - begin));
    if (order == 0) return true;
    if (order < 0) {{
      high = begin;
    }} else {{
      low = end + 1;
    }}
  }}
  return false;
}}

}}  // namespace weir::calendar
"""


def main():
    names = set()
    version = "of an unknown version"
    with open(TZDATA, encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if line.startswith("# version"):
                version = words[2]
            elif words and words[0] == "Z":
                names.add(words[1])
            elif words and words[0] == "L":
                names.add(words[2])
    names.discard("Factory")  # stands for a machine that was never set up
    if not names:
        sys.exit(f"{TZDATA} names no zone")
    lines = textwrap.wrap(" ".join(sorted(names)), COLUMNS, break_on_hyphens=False)
    texts = [f'    "{line} "' for line in lines[:-1]] + [f'    "{lines[-1]}"']
    print(HEAD.format(version=version, lines="\n".join(texts)), end="")


if __name__ == "__main__":
    main()

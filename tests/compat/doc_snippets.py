#!/usr/bin/env python3
# The C++ in README.md and docs/*.md compiles as it stands. doc_snippets.py REPOSITORY FOLDER
# COMPILER: each block becomes a function of its own in the namespace of its page, behind what
# docs/PAGE.inc beside this file declares of the stages that the page speaks of; the macro SCOPE
# there is what stands in the function before the block. A page with C++ and without such a file is
# an error: none goes unread.
import os
import re
import subprocess
import sys


def blocks_of(page):
    """(line, text) of each block that is no program of its own; those are built elsewhere."""
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for match in re.finditer(r"^```cpp\n(.*?)^```", text, re.S | re.M):
        if "int main(" in match.group(1):
            continue
        yield text.count("\n", 0, match.start(1)) + 1, match.group(1)


def program_of(repository):
    pages = ["README.md"] + [f"docs/{name}" for name in
                             sorted(os.listdir(os.path.join(repository, "docs")))]
    preambles = os.path.join(os.path.dirname(os.path.abspath(__file__)), "docs")
    parts = ['#include "weir/weir.h"\n']
    for page in (page for page in pages if page.endswith(".md")):
        blocks = list(blocks_of(os.path.join(repository, page)))
        if not blocks:
            continue
        name = os.path.basename(page)[:-3]
        preamble = os.path.join(preambles, name + ".inc")
        if not os.path.exists(preamble):
            sys.exit(f"{page} has C++, and no {preamble} declares what it speaks of")
        parts.append(f'namespace docs_{name} {{\n#include "{preamble}"\n')
        for line, block in blocks:
            parts.append(f"void at_line_{line}(weir::Pipeline& p) {{\nSCOPE\n"
                         f'#line {line} "{page}"\n{block}}}\n')
        parts.append("#undef SCOPE\n}\n")
    if len(parts) == 1:
        sys.exit("no page has C++ in it: is it marked as cpp?")
    return "".join(parts)


def main(repository, folder, compiler):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "doc_snippets.cc")
    with open(path, "w", encoding="utf-8") as file:
        file.write(program_of(repository))
    return subprocess.call([compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                            "-I", os.path.join(repository, "sdk", "include"), path])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
# Holds the documents to the tree: the pipeline that the README shows is examples/hello/hello.cc to
# the letter, and every file they link to and every limit they name exists. Ends in
# `N passed, M failed`.
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "deploy/systemd/README.md", "docs/alerts.md",
             "docs/architecture.md", "docs/glossary.md", "docs/semantics.md",
             "docs/value_format.md"]
README_LINES_MAX = 150


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def first_pipeline():
    shown = re.findall(r"```cpp\n(.*?)```", read("README.md"), re.S)
    if shown[:1] != [read("examples/hello/hello.cc")]:
        return "README.md: its pipeline differs from examples/hello/hello.cc; copy that file in"
    return ""


def length():
    lines = read("README.md").count("\n")
    return "" if lines <= README_LINES_MAX else f"README.md: {lines} lines; move detail to docs/"


def links(name):
    folder = os.path.dirname(name)
    for target in re.findall(r"\]\(([^)#:\s]+)\)", read(name)):
        if not os.path.exists(os.path.join(ROOT, folder, target)):
            return f"{name}: links to {target}, which does not exist"
    return ""


def limits():
    """Each row of the table of limits names constants that stand in the file it names."""
    for line in read("docs/architecture.md").split("\n"):
        row = re.fullmatch(r"\| (`.*`) \| .* \| `([\w/]+\.h)` \|", line)
        for name in re.findall(r"`(\w+)`", row.group(1)) if row else []:
            if not re.search(rf"\b{name}\b", read(row.group(2))):
                return f"docs/architecture.md: {row.group(2)} has no {name}"
    return ""


def main():
    problems = [first_pipeline(), length(), limits()] + [links(name) for name in DOCUMENTS]
    for problem in filter(None, problems):
        print(problem)
    failed = len([p for p in problems if p])
    print(f"{len(problems) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

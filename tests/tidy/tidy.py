#!/usr/bin/env python3
# The house style as a test: shapes, include directions, banned constructs, dead files. Prints each
# violation as `file:line: rule: what to do` and ends in one line `N passed, M failed`, counting
# rules. `tidy.py [ROOT]` judges the repository that holds it; exit 1 when a rule is broken.
import os
import sys

import rules_banned
import rules_shape
import rules_structure
from finding import Finding, apply_waivers
from tree import Tree

RULE_FUNCTIONS = rules_shape.RULES + rules_structure.RULES + rules_banned.RULES
RULE_NAMES = sorted(
    [pattern[0] for pattern in rules_banned.PATTERNS]
    + [f.__name__.replace("_", "-") for f in rules_shape.RULES + rules_structure.RULES]
    + ["catch-all", "swallowed-error", "unfinished", "dead-code", "workplace", "waiver"])


def check(tree):
    """All findings of a tree, in order of file and line."""
    by_file = {}
    for rule in RULE_FUNCTIONS:
        for finding in rule(tree):
            by_file.setdefault(finding.name, []).append(finding)
    findings = []
    for source in tree.cpp():
        findings += apply_waivers(by_file.pop(source.path, []), source)
    for rest in by_file.values():
        findings += rest
    return sorted(findings, key=lambda f: (f.name, f.line, f.rule))


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(here))
    findings = check(Tree(root))
    for finding in findings:
        print(finding)
    broken = {finding.rule for finding in findings}
    unknown = broken - set(RULE_NAMES)
    if unknown:
        print(Finding("tests/tidy/tidy.py", 1, "unknown-rule", f"list {sorted(unknown)}"))
        broken |= unknown
    print(f"{len(RULE_NAMES) - len(broken)} passed, {len(broken)} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

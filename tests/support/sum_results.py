#!/usr/bin/env python3
# Adds up what `./dev test` ran: one JUnit file of ctest per preset, and plain logs of steps. Cases
# are counted inside each program (GoogleTest's summary, or a script's `N passed, M failed`). A
# program that ended badly without saying which case failed counts as one failure, and so does a
# step that left no result at all. Prints failures by name and ends in `N passed, M failed`.
import re
import sys
import xml.etree.ElementTree as ElementTree

_SCRIPT = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$", re.M)
_RAN = re.compile(r"^\[=+\] (\d+) tests? from \d+ test (?:suites?|cases?) ran", re.M)
_PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?\.", re.M)
_FAILED = re.compile(r"^\[  FAILED  \] (\d+) tests?, listed below", re.M)
_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) tests?, listed below", re.M)
_FAILED_NAME = re.compile(r"^\[  FAILED  \] (\S+?)(?:,.*)?$", re.M)


def count(output):
    """(passed, failed, skipped, names of failed cases) that a program's output states."""
    if _RAN.search(output):
        first = lambda pattern: sum(int(m) for m in pattern.findall(output))
        names = sorted({n for n in _FAILED_NAME.findall(output) if "." in n})
        return first(_PASSED), first(_FAILED), first(_SKIPPED), names
    found = _SCRIPT.findall(output)
    if found:
        passed, failed, skipped = found[-1]
        return int(passed), int(failed), int(skipped or 0), []
    return 0, 0, 0, []


def add_junit(path, label):
    """Totals of one ctest run, and a line for each program that failed."""
    totals, lines = [0, 0, 0], []
    cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    for case in cases:
        output = case.findtext("system-out") or ""
        passed, failed, skipped, names = count(output)
        good = case.get("status") == "run"
        if not good and failed == 0:
            failed = 1
            reason = case.find("failure")
            what = reason.get("message") if reason is not None else case.get("status")
            lines.append(f"FAILED {label}/{case.get('name')}: the program failed: {what}")
        elif failed:
            lines.append(f"FAILED {label}/{case.get('name')}: " + (", ".join(names) or "see above"))
        elif passed + skipped == 0:
            passed = 1
        totals = [totals[0] + passed, totals[1] + failed, totals[2] + skipped]
    if not cases:
        totals[1] += 1
        lines.append(f"FAILED {label}: no test was found")
    return totals, lines


def add_step(text, label):
    """A step that is no ctest run: `ok`, or what went wrong."""
    if text.strip() == "ok":
        return [1, 0, 0], []
    return [0, 1, 0], [f"FAILED {label}: {text.strip()}"]


def main():
    totals, lines = [0, 0, 0], []
    for argument in sys.argv[1:]:
        label, path = argument.split("=", 1)
        try:
            if path.endswith(".xml"):
                more, said = add_junit(path, label)
            else:
                with open(path, encoding="utf-8") as file:
                    more, said = add_step(file.read(), label)
        except (OSError, ElementTree.ParseError) as error:
            more, said = [0, 1, 0], [f"FAILED {label}: no result: {error}"]
        print(f"{label:>16}  {more[0]} passed, {more[1]} failed"
              + (f" ({more[2]} skipped)" if more[2] else ""))
        totals = [a + b for a, b in zip(totals, more)]
        lines += said
    print("\n".join(lines))
    print(f"{totals[0]} passed, {totals[1]} failed")
    return 1 if totals[1] else 0


if __name__ == "__main__":
    sys.exit(main())

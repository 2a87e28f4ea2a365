# One violation, how it is printed, and the waivers that silence one. A waiver stands on the line
# or the line above as `tidy:allow(rule): reason`; one without a reason, or one that silences
# nothing, is itself a violation, so that waivers cannot pile up unseen.
import re

_WAIVER = re.compile(r"tidy:allow\(([a-z-]+)\)(:?)\s*(.*)")


class Finding:
    """A rule broken at a place, with what to do about it."""

    def __init__(self, name, line, rule, advice):
        self.name = name
        self.line = line
        self.rule = rule
        self.advice = advice

    def __str__(self):
        return f"{self.name}:{self.line}: {self.rule}: {self.advice}"


def apply_waivers(findings, source):
    """The findings of one C++ file that no waiver covers, plus what is wrong with its waivers."""
    waivers = {}
    left = []
    for line, comment in source.comments.items():
        match = _WAIVER.search(comment)
        if match:
            waivers[line] = [match.group(1), bool(match.group(2) and match.group(3).strip()), False]
    for finding in findings:
        for line in (finding.line, finding.line - 1):
            if line in waivers and waivers[line][0] == finding.rule:
                waivers[line][2] = True
                break
        else:
            left.append(finding)
    for line, (rule, reasoned, used) in sorted(waivers.items()):
        if not reasoned:
            left.append(Finding(source.path, line, "waiver", "say why after 'tidy:allow(rule):'"))
        elif not used:
            left.append(Finding(source.path, line, "waiver",
                                f"nothing here breaks '{rule}'; delete the waiver"))
    return left

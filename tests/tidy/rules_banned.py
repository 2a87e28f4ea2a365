# Constructs that the house does not use, each with what to write in its place. They are searched
# in code without comments and literals, so that a sentence about `delete` is not a violation;
# the exceptions are stated beside each pattern.
import re

from finding import Finding

_SLEEP = r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(|(?<![\w:.>])sleep\s*\("
_CLOCK = r"\b(?:system_clock|steady_clock|high_resolution_clock)::now\b|\bclock_gettime\s*\("

# rule, pattern, where it applies (path, is_header) -> bool, advice
PATTERNS = [
    ("using-namespace", r"\busing\s+namespace\b", lambda p, h: h, "name what you use"),
    ("raw-new", r"(?<!operator )\bnew\b(?!\s*\()", lambda p, h: True,
     "use std::make_unique or a value"),
    ("raw-delete", r"(?<!= )(?<!=)(?<!operator )\bdelete\b(?!\s*[;,)])|\bdelete\s+this\b",
     lambda p, h: True, "let an owner destroy it"),
    ("std-thread", r"\bstd::thread\b(?!::)", lambda p, h: True, "use std::jthread"),
    ("sleep", _SLEEP, lambda p, h: not p.startswith("tests/support/"),
     "wait for the event itself, with a deadline"),
    ("stdout", r"\bstd::cout\b|(?<![\w.>])(?:std::)?printf\s*\(|(?<![\w.>])(?:std::)?puts\s*\(",
     lambda p, h: not p.startswith(("cli/", "tests/", "examples/")),
     "only the command line prints; return text"),
    ("assert", r"(?<![\w.:])assert\s*\(|#\s*include\s*<cassert>", lambda p, h: True,
     "use CHECK, it stays on in release"),
    ("if-zero", r"^\s*#\s*if\s+0\b", lambda p, h: True, "delete dead code"),
    ("clang-14", r"\bstd::views::|\bstd::source_location\b|\bstd::ranges::views\b",
     lambda p, h: True, "clang 14 tools cannot parse it; write a loop"),
    ("real-clock", _CLOCK, lambda p, h: p.startswith(("tests/unit/", "tests/scenarios/")),
     "a unit test gets its time as a value"),
    ("engine-pure", r"#\s*include\s*<(?:thread|mutex|shared_mutex|atomic|condition_variable|random"
     r"|iostream|fstream|filesystem|cstdio|ctime|unistd\.h|sys/[^>]*)>|" + _CLOCK,
     lambda p, h: p.startswith("engine/"),
     "the engine has no I/O, clock, randomness or thread; take it in a command"),
]


def banned(tree):
    for source in tree.cpp():
        for rule, pattern, applies, advice in PATTERNS:
            if not applies(source.path, source.is_header):
                continue
            for match in re.finditer(pattern, source.code, re.M):
                line = source.line_of(match.start())
                yield Finding(source.path, line, rule, advice)


def catch_all(tree):
    """`catch (...)` must rethrow, or hand the error to someone."""
    quiet = re.compile(r"^\s*(?:(?:return|continue|break)\b[^();]*;\s*)?$", re.S)
    for source in tree.cpp():
        for block in source.blocks():
            if re.search(r"\bcatch\s*\([^)]*\)$", block.head) and \
               quiet.match(source.code[block.start + 1:block.end]):
                yield Finding(source.path, block.first, "catch-all",
                              "rethrow it or report it; nothing may vanish")


def swallowed(tree):
    """A cast to void of a call throws a result away: say why beside it."""
    pattern = re.compile(r"\(void\)\s*[\w:.>-]+\(|static_cast<void>\(\s*[\w:.>-]+\(|"
                         r"\bstd::ignore\s*=")
    for source in tree.cpp():
        if source.is_test:
            continue
        for match in pattern.finditer(source.code):
            line = source.line_of(match.start())
            if line not in source.comments and line - 1 not in source.comments:
                yield Finding(source.path, line, "swallowed-error",
                              "handle the result, or say in a comment why it does not matter")


def unfinished(tree):
    marks = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    for name in tree.texts():
        if name.endswith((".md", "package-lock.json")):
            continue
        for number, line in enumerate(tree.text(name).split("\n"), 1):
            if marks.search(line):
                yield Finding(name, number, "unfinished", "do it now or file it as an issue")


def dead_code(tree):
    """Two comment lines in a row that end like statements are code somebody switched off."""
    ends = re.compile(r"^\s*//\s*(?!/)[\w(}].*[;{]\s*$|^\s*//\s*\}\s*$")
    for source in tree.cpp():
        previous = False
        for number, line in enumerate(source.lines, 1):
            now = bool(ends.match(line)) and not re.search(r"\be\.g\.|: $", line)
            if now and previous:
                yield Finding(source.path, number, "dead-code", "delete it; git remembers")
            previous = now


def workplace(tree):
    """Nothing may point at the machine it was written on, or at a registry's host."""
    slash = "/"
    places = re.compile("|".join([
        r"(?<![\w.}])" + slash + r"work" + slash, slash + "root" + slash, r"/home/\w+",
        r"registry\.npm" r"js\.org", r"npm" r"js\.com/", r"deb\.debian" r"\.org",
        r"registry\.yarn" r"pkg\.com", r'"resolved":']))
    for name in tree.texts():
        for number, line in enumerate(tree.text(name).split("\n"), 1):
            if places.search(line) and not name.startswith("tests/tidy/"):
                yield Finding(name, number, "workplace",
                              "remove the machine's path or the registry's host")


RULES = [banned, catch_all, swallowed, unfinished, dead_code, workplace]

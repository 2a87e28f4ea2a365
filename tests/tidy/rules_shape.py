# Shapes: how long a line, a function, a file and a folder may be, head comments, file names,
# namespaces, and the names that types and tests carry. Each rule is a function from a parsed file
# (or the tree) to findings; it must not read files by itself.
import os
import re

from finding import Finding

LINE_COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
SOURCE_LINES_MAX = 700
HEADER_LINES_MAX = 200
TEST_LINES_MAX = 800
PAIRS_PER_FOLDER_MAX = 20
HEAD_LINES_MIN, HEAD_LINES_MAX = 3, 8

NAMESPACES = {
    "base/": "weir::base", "value/": "weir::value", "module/": "weir::module",
    "engine/": "weir::engine", "sdk/include/weir/": "weir", "sdk/src/": "weir",
    "sdk/client/": "weir::client", "scheduler/ports/": "weir::ports",
    "scheduler/access/": "weir::access", "scheduler/store/": "weir::store",
    "scheduler/loop/": "weir::loop",
    "scheduler/rpc/": "weir::rpc", "scheduler/http/": "weir::http", "worker/": "weir::worker",
    "cli/": "weir::cli",
}


def line_length(tree):
    names = [s.path for s in tree.cpp()] + tree.scripts() + tree.cmake_lists()
    names += [n for n in tree.names if n.endswith(".proto")]
    for name in names:
        for number, line in enumerate(tree.text(name).split("\n"), 1):
            if len(line) > LINE_COLUMNS_MAX and "#include" not in line:
                yield Finding(name, number, "line-length",
                              f"{len(line)} columns; break it at {LINE_COLUMNS_MAX}")


def function_length(tree):
    for source in tree.cpp():
        for block in source.blocks():
            length = block.last - block.first + 1
            if block.kind == "function" and length > FUNCTION_LINES_MAX:
                yield Finding(source.path, block.first, "function-length",
                              f"{length} lines; split it into steps of at most "
                              f"{FUNCTION_LINES_MAX}, usually 40")


def file_length(tree):
    for source in tree.cpp():
        most = SOURCE_LINES_MAX
        if source.is_test:
            most = TEST_LINES_MAX
        elif source.is_header:
            most = HEADER_LINES_MAX
        if len(source.lines) > most:
            yield Finding(source.path, len(source.lines), "file-length",
                          f"{len(source.lines)} lines; split it by subject, at most {most}")


def folder_size(tree):
    stems = {}
    for source in tree.cpp():
        folder, base = os.path.split(source.path)
        stems.setdefault(folder, set()).add(base.rsplit(".", 1)[0])
    for folder, names in sorted(stems.items()):
        # Programs that must not compile are cases, not parts of a design.
        if len(names) > PAIRS_PER_FOLDER_MAX and not folder.startswith("tests/compat"):
            yield Finding(folder, 1, "folder-size",
                          f"{len(names)} source pairs; make subfolders of at most "
                          f"{PAIRS_PER_FOLDER_MAX}")


def head_comment(tree):
    for source in tree.cpp():
        count = 0
        for line in source.lines:
            if not line.startswith("//"):
                break
            count += 1
        if not HEAD_LINES_MIN <= count <= HEAD_LINES_MAX:
            yield Finding(source.path, 1, "head-comment",
                          f"{count} lines; open with {HEAD_LINES_MIN} to {HEAD_LINES_MAX} lines: "
                          "what it owns, which thread, what it must not do")
    for name in tree.scripts():
        lines = tree.text(name).split("\n")
        first = 1 if lines[0].startswith("#!") else 0
        if not (len(lines) > first and lines[first].startswith("#")):
            yield Finding(name, 1, "head-comment", "open with a comment: what the script is for")


def file_name(tree):
    for source in tree.cpp():
        base = os.path.basename(source.path)
        if not re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)*\.(?:h|cc)", base):
            yield Finding(source.path, 1, "file-name", "name it in snake_case")


def include_guard(tree):
    for source in tree.cpp():
        if source.is_header and "#pragma once" not in source.code_lines:
            yield Finding(source.path, 1, "include-guard", "add '#pragma once' after the head")


def name_space(tree):
    for source in tree.cpp():
        for prefix, wanted in NAMESPACES.items():
            if not source.path.startswith(prefix) or source.path.endswith(("main.cc", "weir.h")):
                continue
            if not re.search(rf"\bnamespace\s+{wanted}\b", source.code):
                yield Finding(source.path, 1, "name-space", f"put its contents in {wanted}")


def type_name(tree):
    pattern = re.compile(r"^\s*(?:class|struct|enum\s+class|enum|union)\s+([A-Za-z_]\w*)\s*"
                         r"(?:final\s*)?(?::[^:;]*)?\{", re.M)
    for source in tree.cpp():
        for match in pattern.finditer(source.code):
            # Names that the compiler prints as a sentence are the SDK's error messages.
            if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", match.group(1)) and \
               not source.path.startswith(("sdk/include/weir/", "tests/compat/")):
                yield Finding(source.path, source.line_of(match.start(1)), "type-name",
                              f"call '{match.group(1)}' in PascalCase")


def constant_name(tree):
    pattern = re.compile(r"^(?:inline |static )?constexpr [^=;({]*?\b([A-Za-z_]\w*)(?:\[\w*\])*"
                         r"\s*(?:=|\{)", re.M)
    for source in tree.cpp():
        for match in pattern.finditer(source.code):
            name = match.group(1)
            if not re.fullmatch(r"k[A-Z][A-Za-z0-9]*", name) and \
               not source.path.startswith(("sdk/include/weir/", "tests/compat/")):
                yield Finding(source.path, source.line_of(match.start(1)), "constant-name",
                              f"call '{name}' like kName")


def test_name(tree):
    pattern = re.compile(r"^\s*(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.M)
    for source in tree.cpp():
        for match in pattern.finditer(source.code):
            name = match.group(2)
            if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name) or \
               len(re.findall(r"[A-Z0-9]+[a-z]*", name)) < 2:
                yield Finding(source.path, source.line_of(match.start(2)), "test-name",
                              f"let '{name}' state a behaviour: LostWorkerRequeuesRunningTask")


def public_comment(tree):
    """Types and functions at namespace scope of a public header carry a comment."""
    pattern = re.compile(r"^(?:template\b.*|(?:class|struct|enum)\b.*|[\w:<>,&*\s]+\(.*)$")
    for source in tree.cpp():
        if not source.path.startswith("sdk/include/weir/") or "/impl/" in source.path:
            continue
        for number, line in enumerate(source.code_lines, 1):
            declares = re.match(r"^(?:class|struct|enum class)\s+[A-Z]\w*\b(?!.*;\s*$)", line)
            if not declares or not pattern.match(line):
                continue
            above = number - 1
            while above >= 1 and source.code_lines[above - 1].startswith(("template", "requires")):
                above -= 1
            if above not in source.comments and number not in source.comments:
                yield Finding(source.path, number, "public-comment",
                              "say what it is for, its lifetime and its thread safety")


RULES = [line_length, function_length, file_length, folder_size, head_comment, file_name,
         include_guard, name_space, type_name, constant_name, test_name, public_comment]

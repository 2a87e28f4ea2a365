#!/usr/bin/env python3
# Programs that the compiler must refuse, and what it must say about them.
"""Compiles programs that must be refused and reads the compiler's message.

usage: wrong_programs.py ROOT SCRATCH COMPILER PROGRAM...

Each program has one comment "// error: words | other words". The compiler must report exactly one
error, on the line after that comment, and print one of the alternatives. Two compilers run at a
time; the shared header is precompiled into SCRATCH first. Prints what differs, exits 1 if any did.
"""

import concurrent.futures
import os
import re
import subprocess
import sys

JOBS = 2
SECONDS_MAX = 120
HEADER = "tests/compat/common.h"
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-fno-diagnostics-color"]
ERROR = re.compile(r"^(.*?):(\d+)(?::\d+)?: (?:fatal )?error: (.*)$", re.M)


def run(command):
    """(exit code, everything printed), with messages in English."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX,
                          env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stdout + done.stderr


def precompile(root, scratch, compiler, includes):
    """The flags that make the programs start from the precompiled header."""
    clang = "clang" in os.path.basename(compiler)
    target = os.path.join(scratch, HEADER + (".pch" if clang else ".gch"))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    code, text = run([compiler, *FLAGS, *includes, "-x", "c++-header",
                      os.path.join(root, HEADER), "-o", target])
    if code != 0:
        sys.exit(f"{HEADER} does not compile:\n{text}")
    return ["-include-pch", target] if clang else ["-Winvalid-pch", "-I", scratch]


def expectation(path):
    """(line of the error, alternatives)."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = re.search(r"// error: (.*)", line)
            if match:
                return number + 1, match.group(1).strip().split(" | ")
    sys.exit(f"{path} has no '// error:' comment")


def problem(path, command):
    """What differs, '' when the program is refused as it should be."""
    line, words = expectation(path)
    code, text = run([*command, "-fsyntax-only", path])
    text = text.replace("\u2018", "'").replace("\u2019", "'")
    errors = ERROR.findall(text)
    if code == 0:
        return "it compiles"
    if len(errors) != 1:
        return f"{len(errors)} errors instead of one:\n{text}"
    file, at, _ = errors[0]
    if os.path.realpath(file) != os.path.realpath(path) or int(at) != line:
        return f"the error stands at {file}:{at}, not on line {line}:\n{text}"
    if not any(each in text for each in words):
        return f"none of {words} is printed:\n{text}"
    return ""


def main():
    root, scratch, compiler, *programs = sys.argv[1:]
    includes = ["-I", root, "-I", os.path.join(root, "sdk/include")]
    start = precompile(root, scratch, compiler, includes)
    command = [compiler, *FLAGS, *start, *includes]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for path, what in zip(programs, pool.map(lambda p: problem(p, command), programs)):
            if what:
                failed += 1
                print(f"FAILED {os.path.relpath(path, root)}: {what}")
    print(f"{len(programs) - failed} of {len(programs)} programs are refused as they should be")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

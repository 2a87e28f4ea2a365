#!/usr/bin/env python3
# Holds tidy to its word: for every rule a snippet that must be reported and one that must not.
# A rule without a sample, or one that does not fire, fails. Ends in `N passed, M failed`.
import os
import sys
import tempfile

from tidy import RULE_NAMES, check
from tree import Tree

HEAD = "// Owns a thing for this self-test of tidy.\n// One thread.\n// It must not run.\n"
BODY = "\nnamespace weir::base {\nint value();\n}  // namespace weir::base\n"
OK = HEAD + "#pragma once\n" + BODY
SRC = HEAD + "#include \"base/a.h\"\n\n#include <vector>\n" + BODY
LISTS = {"base/CMakeLists.txt": "file(GLOB sources *.cc)\n",
         "tests/unit/base/CMakeLists.txt": "weir_add_test(x SOURCES a_test.cc)\n",
         "cli/CMakeLists.txt": "file(GLOB sources *.cc)\n"}
USER = {"base/a.cc": SRC}


def inside(text, path_namespace="weir::base"):
    return HEAD + f"namespace {path_namespace} {{\n{text}\n}}  // namespace\n"


def base(text):
    return {"base/a.cc": inside(text)}


def header(text):
    return {"base/a.h": HEAD + "#pragma once\n" + text + BODY, **USER}


def engine(text):
    return {"engine/x.cc": HEAD + text + "namespace weir::engine {\n}\n",
            "engine/CMakeLists.txt": "file(GLOB s *.cc)\n"}


def unit(text):
    return {"tests/unit/base/a_test.cc": HEAD + text}


def joined(*parts):
    return "".join(parts)


LONG_FUNCTION = "void f() {\n" + "  g();\n" * 80 + "}"
DOC = HEAD + "#pragma once\nnamespace weir {\n%sclass Asset {\n};\n}\n"
MANY = {f"base/file{i}.cc": inside("int v;") for i in range(21)}

# rule -> (files that break it, files that do not)
SAMPLES = {
    "line-length": (base("// " + "x" * 120), base("// " + "x" * 90)),
    "function-length": (base(LONG_FUNCTION), base("void f() {\n  g();\n}")),
    "file-length": (header("\n" * 300), header("\n" * 20)),
    "folder-size": (MANY, dict(list(MANY.items())[:20])),
    "head-comment": ({"base/a.cc": "#include <vector>\n" + BODY}, base("int v;")),
    "file-name": ({"base/BadName.cc": inside("int v;")}, base("int v;")),
    "include-guard": ({"base/a.h": HEAD + BODY, **USER}, header("")),
    "name-space": ({"base/a.cc": inside("int v;", "elsewhere")}, base("int v;")),
    "type-name": (base("struct bad_name {\n};"), base("struct GoodName {\n};")),
    "constant-name": (base("constexpr int limit = 3;"), base("constexpr int kLimit = 3;")),
    "test-name": (unit("TEST(Store, works) {\n}\n"), unit("TEST(Store, KeepsRows) {\n}\n")),
    "public-comment": ({"sdk/include/weir/weir.h": DOC % ""},
                       {"sdk/include/weir/weir.h": DOC % "// A handle; any thread.\n"}),
    "include-direction": (base('') | {"base/a.cc": HEAD + '#include "cli/x.h"\n' + BODY},
                          {"base/a.h": OK, **USER}),
    "library-place": (engine("#include <sqlite3.h>\n"), engine("#include <vector>\n")),
    "public-header": ({"sdk/include/weir/weir.h": HEAD + "#pragma once\n#include <zstd.h>\n"
                       "namespace weir {}\n"},
                      {"sdk/include/weir/weir.h": HEAD + "#pragma once\n#include <vector>\n"
                       "namespace weir {}\n"}),
    "include-order": ({"base/a.cc": HEAD + '#include "base/b.h"\n#include <vector>\n' + BODY},
                      {"base/a.h": OK, **USER}),
    "dead-file": ({"base/lonely.h": OK}, {"base/a.h": OK, **USER}),
    "using-namespace": (header("using namespace std;\n"), header("using std::vector;\n")),
    "raw-new": (base("int* p = new int;"), base("// a new day\nint newer = 1;")),
    "raw-delete": (base("void f(int* p) {\n  delete p;\n}"),
                   base("struct A {\n  A(int) = delete;\n};")),
    "std-thread": (base("std::thread t;"), base("std::jthread t;\nint n = std::thread::max();")),
    "sleep": (unit("void f() { std::this_thread::sleep_for(x); }\n"),
              unit("// no sleep_for(x) here\n")),
    "stdout": (base("void f() { std::cout << 1; }"), base("void f() { std::cerr << 1; }")),
    "assert": (base("void f() { assert(true); }"),
               base("static_assert(true);\nvoid f() { CHECK(1); }")),
    "if-zero": (base("#if 0\n#endif"), base("#if 10\n#endif")),
    "clang-14": (base("auto v = std::views::iota(3);"), base("int v = 3;")),
    "real-clock": (unit("auto t = std::chrono::steady_clock::now();\n"), unit("int t = 3;\n")),
    "engine-pure": (engine("#include <mutex>\n"), engine("#include <map>\n")),
    "catch-all": (base("void f() {\n  try {\n    g();\n  } catch (...) {\n  }\n}"),
                  base("void f() {\n  try {\n    g();\n  } catch (...) {\n    throw;\n  }\n}")),
    "swallowed-error": (base("void f() {\n  (void)write(1);\n}"),
                        base("void f() {\n  // best effort\n  (void)write(1);\n}")),
    "unfinished": (base(joined("// TO", "DO later")), base("// later")),
    "dead-code": (base("// int x = f();\n// g(x);"), base("// It calls f, then g.\n// No more.")),
    "workplace": (base(joined("// see /wo", "rk/main")), base("// see build/work/main")),
    "waiver": (base("int v;  // tidy:allow(raw-new): nothing here does\n"),
               base("int* p = new int;  // tidy:allow(raw-new): the library frees it")),
}


def rules_broken_by(files):
    with tempfile.TemporaryDirectory() as root:
        everything = {**LISTS, **files}
        for name, text in everything.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return {finding.rule for finding in check(Tree(root, list(everything)))}


def main():
    passed, failed = 0, 0
    for rule in sorted(set(RULE_NAMES) | set(SAMPLES)):
        problem = ""
        if rule not in SAMPLES:
            problem = "has no sample; add one"
        elif rule not in RULE_NAMES:
            problem = "is not a rule of tidy"
        else:
            bad, good = SAMPLES[rule]
            if rule not in rules_broken_by(bad):
                problem = "does not fire on its bad sample"
            elif rule in rules_broken_by(good):
                problem = "fires on its good sample"
        if problem:
            print(f"tests/tidy/tidy_selftest.py:1: {rule}: {problem}")
        passed, failed = passed + (not problem), failed + bool(problem)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

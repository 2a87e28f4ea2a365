# Structure: the directions in which includes may go, their order within a file, which third-party
# libraries a folder may know, and files that nothing uses. The tables below are the design's
# layering; a new folder or a new edge is added here, in review, and nowhere else.
import os
import re

from finding import Finding

# What every program part may stand on.
BELOW = ["base/", "calendar/", "value/", "module/", "sdk/include/weir/impl/cron/"]
# folder -> the project folders it may include, besides itself. The longest prefix wins.
LAYERS = {
    "base/": [],
    "sdk/include/weir/impl/cron/": [],  # what the compiler checks a module's literals with
    "calendar/": ["base/", "sdk/include/weir/impl/cron/"],
    "layout/": ["base/"],
    "value/": ["base/"],
    "module/": ["base/", "calendar/", "value/", "sdk/include/weir/impl/cron/"],
    "engine/": BELOW,
    "dryrun/": BELOW + ["engine/"],
    "sdk/include/weir/": [],
    "sdk/src/": BELOW + ["engine/", "sdk/include/weir/"],
    "sdk/client/": BELOW + ["sdk/include/weir/"],
    "scheduler/ports/": ["base/", "engine/"],
    "scheduler/store/": BELOW + ["engine/", "scheduler/ports/"],
    "scheduler/loop/": BELOW + ["engine/", "scheduler/ports/"],
    "scheduler/access/": ["base/"],
    "scheduler/zones/": ["base/", "calendar/"],
    "scheduler/rpc/": BELOW + ["dryrun/", "engine/", "scheduler/access/", "scheduler/ports/",
                               "scheduler/zones/"],
    "scheduler/http/": BELOW + ["engine/", "scheduler/access/", "scheduler/ports/"],
    "scheduler/": BELOW + ["engine/", "scheduler/"],
    "worker/core/": BELOW,
    "worker/supervisor/": BELOW + ["worker/core/"],
    "worker/executors/": BELOW + ["worker/core/", "worker/supervisor/"],
    "worker/agent/": BELOW + ["worker/core/", "worker/supervisor/", "worker/executors/"],
    "worker/": BELOW + ["worker/"],
    "cli/": BELOW + ["scheduler/rpc/simulation.h", "scheduler/scheduler.h",
                     "scheduler/store/backup.h",
                     "scheduler/zones/zones.h", "worker/worker.h", "sdk/client/",
                     "sdk/include/weir/"],
    "examples/": [],
}

# third-party header -> the folders that may know it
LIBRARIES = [
    (r"^sqlite3\.h$", ["scheduler/store/"], "the store owns SQLite"),
    (r"^curl/", ["scheduler/alerts/"], "only the delivery of alerts knows libcurl"),
    (r"^(?:grpc|grpcpp|google/protobuf)/|\.pb\.h$",
     ["scheduler/rpc/", "scheduler/http/", "scheduler/scheduler", "worker/", "sdk/client/",
      "sdk/include/weir/protobuf", "cli/"],
     "only the network's edges know gRPC and protobuf"),
    (r"^boost/(?:beast|asio)", ["scheduler/http/", "worker/", "cli/"], "HTTP lives in its folder"),
    (r"^protozero/", ["sdk/src/", "worker/"], "the executor protocol is spoken in sdk/src"),
    (r"^CLI/", ["cli/"], "only the command line parses arguments with CLI11"),
    (r"^date/", ["scheduler/zones/"], "time zones are read in one place and are data elsewhere"),
    (r"^spdlog/", ["scheduler/loop/", "scheduler/store/", "scheduler/rpc/", "scheduler/http/",
                   "scheduler/zones/", "scheduler/scheduler", "worker/", "cli/"],
     "base, engine and SDK do not log through a library"),
]

_STD = re.compile(r"^[a-z_0-9]+$")
_POSIX = re.compile(r"^(?!sqlite3|zstd|zlib|duckdb)"
                    r"(?:[a-z_0-9]+\.h|(?:sys|linux|netinet|arpa|net|bits|asm)/.*\.h)$")


def _layer(path):
    best = ""
    for prefix in LAYERS:
        if path.startswith(prefix) and len(prefix) > len(best):
            best = prefix
    return best


def include_direction(tree):
    for source in tree.cpp():
        layer = _layer(source.path)
        if not layer or source.is_test:
            continue
        for line, name, quoted in source.includes():
            if quoted and not name.endswith((".pb.h", ".grpc.pb.h")):
                target = _resolve(tree, source.path, name)
                allowed = [layer] + LAYERS[layer]
                if layer == "examples/":
                    allowed = ["/".join(source.path.split("/")[:2]) + "/"]
                if not target.startswith(tuple(allowed)):
                    yield Finding(source.path, line, "include-direction",
                                  f"{layer} may not include {target}; allowed: "
                                  + ", ".join(allowed))


def _resolve(tree, path, name):
    if name.startswith("weir/") and not name.startswith(("weir/v1/", "weir/worker/")):
        return "sdk/include/" + name
    if name in tree.names:
        return name
    beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
    return beside if beside in tree.names else name


def library_place(tree):
    for source in tree.cpp():
        if not _layer(source.path) or source.is_test or source.path.startswith("examples/"):
            continue
        for line, name, _ in source.includes():
            for pattern, places, why in LIBRARIES:
                if re.search(pattern, name) and not source.path.startswith(tuple(places)):
                    yield Finding(source.path, line, "library-place", f"<{name}>: {why}")
            if name.startswith("protozero/") and source.is_header:
                yield Finding(source.path, line, "library-place", "protozero stays in .cc files")


def public_header(tree):
    """Public headers stand on the standard library and each other alone."""
    for source in tree.cpp():
        if not source.path.startswith("sdk/include/weir/"):
            continue
        for line, name, _ in source.includes():
            target = _resolve(tree, source.path, name)
            fine = _STD.match(name) or target.startswith("sdk/include/weir/")
            if "protobuf" in os.path.basename(source.path):
                fine = fine or name.startswith("google/protobuf/")
            if not fine:
                yield Finding(source.path, line, "public-header",
                              f"<{name}> is neither the standard library's nor ours")


def _rank(source, name, quoted, first):
    stem = os.path.basename(os.path.splitext(source.path)[0])
    own = os.path.basename(os.path.splitext(name)[0])
    if first and own in (stem, stem.removesuffix("_test")):
        return 0
    if quoted:
        return 3
    if _STD.match(name):
        return 1
    if _POSIX.match(name):
        return 1.5
    return 3 if name.startswith("weir/") else 2


def include_order(tree):
    """Own header, standard, third-party, project: groups apart by a blank line."""
    for source in tree.cpp():
        rank_before, line_before = None, None
        for index, (line, name, quoted) in enumerate(source.includes()):
            rank = _rank(source, name, quoted, index == 0 and not source.is_header)
            if rank_before is not None:
                between = source.lines[line_before:line - 1]
                if any(text.strip().startswith("#") for text in between):
                    pass  # a conditional include has an order of its own
                elif int(rank) < int(rank_before):
                    yield Finding(source.path, line, "include-order",
                                  "own header, standard, third-party, project")
                elif int(rank) != int(rank_before) and not any(t.strip() == "" for t in between):
                    yield Finding(source.path, line, "include-order",
                                  "put a blank line between the groups")
            rank_before, line_before = rank, line


def dead_file(tree):
    """Headers that nobody includes, sources in no target, scripts that nothing runs."""
    included = set()
    for source in tree.cpp():
        for _, name, _ in source.includes():
            included.add(_resolve(tree, source.path, name))
    for source in tree.cpp():
        if source.is_header and source.path not in included and \
           os.path.basename(source.path) != "weir.h":
            yield Finding(source.path, 1, "dead-file", "nobody includes it; delete it")
        if not source.is_header and not _built(tree, source.path):
            yield Finding(source.path, 1, "dead-file", "no target compiles it; delete it or add it")
    for name in tree.scripts():
        if name in ("dev", ".ci/run"):
            continue
        base = os.path.basename(name)
        stem = base.rsplit(".", 1)[0]
        users = [n for n in tree.texts() if n != name and not n.endswith(".md")]
        if not any(base in tree.text(n) or re.search(rf"\bimport\b.*\b{stem}\b|\bfrom {stem}\b",
                                                     tree.text(n)) for n in users):
            yield Finding(name, 1, "dead-file", "nothing runs it; delete it or call it")


def _built(tree, path):
    folder, base = os.path.split(path)
    if any("/" + base in tree.text(n) for n in tree.cmake_lists()):
        return True
    while True:
        lists = (folder + "/" if folder else "") + "CMakeLists.txt"
        if lists in tree.names:
            text = tree.text(lists)
            relative = os.path.relpath(path, folder or ".")
            if base in text or relative in text:
                return True
            inner = os.path.dirname(relative)
            star = (inner + "/" if inner else "") + "*"
            globs = re.findall(r"[\w./*$\{\}-]*\*[\w.*]*", text)
            if any(g.endswith((star, star + ".cc", star + "_test.cc")) or
                   ("RECURSE" in text and g.endswith(".cc")) for g in globs):
                return True
            # A loop over stems names `${name}.cc`.
            stem = base.rsplit(".", 1)[0]
            if re.search(rf"(?<![\w-]){re.escape(stem)}(?![\w-])", text):
                return True
        if not folder:
            return False
        folder = os.path.dirname(folder)


RULES = [include_direction, library_place, public_header, include_order, dead_file]

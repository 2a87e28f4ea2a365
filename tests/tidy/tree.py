# Which files tidy looks at, and the text of each, read once. Lists what git tracks plus what is new
# and not ignored, so that a file is judged before it is committed. It must not look into build
# directories, node_modules or anything outside the repository.
import os
import subprocess

from cpp_text import SourceFile

CPP_SUFFIXES = (".h", ".cc")
SCRIPT_SUFFIXES = (".py", ".sh")
TEXT_SUFFIXES = CPP_SUFFIXES + SCRIPT_SUFFIXES + (
    ".proto", ".cmake", ".txt", ".md", ".json", ".service", ".sql", ".yaml", ".yml")


class Tree:
    """The repository as the rules see it: names, texts and parsed C++ files."""

    def __init__(self, root, names=None):
        self.root = root
        self.names = sorted(names if names is not None else _listed(root))
        self._texts = {}
        self._sources = {}

    def text(self, name):
        if name not in self._texts:
            with open(os.path.join(self.root, name), encoding="utf-8", errors="replace") as file:
                self._texts[name] = file.read()
        return self._texts[name]

    def source(self, name):
        if name not in self._sources:
            self._sources[name] = SourceFile(name, self.text(name))
        return self._sources[name]

    def cpp(self):
        return [self.source(n) for n in self.names if n.endswith(CPP_SUFFIXES)]

    def scripts(self):
        return [n for n in self.names if n.endswith(SCRIPT_SUFFIXES) or n in ("dev", ".ci/run")]

    def texts(self):
        return [n for n in self.names if n.endswith(TEXT_SUFFIXES) or n in self.scripts()]

    def cmake_lists(self):
        return [n for n in self.names if n.endswith("CMakeLists.txt") or n.endswith(".cmake")]


def _listed(root):
    out = subprocess.run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"],
                         check=True, capture_output=True).stdout.decode()
    return [n for n in out.split("\0") if n and os.path.isfile(os.path.join(root, n))]

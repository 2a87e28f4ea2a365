# What tidy knows of C++: a file with its comments and literals blanked out, its includes, its
# comments by line, and where its functions begin and end. No compiler is needed, so tidy runs in
# seconds on a tree that does not build. It must not judge: the rules do that.
import bisect
import re

_LITERAL_PREFIX = re.compile(r'(?:u8|u|U|L)?R"([^()\\\s]{0,16})\(')


class SourceFile:
    """One file: `text` as written, `code` of the same length without comments and literals."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.comments = {}  # line number -> text of the comment that stands on it
        self.code = _blank(text, self.comments)
        self.code_lines = self.code.split("\n")
        self._starts = [0] + [i + 1 for i, c in enumerate(text) if c == "\n"]

    @property
    def is_header(self):
        return self.path.endswith(".h")

    @property
    def is_test(self):
        return self.path.startswith("tests/") or "/tests/" in self.path

    def line_of(self, offset):
        return bisect.bisect_right(self._starts, offset)

    def includes(self):
        """(line, name, quoted) of every #include; the name comes from the text as written."""
        found = []
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match and self.code_lines[number - 1].lstrip().startswith("#"):
                found.append((number, match.group(2), match.group(1) == '"'))
        return found

    def blocks(self):
        """Every brace block as Block, outermost first."""
        return _blocks(self)


class Block:
    """A pair of braces: kind is namespace, type, function, init or other."""

    def __init__(self, kind, head, first, depth_kinds, start):
        self.kind = kind
        self.head = head
        self.first = first
        self.last = first
        self.parents = depth_kinds
        self.start = start
        self.end = start


def _blank(text, comments):
    out = list(text)
    i, line, n = 0, 1, len(text)

    def blank(begin, end):
        for k in range(begin, end):
            if out[k] != "\n":
                out[k] = " "

    while i < n:
        c = text[i]
        if c == "\n":
            line += 1
            i += 1
        elif text.startswith("//", i):
            end = text.find("\n", i)
            end = n if end < 0 else end
            comments[line] = comments.get(line, "") + text[i:end]
            blank(i, end)
            i = end
        elif text.startswith("/*", i):
            end = text.find("*/", i + 2)
            end = n if end < 0 else end + 2
            for k, part in enumerate(text[i:end].split("\n")):
                comments[line + k] = comments.get(line + k, "") + part
            line += text.count("\n", i, end)
            blank(i, end)
            i = end
        elif c == '"' or (c in "uULR" and _LITERAL_PREFIX.match(text, i) and not _word(text, i)):
            end = _literal_end(text, i)
            line += text.count("\n", i, end)
            blank(i + 1, end - 1)
            i = end
        elif c == "'" and not (i and (text[i - 1].isalnum() or text[i - 1] == "_")):
            end = i + 1
            while end < n and text[end] not in "'\n":
                end += 2 if text[end] == "\\" else 1
            blank(i + 1, end)
            i = end + 1
        else:
            i += 1
    return "".join(out)


def _word(text, i):
    return i > 0 and (text[i - 1].isalnum() or text[i - 1] == "_")


def _literal_end(text, i):
    raw = _LITERAL_PREFIX.match(text, i)
    if raw:
        end = text.find(")" + raw.group(1) + '"', raw.end())
        return len(text) if end < 0 else end + len(raw.group(1)) + 2
    end = i + 1
    while end < len(text) and text[end] not in '"\n':
        end += 2 if text[end] == "\\" else 1
    return min(end + 1, len(text))


def _classify(head, parents):
    flat = re.sub(r"^\s*#.*$", "", head, flags=re.M).strip()
    if re.search(r"\bnamespace\b[^;()]*$", flat) or flat.startswith("extern"):
        return "namespace"
    inside_function = "function" in parents
    if re.search(r"(?:^|[\s>;])(?:class|struct|union|enum)\b[^()=]*$", flat):
        return "type"
    if re.search(r"\)\s*(?:const|noexcept|override|final|mutable|&|\s)*(?:->[^{;]*)?$", flat) or \
       re.search(r"\)\s*(?:const|noexcept)*\s*:\s*[^;]*[\w)}>]\s*$", flat) or \
       re.search(r"\brequires\b", flat):
        return "other" if inside_function else "function"
    starts_value = flat.endswith(("=", ",", "(", "return", "{"))
    return "init" if starts_value or not inside_function else "other"


def _blocks(source):
    found, stack = [], []
    head_start, parens = 0, 0
    for i, c in enumerate(source.code):
        if c in "([":
            parens += 1
        elif c in ")]":
            parens = max(0, parens - 1)
        elif c == ";" and parens == 0:
            head_start = i + 1
        elif c == "{":
            head = source.code[head_start:i]
            kinds = [b.kind for b, _ in stack]
            kind = "other" if parens and "function" in kinds else _classify(head, kinds)
            block = Block(kind, head.strip(), source.line_of(i), kinds, i)
            found.append(block)
            stack.append((block, parens))
            head_start, parens = i + 1, 0
        elif c == "}" and stack:
            block, parens = stack.pop()
            block.last = source.line_of(i)
            block.end = i
            # A brace that initialises a member is still part of the constructor's head.
            if block.kind != "init":
                head_start = i + 1
    return found

"""Code in an answer's fences: which is whole enough to be parsed, and does it parse."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from routerd.core.verdict import Verdict
from routerd.verification import grammars

MOST_FENCES = 24
_OPENING = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([\w+#-]*)[^`\n]*$")
# Where something is left out on purpose the rest can't be held to the grammar: dots, a prompt, a
# diff; and in shells and data files a name in angle brackets or braces that is to be filled in.
_LEFT_OUT = re.compile(
    r"^\s*(?://|#|/\*|--)?\s*(?:\.\.\.|…)|^\s*(?:>>>|\$ |% )|^(?:\+|-|@@)", re.MULTILINE
)
_TO_FILL_IN = re.compile(r"<[A-Za-z][\w -]*>|\{\{")
# One line is more often a name, a path or a signature than a program.
FEWEST_LINES = 2


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block; `closed` is False where the answer ended inside it."""

    tag: str
    body: str
    closed: bool


def fences(text: str) -> Iterator[Fence]:
    """Yield the fenced blocks of a Markdown text, in order (CommonMark, without nesting)."""
    tag, mark, body = "", "", list[str]()
    for line in text.splitlines():
        if not mark:
            found = _OPENING.match(line)
            if found:
                mark, tag, body = found[1], found[2], []
        elif line.strip().startswith(mark) and not line.strip().strip(mark[0]):
            yield Fence(tag, "\n".join(body), closed=True)
            mark = ""
        else:
            body.append(line)
    if mark:
        yield Fence(tag, "\n".join(body), closed=False)


def check(text: str) -> Verdict:
    """Return the verdict over all fences whose language is known."""
    checked, faults = 0, []
    for number, fence in enumerate(fences(text)):
        if number >= MOST_FENCES:
            break
        grammar = grammars.grammar_of(fence.tag)
        if not grammar:
            continue
        if not fence.closed:
            checked += 1
            faults.append(f"the {grammar} block is not closed")
            continue
        if not _whole(grammar, fence.body):
            continue
        line = grammars.fault_line(grammar, fence.body)
        if line is not None:
            checked += 1
            faults += [f"the {grammar} block has a syntax error in line {line}"] if line else []
    return Verdict(checked, tuple(faults))


def _whole(grammar: str, body: str) -> bool:
    if body.count("\n") + 1 < FEWEST_LINES or _LEFT_OUT.search(body):
        return False
    return grammar not in ("bash", "json") or not _TO_FILL_IN.search(body)

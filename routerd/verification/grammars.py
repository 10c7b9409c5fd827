"""Source code to syntax faults: the only importer of tree-sitter and its grammars.

Each grammar is a wheel of its own, loaded at its first use; one that is missing checks nothing.
"""

from functools import cache
from typing import Any

MOST_BYTES = 200_000
NAMES = {
    **dict.fromkeys(("python", "py", "python3"), "python"),
    **dict.fromkeys(("javascript", "js", "jsx", "mjs", "node"), "javascript"),
    **dict.fromkeys(("typescript", "ts"), "typescript"),
    "tsx": "tsx",
    **dict.fromkeys(("go", "golang"), "go"),
    **dict.fromkeys(("rust", "rs"), "rust"),
    "java": "java",
    **dict.fromkeys(("c", "h"), "c"),
    **dict.fromkeys(("cpp", "c++", "cc", "cxx", "hpp"), "cpp"),
    **dict.fromkeys(("bash", "sh"), "bash"),  # "shell" is more often a screenful of output
    "json": "json",
}
# What may stand around a fragment: people are shown a method without its class. The fragment
# is sound when any of these is.
_AROUND: dict[str, tuple[tuple[str, str], ...]] = {
    "java": (("class X {", "\n}"), ("class X { void x() {", "\n} }")),
    "go": (("package x\n", ""), ("package x\nfunc x() {", "\n}")),
    "rust": (("fn x() {", "\n}"), ("impl X {", "\n}")),
    "c": (("void x() {", "\n}"),),
    "cpp": (("void x() {", "\n}"), ("class X {", "\n};")),
    "javascript": (("class X {", "\n}"), ("async function* x() {", "\n}"), ("(", "\n)")),
    "typescript": (("class X {", "\n}"), ("async function* x() {", "\n}"), ("(", "\n)")),
    "tsx": (("class X {", "\n}"), ("(", "\n)")),
    "python": (("async def x():\n while x:\n  ", ""),),
}


def grammar_of(tag: str) -> str:
    """Return the grammar for a code fence's tag, '' where there is none."""
    return NAMES.get(tag.lower(), "")


def fault_line(grammar: str, source: str) -> int | None:
    """Return the line (from 1) of the first syntax fault; 0 for none, None where not checked."""
    parser = _parser(grammar)
    data = source.encode("utf-8", "replace")
    if parser is None or not data.strip() or len(data) > MOST_BYTES:
        return None
    line = _first_fault(parser, data)
    if line == 0:
        return 0
    for before, after in _AROUND.get(grammar, ()):
        inside = _indented(source) if grammar == "python" else source
        if _first_fault(parser, (before + inside + after).encode("utf-8", "replace")) == 0:
            return 0
    return line


def _indented(source: str) -> str:
    return source.strip("\n").replace("\n", "\n  ")


def _first_fault(parser: Any, data: bytes) -> int:
    node = parser.parse(data).root_node
    if not node.has_error:
        return 0
    while not (node.is_error or node.is_missing):
        faulty = next((c for c in node.children if c.has_error or c.is_missing), None)
        if faulty is None:
            break
        node = faulty
    return int(node.start_point[0]) + 1


@cache
def _parser(grammar: str) -> Any:
    """Return a parser, None where a wheel is missing."""
    try:
        from tree_sitter import Language, Parser  # with the grammar 5 ms, at the first answer

        return Parser(Language(_language(grammar)))
    except ImportError:
        return None


def _language(name: str) -> Any:  # noqa: C901, PLR0912  # one case a grammar, seen by packagers
    """Return a grammar's pointer. Raises: ImportError."""
    match name:
        case "python":
            import tree_sitter_python as one
        case "javascript":
            import tree_sitter_javascript as one  # type: ignore[no-redef]
        case "go":
            import tree_sitter_go as one  # type: ignore[no-redef]
        case "rust":
            import tree_sitter_rust as one  # type: ignore[no-redef]
        case "java":
            import tree_sitter_java as one  # type: ignore[no-redef]
        case "c":
            import tree_sitter_c as one  # type: ignore[no-redef]
        case "cpp":
            import tree_sitter_cpp as one  # type: ignore[no-redef]
        case "bash":
            import tree_sitter_bash as one  # type: ignore[no-redef]
        case "json":
            import tree_sitter_json as one  # type: ignore[no-redef]
        case _:
            return _typescript(name)
    return one.language()


def _typescript(name: str) -> Any:
    if name not in ("typescript", "tsx"):
        raise ImportError(name)
    import tree_sitter_typescript as both

    return both.language_tsx() if name == "tsx" else both.language_typescript()

"""Which files a request speaks of."""

from routerd.core.request import Message, Request, Text, ToolCall, ToolResult
from routerd.journey.paths import MOST_PATHS, paths_of


def paths(*texts: str) -> tuple[str, ...]:
    return paths_of(Request(tuple(Message("user", (Text(text),)) for text in texts)))


def test_paths_are_found_in_prose_tracebacks_and_commands() -> None:
    found = paths(
        "fix the crash in src/billing/tax.py:42 please",
        'File "/home/me/shop/app.py", line 3, in <module>',
        "run `pytest tests/test_a.py` and read README.md.",
        "C:\\shop\\src\\main.rs",
    )
    assert "src/billing/tax.py" in found
    assert "/home/me/shop/app.py" in found
    assert "tests/test_a.py" in found
    assert "README.md" in found
    assert "C:\\shop\\src\\main.rs" in found


def test_tool_calls_and_results_count() -> None:
    request = Request(
        (
            Message("assistant", (ToolCall("1", "read", '{"path": "src/auth/login.py"}'),)),
            Message("tool", (ToolResult("1", "see src/auth/session.py"),)),
        )
    )
    assert set(paths_of(request)) >= {"src/auth/login.py", "src/auth/session.py"}


def test_prose_has_no_paths_and_many_are_bounded() -> None:
    assert paths("What is a monad? Explain it, please!") == ()
    assert len(paths(" ".join(f"a/{n}.py" for n in range(3 * MOST_PATHS)))) == MOST_PATHS

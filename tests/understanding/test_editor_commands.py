import pytest

from routerd.understanding.editor_commands import commanded_task


@pytest.mark.parametrize(
    ("ask", "task"),
    [
        ("/doc", "documentation"),
        ("/explain this regex", "explanation"),
        ("/Fix: the failing import", "debugging"),
        ("  /tests for the cart", "testing"),
        ("/code-review", "review"),
        ("/optimize", "refactoring"),
        ("/commit", "operations"),
        ("/new express app", "generation"),
    ],
)
def test_a_command_says_its_task(ask: str, task: str) -> None:
    assert commanded_task(ask) == task


@pytest.mark.parametrize(
    "ask",
    ["/usr/lib is full", "/fix/me.py", "explain this", "/unheardof", "", "see /doc", "/test_a"],
)
def test_paths_prose_and_unknown_commands_are_left_to_the_model(ask: str) -> None:
    assert commanded_task(ask) is None

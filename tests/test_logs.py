"""What reaches the log: one clean line a record, no secret, in a file of the user's own."""

import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd import logs

SECRET = "Zm9vYmFyYmF6cXV4cXV1eA"  # noqa: S105  # planted
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes mean nothing on Windows")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """Give the root logger back as it was; files and modes as the widest umask leaves them."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    umask = os.umask(0)
    yield logger
    os.umask(umask)
    for handler in logger.handlers:
        if handler not in handlers:
            handler.close()
    logger.handlers[:] = handlers
    logger.setLevel(level)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "text",
    [
        f"authorization: Bearer {SECRET}",
        f"BEARER   {SECRET}",
        f'{{"api_key": "{SECRET}"}}',
        f"x-api-key: {SECRET}",
        f"apikey={SECRET}",
        f"password={SECRET}, user=x",
        f"token sk-{SECRET} was refused",
        f"sk-proj-{SECRET}",
        f"rd-{SECRET}",
        f"ghp_{SECRET}",
        f"github_pat_{SECRET}",
        f"hf_{SECRET}",
        f"xoxb-{SECRET}",
        f"AKIA{SECRET}",
        f"first\nBearer {SECRET}\nlast",
    ],
)
def test_a_secret_is_masked(text: str) -> None:
    assert SECRET not in logs.clean(text)
    assert "[redacted]" in logs.clean(text)


@pytest.mark.parametrize(
    "text",
    [
        "ollama is up, 3 models",
        "0192f3a4b5c6d7e8f9a0b stop 1.250 s",
        "sketching_something_very_long_indeed failed",
        "rdkafka_configuration_is_missing",
        "no key named team in the keyring",
    ],
)
def test_what_is_no_secret_stays_readable(text: str) -> None:
    assert logs.clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", "a\\u000ab"),
        ("a\r\nb", "a\\u000d\\u000ab"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("a\x00b\x7fc\x85d", "a\\u0000b\\u007fc\\u0085d"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("a\u202eb\u2066c", "a\\u202eb\\u2066c"),
        ("a\ud800b", "a\\ud800b"),
        ("grün 模型", "grün 模型"),
    ],
)
def test_control_characters_are_shown_not_sent(text: str, shown: str) -> None:
    assert logs.clean(text) == shown


@given(text=st.text(st.characters(codec=None)))
def test_any_text_becomes_one_line_that_a_file_can_hold(text: str) -> None:
    cleaned = logs.clean(text)
    assert len(cleaned.splitlines()) <= 1
    cleaned.encode()


@posix
def test_the_log_and_its_older_files_are_the_users_alone(
    tmp_path: Path, root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 200)
    path = tmp_path / "routerd.log"
    logs.set_up("info", path)
    for number in range(40):
        root.info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [
        "routerd.log",
        *(f"routerd.log.{number}" for number in range(1, logs.KEPT + 1)),
    ]
    assert {mode(file) for file in files} == {0o600}
    assert "line 39" in path.read_text("utf-8")


@posix
def test_a_log_that_was_open_to_others_is_closed_to_them(
    tmp_path: Path, root: logging.Logger
) -> None:
    path = tmp_path / "routerd.log"
    path.write_text("before\n", encoding="utf-8")
    path.chmod(0o644)
    logs.set_up("info", path)
    root.info("after")
    assert mode(path) == 0o600
    assert path.read_text("utf-8").startswith("before\n")


@posix
def test_a_log_is_never_written_through_a_link(
    tmp_path: Path, root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    path = tmp_path / "routerd.log"
    path.symlink_to(elsewhere)
    logs.set_up("info", path)
    root.info("line")
    assert elsewhere.read_text("utf-8") == ""
    assert "Logging error" in capsys.readouterr().err


def test_a_traceback_is_one_line_without_its_secrets(tmp_path: Path, root: logging.Logger) -> None:
    path = tmp_path / "routerd.log"
    logs.set_up("info", path)
    try:
        raise ValueError(f"bad header: Bearer {SECRET}\ud800")
    except ValueError:
        root.exception("it failed")
    (line,) = path.read_text("utf-8").splitlines()
    assert "ERROR root: it failed" in line
    assert "Traceback" in line
    assert "ValueError: bad header: Bearer [redacted]" in line
    assert SECRET not in line


def test_the_level_holds_and_chatty_libraries_are_quiet(
    tmp_path: Path, root: logging.Logger
) -> None:
    path = tmp_path / "routerd.log"
    logs.set_up("warning", path)
    root.info("too quiet")
    assert not path.exists()
    logs.set_up("debug", path)
    logging.getLogger("httpx2").info("GET https://example.com/?key=x")
    root.debug("loud enough")
    assert path.read_text("utf-8").count("\n") == 1


def test_without_a_path_the_log_goes_to_stderr(
    root: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.set_up("info", None)
    root.info("hello\nthere")
    assert capsys.readouterr().err.endswith("INFO root: hello\\u000athere\n")

"""Each client its own token: made once, in force at once, taken back alone."""

from pathlib import Path

from routerd.settings import client_tokens
from routerd.settings.client_tokens import ClientTokens


def test_a_token_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = client_tokens.ensure(path, "cursor")
    assert client_tokens.ensure(path, "cursor") == token
    assert client_tokens.ensure(path, "zed") != token
    assert path.stat().st_mode & 0o777 == 0o600


def test_tokens_come_and_go_while_running(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    tokens = ClientTokens("own", path)
    assert list(tokens) == ["own"]
    cursor, zed = client_tokens.ensure(path, "cursor"), client_tokens.ensure(path, "zed")
    assert list(tokens) == ["own", cursor, zed]
    client_tokens.forget(path, "cursor")
    client_tokens.forget(path, "nobody")
    assert list(tokens) == ["own", zed]
    path.unlink()
    assert list(tokens) == ["own"]


def test_a_file_that_makes_no_sense_or_others_can_read_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    token = client_tokens.ensure(path, "cursor")
    path.chmod(0o644)
    assert list(ClientTokens("own", path)) == ["own"]
    for text in ("{", "[]", '{"a": 7}', '{"a": "short"}', '{"a": ""}'):
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        assert list(ClientTokens("own", path)) == ["own"]
    assert client_tokens.ensure(path, "cursor") != token

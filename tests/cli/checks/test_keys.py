"""Keyring and keys: an open one, a locked one, a backend that keeps plain text, and keys in files."""

from pathlib import Path

import pytest

from routerd.cli.checks import keys
from routerd.core.config import Config, ProviderConfig
from routerd.credentials import keyring_store
from routerd.credentials.keyring_store import KeyringStore
from routerd.settings import known_keys
from tests.cli.checks.scenes import found, levels, scene
from tests.fakes.memory_keyring import HOME, HangingKeyring, MemoryKeyring

PLANTED = "sk-ant-planted-0123456789abcdef"


def use(monkeypatch: pytest.MonkeyPatch, store: KeyringStore) -> None:
    monkeypatch.setattr(keys, "KeyringStore", lambda: store)


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """A keyring that works."""
    kept = MemoryKeyring()
    use(monkeypatch, KeyringStore(kept, trusted=HOME))
    return kept


def test_a_keyring_that_answers_is_named_by_its_class(
    tmp_path: Path, backend: MemoryKeyring
) -> None:
    (told,) = found(keys.keyring, scene(tmp_path))
    assert (told.level, "MemoryKeyring" in told.what) == ("ok", True)


def test_a_backend_that_keeps_plain_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, KeyringStore(MemoryKeyring()))
    (told,) = found(keys.keyring, scene(tmp_path))
    assert (told.level, "not one that keeps secrets safe" in told.what) == ("note", True)
    assert "keyrings.alt" in told.fix


def test_a_locked_keyring_is_a_problem_once_a_cloud_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring_store, "TIMEOUT_S", 0.02)
    hanging = HangingKeyring()
    use(monkeypatch, KeyringStore(hanging, trusted=HOME))
    config = Config(provider=(ProviderConfig("claude", "anthropic", zone="cloud"),))
    (told,) = found(keys.keyring, scene(tmp_path, config=config))
    hanging.unlock.set()
    assert (told.level, "unlock it" in told.fix) == ("problem", True)


def test_each_stored_key_is_tried(tmp_path: Path, backend: MemoryKeyring) -> None:
    at = scene(tmp_path)
    for name in ("anthropic", "openai"):
        known_keys.add(at.here.home, name, f"https://{name}.example:443")
    KeyringStore(backend, trusted=HOME).set("anthropic", "https://anthropic.example:443", "s")
    told = found(keys.stored_keys, at)
    assert [(f.level, f.fix) for f in told] == [("ok", ""), ("problem", "routerd keys set openai")]
    (at.here.home / known_keys.FILE).write_text("[", encoding="utf-8")
    assert levels(keys.stored_keys, at) == ["problem"]


def test_a_key_in_plain_text_is_found_and_moved_and_nothing_else_changes(
    tmp_path: Path, backend: MemoryKeyring
) -> None:
    file = tmp_path / ".claude.json"
    file.write_bytes(b'{"a": "\xff", "key": "' + PLANTED.encode() + b'"}\r\n')
    file.chmod(0o640)
    at = scene(tmp_path)
    (told,) = found(keys.plain_text, at)
    assert (told.level, told.safe) == ("warning", False)
    assert "~/.claude.json, line 1" in told.what
    assert PLANTED not in repr(told)
    assert told.repair
    assert PLANTED not in told.repair()
    assert file.read_bytes() == b'{"a": "\xff", "key": ""}\r\n'
    assert file.stat().st_mode & 0o777 == 0o640
    assert PLANTED in backend.passwords["routerd", "anthropic"]
    assert known_keys.load(at.here.home) == {"anthropic": "https://api.anthropic.com:443"}
    assert levels(keys.plain_text, at) == ["ok"]


def test_keys_of_the_environment_are_named_and_never_shown(tmp_path: Path) -> None:
    environ = {"OPENAI_API_KEY": PLANTED}
    (told,) = found(keys.environment, scene(tmp_path, environ=environ))
    assert (told.level, told.fix) == ("note", "routerd keys set openai")
    assert PLANTED not in repr(told)
    allowed = scene(tmp_path, environ=environ, config=Config(allow_env_keys=True))
    assert "used from the environment" in found(keys.environment, allowed)[0].what
    assert found(keys.environment, scene(tmp_path)) == []

"""Storing a key: bound to a configured address, never echoed, never in an unsafe keyring."""

from pathlib import Path

from tests.fakes.daemon import routerd

CANARY = "canary-key-51c0"
PROVIDER = """
[[provider]]
name = "team"
kind = "openai_compatible"
base_url = "http://gpu-box.internal:8000/v1"
zone = "network"
key = "team-key"
"""


def _home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(PROVIDER, encoding="utf-8")
    return home


def test_a_key_nobody_is_configured_for_is_not_stored(tmp_path: Path) -> None:
    ran = routerd(_home(tmp_path), "keys", "set", "other", stdin=CANARY)
    assert ran.returncode == 1
    assert 'key = "other"' in ran.stderr
    assert CANARY not in ran.stdout + ran.stderr


def test_an_unsafe_keyring_is_refused_and_the_key_is_kept_nowhere(tmp_path: Path) -> None:
    home = _home(tmp_path)
    unsafe = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    ran = routerd(home, "keys", "set", "team-key", stdin=CANARY, **unsafe)
    assert ran.returncode == 1
    assert "not one that keeps secrets safe" in ran.stderr
    assert CANARY not in ran.stdout + ran.stderr
    files = [path for path in home.rglob("*") if path.is_file()]
    assert all(CANARY.encode() not in path.read_bytes() for path in files)


def test_an_empty_key_is_not_stored(tmp_path: Path) -> None:
    ran = routerd(_home(tmp_path), "keys", "set", "team-key", stdin="\n")
    assert ran.returncode == 1
    assert "empty" in ran.stderr

"""Where everything lies, and that nobody else can read it."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import platformdirs
import pytest

from routerd.core.errors import ConfigInvalid
from routerd.settings import places
from routerd.settings.places import Places

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX")


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Let every mode through, as the most careless shell would."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_home_is_what_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTERD_HOME", str(tmp_path))
    assert places.find() == Places(tmp_path)
    monkeypatch.setenv("ROUTERD_HOME", "~/mine")
    assert places.find().home == Path("~/mine").expanduser()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROUTERD_HOME", "here")
    assert places.find().home == tmp_path / "here"


@pytest.mark.parametrize("value", [None, ""])
def test_the_home_is_the_users_data_directory_otherwise(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("ROUTERD_HOME", raising=False)
    if value is not None:
        monkeypatch.setenv("ROUTERD_HOME", value)
    expected = platformdirs.user_data_dir("routerd", appauthor=False)
    assert places.find().home == Path(expected)


def test_every_path_lies_below_the_home() -> None:
    here = Places(Path("/home/me/routerd"))
    told = {
        "config": here.config,
        "token": here.token,
        "database": here.database,
        "lock": here.lock,
        "run": here.run,
        "endpoint": here.endpoint,
        "log": here.log,
        "models": here.models,
        "socket": here.mcp_socket,
    }
    assert {name: path.relative_to(here.home).as_posix() for name, path in told.items()} == {
        "config": "config.toml",
        "token": "token",
        "database": "state.db",
        "lock": "daemon.lock",
        "run": "run",
        "endpoint": "run/endpoint.json",
        "log": "logs/routerd.log",
        "models": "models",
        "socket": "run/mcp.sock",
    }


def test_a_long_home_moves_the_socket_to_a_short_directory_of_its_own() -> None:
    one, other = (Places(Path("/home") / (letter * 100)) for letter in "ab")
    assert one.mcp_socket.parent.parent == Path(tempfile.gettempdir())
    assert one.mcp_socket != other.mcp_socket
    assert one.mcp_socket == Places(one.home).mcp_socket


@posix
@pytest.mark.usefixtures("open_umask")
def test_everything_that_is_made_is_the_users_alone(tmp_path: Path) -> None:
    here = Places(tmp_path / "new" / "deep" / "home")
    places.prepare(here)
    made = [path for path in (tmp_path / "new", *(tmp_path / "new").rglob("*")) if path.is_dir()]
    assert len(made) == 6
    assert {mode(path) for path in made} == {0o700}
    places.ensure_token(here.token)
    places.write_private(here.endpoint, "{}")
    assert (mode(here.token), mode(here.endpoint)) == (0o600, 0o600)


@posix
@pytest.mark.usefixtures("open_umask")
def test_a_directory_of_ours_that_is_open_is_tightened(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    places.private_directory(home)
    assert mode(home) == 0o700


@posix
def test_the_directory_of_a_far_socket_is_made_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    here = Places(tmp_path / ("x" * 100))
    places.prepare(here)
    assert here.mcp_socket.parent.parent == tmp_path
    assert mode(here.mcp_socket.parent) == 0o700


@posix
def test_a_link_is_refused_wherever_it_leads(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o755)
    for target in ("real", "nowhere"):
        link = tmp_path / f"link to {target}"
        link.symlink_to(tmp_path / target)
        with pytest.raises(ConfigInvalid, match="is a symbolic link"):
            places.private_directory(link)
    assert mode(tmp_path / "real") == 0o755
    assert not (tmp_path / "nowhere").exists()


def test_a_file_in_the_place_of_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(ConfigInvalid, match="home is not a directory"):
        places.private_directory(tmp_path / "home")
    with pytest.raises(ConfigInvalid, match="can't be made: "):
        places.private_directory(tmp_path / "home" / "run")


@posix
def test_a_directory_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(ConfigInvalid, match=rf"belongs to another user \(uid {owner}\)"):
        places.private_directory(tmp_path)


def test_a_token_is_made_once_and_kept(tmp_path: Path) -> None:
    token, warning = places.ensure_token(tmp_path / "token")
    assert token.startswith("rd-")
    assert len(token) >= 40
    assert warning == ""
    assert places.ensure_token(tmp_path / "token") == (token, "")
    assert places.ensure_token(tmp_path / "other")[0] != token


@posix
@pytest.mark.parametrize("others", [0o644, 0o640, 0o604, 0o620])
def test_a_token_that_others_could_read_or_write_is_made_anew(tmp_path: Path, others: int) -> None:
    path = tmp_path / "token"
    old, _ = places.ensure_token(path)
    path.chmod(others)
    new, warning = places.ensure_token(path)
    assert new != old
    assert "readable by others" in warning
    assert old not in warning
    assert new not in warning
    assert mode(path) == 0o600
    assert places.ensure_token(path) == (new, "")


@posix
def test_a_token_of_another_user_or_behind_a_link_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, elsewhere = tmp_path / "token", tmp_path / "elsewhere"
    planted, _ = places.ensure_token(elsewhere)
    path.symlink_to(elsewhere)
    new, warning = places.ensure_token(path)
    assert new != planted
    assert warning
    assert not path.is_symlink()
    assert elsewhere.read_text("ascii").strip() == planted
    owner = path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert places.ensure_token(path)[0] != new


@pytest.mark.parametrize(
    "content", [b"", b"short", b"x" * 31, b"two words " * 5, b"\xff" * 40, b"a" * 40 + b"\n\nb"]
)
def test_a_file_that_holds_no_token_gets_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    places.write_private(path, "")
    path.write_bytes(content)
    token, warning = places.ensure_token(path)
    assert token.startswith("rd-")
    assert "held no token" in warning
    assert places.ensure_token(path) == (token, "")


def test_a_reader_sees_the_old_file_or_the_new_one_never_half(tmp_path: Path) -> None:
    path = tmp_path / "endpoint.json"
    contents = {letter * 100_000 for letter in "ab"}
    places.write_private(path, "a" * 100_000)
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text("utf-8"))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for content in contents:
            places.write_private(path, content)
    done.set()
    reader.join()
    assert seen <= contents


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    places.write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        places.write_private(path, "\ud800")
    assert [(found.name, found.read_text("utf-8")) for found in tmp_path.iterdir()] == [
        ("file", "old")
    ]


@posix
def test_a_link_is_replaced_not_written_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("old", encoding="utf-8")
    (tmp_path / "file").symlink_to(elsewhere)
    places.write_private(tmp_path / "file", "new")
    assert elsewhere.read_text("utf-8") == "old"
    assert (tmp_path / "file").read_text("utf-8") == "new"


def test_a_shipped_model_lies_in_the_wheel_or_in_the_source_tree() -> None:
    root = Path(places.__file__).parents[2]
    assert places.shipped_model("no-such-model") == root / "models" / "no-such-model"

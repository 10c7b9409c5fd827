"""Files are changed and restored to the byte; what people changed since is theirs."""

import json
from pathlib import Path

import pytest

from routerd.connecting import connection
from routerd.connecting.clients import Plan
from routerd.connecting.edits import Edit, FileChange
from routerd.core.errors import RouterdError
from routerd.settings.places import write_private

OLD = '\ufeff{\r\n  // mine\r\n  "a": 1,\r\n}\r\n'


def _plan(*paths: Path) -> Plan:
    edits = (Edit(("servers", "routerd"), {"key": "rd-secret"}),)
    return Plan(tuple(FileChange(path, "jsonc", edits) for path in paths))


def _connect(place: Path, *paths: Path) -> tuple[connection.Pending, ...]:
    place.mkdir(mode=0o700, exist_ok=True)
    files = connection.pending(_plan(*paths))
    connection.write(place, files, write_private)
    return files


def test_a_file_gets_its_old_bytes_and_mode_back(tmp_path: Path) -> None:
    path, place = tmp_path / "s.json", tmp_path / "kept"
    path.write_bytes(OLD.encode())
    path.chmod(0o644)
    _connect(place, path)
    assert b"rd-secret" in path.read_bytes()
    assert path.read_bytes().startswith('\ufeff{\r\n  // mine\r\n  "a": 1,\r\n'.encode())
    assert path.stat().st_mode & 0o777 == 0o644
    assert connection.known(place)
    assert connection.restore(place) == []
    assert path.read_bytes() == OLD.encode()
    assert not place.exists()


def test_a_new_file_is_private_and_goes_again(tmp_path: Path) -> None:
    path, place = tmp_path / "deep" / "er" / "s.json", tmp_path / "kept"
    _connect(place, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert connection.restore(place) == []
    assert not path.exists()


def test_what_is_kept_is_private(tmp_path: Path) -> None:
    path, place = tmp_path / "s.json", tmp_path / "kept"
    path.write_text(OLD, encoding="utf-8", newline="")
    _connect(place, path)
    assert (place / "0.before").read_bytes() == OLD.encode()
    for kept in place.iterdir():
        assert kept.stat().st_mode & 0o077 == 0


def test_what_was_changed_since_stays_and_only_ours_goes(tmp_path: Path) -> None:
    path, place = tmp_path / "s.json", tmp_path / "kept"
    path.write_text('{\n  "a": 1\n}\n', encoding="utf-8")
    _connect(place, path)
    changed = path.read_text("utf-8").replace('"a": 1', '"a": 2')
    path.write_text(changed, encoding="utf-8")
    assert connection.restore(place) == []
    assert path.read_text("utf-8") == '{\n  "a": 2\n}\n'


def test_what_can_not_be_taken_back_is_said_and_the_old_file_is_kept(tmp_path: Path) -> None:
    path, place = tmp_path / "s.json", tmp_path / "kept"
    path.write_text('{"a": 1}', encoding="utf-8")
    _connect(place, path)
    path.write_text('{"servers": {}}', encoding="utf-8")
    (left,) = connection.restore(place)
    assert "changed since" in left
    assert str(place / "0.before") in left
    assert path.read_text("utf-8") == '{"servers": {}}'
    assert (place / "0.before").read_text("utf-8") == '{"a": 1}'


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link, place = tmp_path / "dotfiles.json", tmp_path / "s.json", tmp_path / "kept"
    target.write_text("{}\n", encoding="utf-8")
    link.symlink_to(target)
    _connect(place, link)
    assert link.is_symlink()
    assert "routerd" in json.loads(target.read_text("utf-8"))["servers"]
    assert connection.restore(place) == []
    assert target.read_text("utf-8") == "{}\n"


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    _connect(tmp_path / "kept", path)
    assert connection.pending(_plan(path)) == ()


def test_a_file_that_can_not_be_read_stops_everything_before_anything_is_written(
    tmp_path: Path,
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    bad.write_text("{'single': 1}", encoding="utf-8")
    with pytest.raises(RouterdError, match=r"bad\.json can't be changed .*--print"):
        connection.pending(_plan(good, bad))
    assert not good.exists()
    bad.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(RouterdError, match="not UTF-8"):
        connection.pending(_plan(bad))


def test_the_change_is_shown_without_the_token(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text('{"a": 1}', encoding="utf-8")
    (file,) = connection.pending(_plan(path))
    shown = file.diff("rd-secret")
    assert "<token>" in shown
    assert "rd-secret" not in shown
    assert '+{"a": 1,' in shown


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 7}', '{"files": [{}]}'])
def test_a_record_that_makes_no_sense_is_said_and_nothing_is_touched(
    tmp_path: Path, text: str
) -> None:
    path, place = tmp_path / "s.json", tmp_path / "kept"
    path.write_text("{}", encoding="utf-8")
    _connect(place, path)
    now = path.read_bytes()
    (place / "record.json").write_text(text, encoding="utf-8")
    with pytest.raises(RouterdError, match="by hand"):
        connection.restore(place)
    assert path.read_bytes() == now
    assert (place / "0.before").exists()

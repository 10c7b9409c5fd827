"""Modes, disk, database and models, each fault really made."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from routerd.cli.checks import files
from routerd.settings import places
from routerd.storage.opening import open_state
from tests.cli.checks.scenes import found, levels, scene


def test_a_token_that_others_can_read_is_a_problem_and_is_closed(tmp_path: Path) -> None:
    at = scene(tmp_path)
    at.here.token.write_text("t", encoding="ascii")
    at.here.token.chmod(0o644)
    at.here.run.chmod(0o755)
    told = found(files.permissions, at)
    assert [(f.level, f.safe) for f in told] == [("warning", True), ("problem", True)]
    assert "~/rd/token is open to other users (644)" in told[1].what
    assert [f.repair() for f in told if f.repair][1] == f"chmod 600 {at.here.token}"
    assert levels(files.permissions, at) == ["ok"]
    assert at.here.token.stat().st_mode & 0o777 == 0o600


def test_settings_that_people_write_may_be_read(tmp_path: Path) -> None:
    at = scene(tmp_path)
    at.here.config.write_text("", encoding="utf-8")
    at.here.config.chmod(0o644)
    assert levels(files.permissions, at) == ["ok"]


@pytest.mark.parametrize(
    ("scarce", "full", "level"), [(0, 0, "ok"), (2**62, 0, "warning"), (2**62, 2**62, "problem")]
)
def test_a_disk_that_fills_up_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scarce: int, full: int, level: str
) -> None:
    monkeypatch.setattr(files, "SCARCE_BYTES", scarce)
    monkeypatch.setattr(files, "FULL_BYTES", full)
    assert levels(files.disk, scene(tmp_path)) == [level]


def test_a_sound_a_damaged_and_a_newer_database_are_told_apart(tmp_path: Path) -> None:
    at = scene(tmp_path)
    assert levels(files.database, at) == ["note"]
    connection, _ = open_state(at.here.database)
    connection.close()
    (sound,) = found(files.database, at)
    assert "0 decisions" in sound.what
    with sqlite3.connect(at.here.database) as newer:
        newer.execute("pragma user_version = 999")
    newer.close()
    (told,) = found(files.database, at)
    assert (told.level, "newer routerd" in told.what) == ("problem", True)
    at.here.database.write_bytes(b"no database at all" * 100)
    (told,) = found(files.database, at)
    assert (told.level, "damaged" in told.what) == ("problem", True)


def test_a_model_cut_short_is_told_by_its_checksum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert levels(files.models, scene(tmp_path)) == ["ok", "ok"]
    for name in ("router", "plumbing"):
        shutil.copytree(places.shipped_model(name), tmp_path / name)
    for path in (tmp_path / "router" / "model.onnx", tmp_path / "plumbing" / "plumbing.gguf"):
        path.write_bytes(path.read_bytes()[:-1000])
    monkeypatch.setattr(places, "shipped_model", lambda name: tmp_path / name)
    told = found(files.models, scene(tmp_path))
    assert [f.level for f in told] == ["problem", "problem"]
    assert "model.onnx does not match" in told[0].what
    (tmp_path / "router" / "labels.json").unlink()
    (tmp_path / "plumbing" / "plumbing.gguf").unlink()
    assert levels(files.models, scene(tmp_path)) == ["problem", "note"]

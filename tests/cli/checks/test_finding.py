from pathlib import Path

from tests.cli.checks.scenes import STATUS, scene


def test_the_port_is_the_running_daemons_else_the_settings(tmp_path: Path) -> None:
    assert scene(tmp_path).port == 7411
    assert scene(tmp_path, status=STATUS).port == 7999


def test_paths_below_the_home_are_short(tmp_path: Path) -> None:
    at = scene(tmp_path)
    assert at.short(tmp_path / "rd" / "token") == "~/rd/token"
    assert at.short(Path("/etc/hosts")) == "/etc/hosts"
    assert at.surroundings.home == tmp_path

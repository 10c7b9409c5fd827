"""What the machine allows, tried for real where it can be."""

import subprocess
import sys
from pathlib import Path

import pytest

from routerd.cli.checks import machine
from tests.cli.checks.scenes import STATUS, found, levels, scene


def test_the_classifier_says_what_it_runs_on(tmp_path: Path) -> None:
    (told,) = found(machine.execution_provider, scene(tmp_path, status=STATUS))
    assert told.level == "ok"
    assert "CPU" in told.what
    assert "ready (x)" in told.what
    broken = {**STATUS, "classifier": "corrupt: model.onnx"}
    assert levels(machine.execution_provider, scene(tmp_path, status=broken)) == ["warning"]


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_the_kernels_layer_is_tried_and_never_overstated(tmp_path: Path) -> None:
    (told,) = found(machine.offline_layer, scene(tmp_path))
    # CLONE_NEWUSER and CLONE_NEWNET, asked of the kernel by a process of its own.
    code = "import ctypes, sys; sys.exit(ctypes.CDLL(None).unshare(0x50000000) != 0)"
    allowed = subprocess.run([sys.executable, "-c", code], check=False)
    assert (told.level == "ok") is (allowed.returncode == 0)
    offline = {**STATUS, "offline": True, "offline_layer": "an audit hook"}
    assert "an audit hook" in found(machine.offline_layer, scene(tmp_path, status=offline))[0].what


def test_proxies_that_are_not_used_are_noted(tmp_path: Path) -> None:
    assert found(machine.proxies, scene(tmp_path)) == []
    (told,) = found(machine.proxies, scene(tmp_path, environ={"https_proxy": "http://p:1"}))
    assert told.what.startswith("HTTPS_PROXY set")


def test_the_tray_says_how_it_stands_or_is_not_there(tmp_path: Path) -> None:
    (told,) = found(machine.tray, scene(tmp_path))
    assert told.level in ("ok", "note")
    assert "tray" in told.what


def test_what_starts_at_login_is_found_and_a_dead_one_told(tmp_path: Path) -> None:
    at = scene(tmp_path)
    assert levels(machine.autostart, at) == ["note"]
    folder = {"darwin": "Library/LaunchAgents"}.get(sys.platform, ".config/systemd/user")
    (tmp_path / folder).mkdir(parents=True)
    unit = tmp_path / folder / "routerd.service"
    unit.write_text(f"[Service]\nExecStart={sys.executable} -m routerd serve\n", encoding="utf-8")
    assert levels(machine.autostart, at) == ["ok"]
    unit.write_text("[Service]\nExecStart=/gone/bin/routerd serve\n", encoding="utf-8")
    (told,) = found(machine.autostart, at)
    assert (told.level, "/gone/bin/routerd" in told.what) == ("warning", True)

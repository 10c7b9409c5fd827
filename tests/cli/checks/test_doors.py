"""Port, endpoint file and daemon, each fault really made."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

from routerd import __version__
from routerd.cli.checks import doors
from routerd.core.config import Config
from tests.cli.checks.scenes import STATUS, found, levels, scene


def test_a_port_that_somebody_has_is_a_problem_that_names_him(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        (taken,) = found(doors.port, scene(tmp_path, config=Config(port=port)))
    assert taken.level == "problem"
    assert f"process {os.getpid()}" in taken.what
    assert f"port = {port + 1}" in taken.fix
    assert levels(doors.port, scene(tmp_path, config=Config(port=port))) == ["ok"]


def test_a_port_that_changes_at_each_start_is_noted(tmp_path: Path) -> None:
    assert levels(doors.port, scene(tmp_path, config=Config(port=0))) == ["note"]


def test_a_running_daemon_has_its_port_and_a_new_one_waits_for_a_restart(tmp_path: Path) -> None:
    same = scene(tmp_path, status=STATUS, config=Config(port=7999))
    assert found(doors.port, same) == []
    assert levels(doors.port, scene(tmp_path, status=STATUS)) == ["warning"]


def test_an_endpoint_of_a_daemon_that_is_gone_is_removed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    at = scene(tmp_path)
    at.here.endpoint.write_text(json.dumps({"port": 1, "pid": child.pid}), encoding="utf-8")
    (stale,) = found(doors.endpoint_file, at)
    assert (stale.level, stale.safe) == ("warning", True)
    assert stale.repair
    assert "removed" in stale.repair()
    assert found(doors.endpoint_file, at) == []


def test_a_daemon_that_hangs_is_a_problem_and_its_file_stays(tmp_path: Path) -> None:
    at = scene(tmp_path)
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    run = [sys.executable, "-c", code, "routerd"]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        at.here.endpoint.write_text(json.dumps({"port": 1, "pid": child.pid}), encoding="utf-8")
        (hung,) = found(doors.endpoint_file, at)
        child.communicate()
    assert (hung.level, hung.repair) == ("problem", None)
    assert f"kill {child.pid}" in hung.fix


def test_another_program_at_the_daemons_address_is_a_problem(tmp_path: Path) -> None:
    at = scene(tmp_path, daemon_fault="The answer is not JSON.")
    at.here.endpoint.write_text('{"port": 1, "pid": 1}', encoding="utf-8")
    (told,) = found(doors.running, at)
    assert (told.level, "not JSON" in told.what) == ("problem", True)
    assert found(doors.endpoint_file, at) == []


def test_the_daemon_is_told_with_its_version_and_its_warnings(tmp_path: Path) -> None:
    assert levels(doors.running, scene(tmp_path)) == ["note"]
    assert levels(doors.running, scene(tmp_path, status=STATUS)) == ["warning"]
    status = {**STATUS, "version": __version__, "warnings": ["state.db was damaged"]}
    told = found(doors.running, scene(tmp_path, status=status))
    assert [finding.level for finding in told] == ["ok", "warning"]
    assert told[1].what == "state.db was damaged"

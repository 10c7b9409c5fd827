"""Runs everything a change must pass: format, lint, types, import contracts, tests.

`python tests/check.py` from the repository's root, with the `test` extra installed; further
arguments go to pytest. The tests run where there is no network but loopback, as far as the system
allows it (Linux); with `--network` they run in the machine's own.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
STEPS: tuple[tuple[str, list[str]], ...] = (
    ("format", [str(BIN / "ruff"), "format", "--check", "."]),
    ("lint", [str(BIN / "ruff"), "check", "--no-cache", "."]),
    ("types", [str(BIN / "mypy")]),
    ("contracts", [str(BIN / "lint-imports"), "--no-cache"]),
)


def without_network() -> list[str]:
    """Return what to put before a command to take its network away; [] where that is forbidden."""
    alone = [sys.executable, "-m", "tests.no_network"]
    probe = [*alone, sys.executable, "-c", ""]
    tried = subprocess.run(probe, cwd=ROOT, capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return alone
    print(f"the tests run with the network: {tried.stderr.strip()}", flush=True)
    return []


def _workers() -> int:
    """More than cores: tests wait for daemons, browsers and clocks half of their time."""
    cores = os.cpu_count() or 1
    return cores + min(cores, 4)


def main(arguments: list[str]) -> int:
    """Run the steps in order; stop at the first that fails and return its exit code."""
    # CI silences the telemetry of some libraries; here they must be silent without its help.
    environment = {key: value for key, value in os.environ.items() if key != "CI"}
    wanted = [argument for argument in arguments if argument != "--network"]
    # A file's tests share a daemon, so one worker runs them all; the long ones begin (conftest.py).
    shared = [f"-n{_workers()}", "--dist=loadfile", "--no-loadscope-reorder"]
    tests = [sys.executable, "-m", "pytest", *shared, "-m", "not slow", *wanted]
    if wanted == arguments:
        tests = [*without_network(), *tests]
    for name, command in (*STEPS, ("tests", tests)):
        began_s = time.monotonic()
        print(f"== {name}", flush=True)
        if name == "tests":
            # Tools of others are noisy under it; in ours and in what we test it is an error.
            environment["PYTHONWARNDEFAULTENCODING"] = "1"
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        if code:
            print(f"== {name} failed", flush=True)
            return code
        print(f"== {name} passed in {time.monotonic() - began_s:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

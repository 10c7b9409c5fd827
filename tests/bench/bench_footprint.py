"""Cold start, memory, idle CPU, and how long the command line takes to import.

`python -m tests.bench.bench_footprint`: medians of several starts with a warm file cache.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.fakes.daemon import QUIET, Daemon, environment

STARTS, IDLE_S = 5, 20.0


def cold_start(home: Path) -> tuple[float, float]:
    """Return seconds from the command to the first answer of /health, and RSS in MB then."""
    began = time.perf_counter()
    with Daemon(home, QUIET) as daemon:
        took = time.perf_counter() - began
        assert daemon.process is not None
        return took, psutil.Process(daemon.process.pid).memory_info().rss / 1e6


def import_ms(module: str) -> float:
    """Return milliseconds that importing `module` takes, beyond starting Python."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    run = [sys.executable, "-c", code]
    return statistics.median(float(subprocess.check_output(run)) for _ in range(7)) * 1e3


def help_ms(home: Path) -> float:
    """Return milliseconds of `routerd --help`, the whole process."""
    run = [sys.executable, "-m", "routerd", "--help"]
    times = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run(run, env=environment(home), stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def main() -> None:
    """Print the readings."""
    with tempfile.TemporaryDirectory() as folder:
        starts = [cold_start(Path(folder) / str(i)) for i in range(STARTS)]
        print(f"cold start to ready: {statistics.median(s for s, _ in starts):.2f} s")
        print(f"RSS when ready: {statistics.median(m for _, m in starts):.0f} MB")
        with Daemon(Path(folder) / "used", QUIET) as daemon:
            assert daemon.process is not None
            process = psutil.Process(daemon.process.pid)
            for number in range(100):
                daemon.client.post("/control/route", {"text": f"explain case {number} of this"})
            print(f"RSS after 100 decisions: {process.memory_info().rss / 1e6:.0f} MB")
            with daemon.http() as http:
                body = {"messages": [{"role": "user", "content": "hi"}]}
                answer = http.post("/v1/chat/completions", json=body)
            if answer.status_code == 503:
                print(f"no embedded answer (it needs routerd[embedded]): {answer.text[:200]}")
            else:
                answer.raise_for_status()
                print(f"RSS after an embedded answer: {process.memory_info().rss / 1e6:.0f} MB")
            before = sum(process.cpu_times()[:2])
            time.sleep(IDLE_S)
            used = sum(process.cpu_times()[:2]) - before
            print(f"idle CPU: {used / IDLE_S:.2%} of one core")
        print(f"import routerd.cli.main: {import_ms('routerd.cli.main'):.0f} ms")
        print(f"routerd --help: {help_ms(Path(folder)):.0f} ms ({os.cpu_count()} cores)")


if __name__ == "__main__":
    main()

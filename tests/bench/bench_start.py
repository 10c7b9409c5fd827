"""How long a person waits for a command's first words, through a real daemon.

`python -m tests.bench.bench_start`: RUNS fresh processes each, file cache warm, output on a
pseudo-terminal of 100 columns; a bare interpreter is timed beside them. The least time is what the
command costs where nothing else runs; the median what it cost on this machine at this moment.
"""

import os
import pty
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fakes.daemon import QUIET, Daemon, environment

RUNS = 15
COMMANDS = (
    ("--help",),
    ("status",),
    ("why", "last"),
    ("models",),
    ("stats",),
    ("status", "--json"),
)
PYTHON = sys.executable
BARE = (PYTHON, "-c", "print(1)")


def first_words_s(home: Path, arguments: tuple[str, ...]) -> float:
    """Return seconds from starting the interpreter to its first byte on a terminal."""
    parent, child = pty.openpty()
    variables = environment(home, TERM="xterm-256color", COLUMNS="100")
    began = time.perf_counter()
    with subprocess.Popen(list(arguments), stdin=subprocess.DEVNULL, stdout=child, env=variables):
        os.close(child)
        os.read(parent, 1)
        took = time.perf_counter() - began
        _drain(parent)
    os.close(parent)
    return took


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 65_536):
            pass
    except OSError:  # EIO: the other side is closed
        return


def main() -> None:
    """Print the readings."""
    with tempfile.TemporaryDirectory() as folder, Daemon(Path(folder), QUIET) as daemon:
        for text in ("say hello", "write a regular expression for an IPv4 address"):
            body = {"messages": [{"role": "user", "content": text}], "max_tokens": 8}
            daemon.client.post("/v1/chat/completions", body)
        program = str(Path(PYTHON).with_name("routerd"))
        for arguments in (BARE, *((program, *command) for command in COMMANDS)):
            first_words_s(daemon.home, arguments)
            times = [first_words_s(daemon.home, arguments) * 1e3 for _ in range(RUNS)]
            name = " ".join((Path(arguments[0]).name, *arguments[1:]))
            print(
                f"{name:24} least {min(times):4.0f} ms, median {statistics.median(times):4.0f} ms"
            )


if __name__ == "__main__":
    main()

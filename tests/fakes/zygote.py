"""Starts daemons from a process that has imported the house already: `python -m tests.fakes.zygote`.

Each line on standard input starts one for ROUTERD_HOME and is answered with its process id. Such a
daemon is ready in a fifth of the time, and is otherwise the real one, process and all.
"""

import os
import signal
import sys
import traceback
from pathlib import Path

from routerd.daemon import serve, start
from routerd.screening.screener import all_detectors
from routerd.settings import places

# What a daemon imports at its start and at its first request.
assert serve
assert all_detectors()


def daemon() -> None:
    """Become a daemon: what `routerd serve` does."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    here = places.find()
    output = os.open(here.home / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(output, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    start.run(here, foreground=False)


def main() -> None:
    """Fork once a line, until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed is buried by the kernel
    # Native libraries start threads at their first use; none may exist before a fork.
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                daemon()
                code = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    assert Path(os.environ["ROUTERD_HOME"]).is_dir()
    main()

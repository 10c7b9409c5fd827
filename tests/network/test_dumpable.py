"""Dumps of the process's memory are forbidden."""

import subprocess
import sys

import pytest

SCRIPT = """
from routerd.network import dumpable
print(dumpable.forbidden(), dumpable.forbid(), dumpable.forbidden(), flush=True)
import subprocess, sys
show = "print(open('/proc/self/coredump_filter', encoding='ascii').read())"
subprocess.run([sys.executable, "-c", show], check=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a switch of Linux")
def test_dumps_are_forbidden_for_good() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, encoding="utf-8", check=True
    )
    # A process started from here may be dumped again, but there is nothing in it.
    assert ran.stdout.split() == ["False", "True", "True", "00000000"]

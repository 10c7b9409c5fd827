"""Linux: no core file of this process, not even one that a pipe would collect."""

import contextlib
import ctypes
import sys
from pathlib import Path

_PR_SET_DUMPABLE, _PR_GET_DUMPABLE = 4, 3


def forbid() -> bool:
    """Forbid dumps of this process's memory; False where the system has no such switch.

    Call it last: the files of a process that forbids them belong to root. The limit on core files
    alone does not hold for systems that pipe them to a collector. Processes started from here may
    be dumped again, so what they inherit is an empty list of what a dump would contain.
    Source: prctl(2), core(5).
    """
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError):  # kernels without that list
        Path("/proc/self/coredump_filter").write_text("0", encoding="ascii")
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)


def forbidden() -> bool:
    """Whether dumps are forbidden now."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)

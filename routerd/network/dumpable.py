"""Linux: no core file of this process, not even one that a pipe would collect."""

import ctypes
import sys

_PR_SET_DUMPABLE, _PR_GET_DUMPABLE = 4, 3


def forbid() -> bool:
    """Forbid dumps of this process's memory; False where the system has no such switch.

    Call it last: the files of a process that forbids them belong to root. The limit on core files alone does not hold for systems that pipe them to a collector.
    Source: prctl(2), core(5).
    """
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)


def forbidden() -> bool:
    """Whether dumps are forbidden now."""
    if sys.platform != "linux":
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)

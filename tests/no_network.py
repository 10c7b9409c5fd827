"""Runs a command where there is nothing but loopback: `python -m tests.no_network COMMAND …`.

Linux: a network namespace, so that the kernel itself sees to it. Root gets one without a namespace
of users, in which files could not be given to others. Exit code 125 where the system forbids it.
"""

import ctypes
import os
import sys

from routerd.network import airgap

FORBIDDEN = 125
_CLONE_NEWNET = 0x40000000


def enter() -> None:
    """Leave the machine's network. Raises: airgap.AirgapRefused."""
    if (
        sys.platform == "linux"
        and os.geteuid() == 0
        and ctypes.CDLL(None).unshare(_CLONE_NEWNET) == 0
    ):
        airgap._raise_loopback()
    else:
        airgap.enter()


def main(command: list[str]) -> None:
    """Become the command."""
    try:
        enter()
    except airgap.AirgapRefused as error:
        print(error, file=sys.stderr)
        sys.exit(FORBIDDEN)
    os.execvp(command[0], command)  # noqa: S606  # what the caller asked for


if __name__ == "__main__":
    main(sys.argv[1:])

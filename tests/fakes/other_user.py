"""Another user of the machine, for the tests of what belongs to somebody else."""

import os
from pathlib import Path

import pytest

UID = 12345


def give_away(path: Path) -> None:
    """Make the file that user's; the test is skipped where this process can't."""
    if not hasattr(os, "chown"):
        pytest.skip("this system knows no owners in numbers")
    try:
        os.chown(path, UID, -1)
    except OSError as error:
        pytest.skip(f"nothing can be given to another user here: {error.strerror}")

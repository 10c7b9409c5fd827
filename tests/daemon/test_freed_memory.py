import sys
from pathlib import Path

import pytest

from routerd.daemon import freed_memory


def resident() -> int:
    """Return the pages of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_that_was_freed_goes_back_to_the_system() -> None:
    # Small pieces, every other kept: glibc gives such back only when asked.
    pieces = [bytearray(50_000) for _ in range(2_000)]
    del pieces[::2]
    before = resident()
    assert freed_memory.give_back()
    assert resident() < before
    assert len(pieces) == 1_000

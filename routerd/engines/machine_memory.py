"""How much memory is free on this machine for models: RAM, and an NVIDIA card's own."""

import shutil
import subprocess

import psutil

ASK_S = 3.0
_QUERY = ("--query-gpu=memory.free", "--format=csv,noheader,nounits")


def free_bytes() -> int:
    """Return free RAM and VRAM together, in bytes. Blocks up to ASK_S."""
    return int(psutil.virtual_memory().available) + free_vram_bytes()


def free_vram_bytes(program: str = "nvidia-smi") -> int:
    """Return the free memory of all cards, 0 where there is none that tells.

    Apple's chips and integrated graphics share the RAM, which is counted already.
    """
    found = shutil.which(program)
    if found is None:
        return 0
    try:
        told = subprocess.run(  # noqa: S603  # a fixed command, nothing of it comes from outside
            [found, *_QUERY], capture_output=True, encoding="ascii", timeout=ASK_S, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return 0
    lines = (line.strip() for line in told.stdout.splitlines())
    return sum(int(line) << 20 for line in lines if line.isdigit())

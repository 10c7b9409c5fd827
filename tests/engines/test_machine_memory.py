"""Free memory, as the machine and a card tell it."""

import sys
from pathlib import Path

import psutil
import pytest

from routerd.engines.machine_memory import free_bytes, free_vram_bytes


def test_free_memory_is_no_more_than_there_is() -> None:
    assert 0 < free_bytes() - free_vram_bytes() <= psutil.virtual_memory().total


def test_without_a_card_there_is_no_vram() -> None:
    assert free_vram_bytes("no-such-program") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a shell script")
@pytest.mark.parametrize(
    ("script", "megabytes"),
    [
        ("printf '20000\\n 4096\\n'", 24_096),
        ("printf '[N/A]\\n'", 0),
        ("exit 9", 0),
    ],
)
def test_cards_are_added_up_and_faults_are_no_memory(
    tmp_path: Path, script: str, megabytes: int
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    assert free_vram_bytes(str(program)) == megabytes << 20

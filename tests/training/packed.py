"""Writes files of what readers said, as the data folder has them."""

import gzip
from pathlib import Path


def pack(path: Path, *lines: str) -> None:
    """Write lines that `models.training.rows.packed_lines` reads back."""
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))

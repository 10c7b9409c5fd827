"""What is drawn, kept as text: `python -m tests.cli.golden` writes it anew, to be looked at."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

FOLDER = Path(__file__).parent / "golden"


def drawn(show: Callable[..., None], found: Any, width: int) -> str:
    """Return what `show(found, console)` prints on a terminal of that width, without colours."""
    out = Console(file=io.StringIO(), width=width, color_system=None)
    show(found, out)
    assert isinstance(out.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in out.file.getvalue().splitlines())


def kept(name: str, width: int) -> Path:
    """Return where a picture lies."""
    return FOLDER / f"{name}-{width}.txt"


def main() -> None:
    """Draw everything and keep it."""
    from tests.cli import test_models_table, test_stats, test_why

    for module in (test_models_table, test_stats, test_why):
        for name, (show, found) in module.PICTURES.items():
            for width in module.WIDTHS:
                kept(name, width).write_text(drawn(show, found, width), encoding="utf-8")


if __name__ == "__main__":
    main()

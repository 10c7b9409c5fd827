"""Progress of long work, on stderr and on a terminal alone; a pipe gets results, nothing else."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

T = TypeVar("T")


def _bar(*columns: ProgressColumn, quiet: bool, transient: bool) -> Progress:
    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal or console.is_dumb_terminal
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        console=console,
        disable=hidden,
        transient=transient,
    )


def download() -> Progress:
    """Return a bar for bytes that come."""
    columns = (DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    return _bar(*columns, quiet=False, transient=False)


def steps(items: Sequence[T], what: str, *, quiet: bool = False) -> Iterator[T]:
    """Yield the items, with a bar that goes when they are through; `quiet`: without."""
    columns = (MofNCompleteColumn(), TimeRemainingColumn())
    with _bar(*columns, quiet=quiet, transient=True) as bar:
        yield from bar.track(items, description=what)

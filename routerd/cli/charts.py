"""Bars, columns and sparklines of block characters; they draw numbers and know nothing of routerd."""

from collections.abc import Sequence

from rich.text import Text

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = " ▁▂▃▄▅▆▇█"


def bar(value: float, width: int) -> str:
    """Return a bar for 0..1, to an eighth of a block, padded to `width`."""
    full, part = divmod(round(max(0.0, min(1.0, value)) * width * 8), 8)
    return ("█" * full + _EIGHTHS[part].strip()).ljust(width)


def split_bar(here: float, elsewhere: float, width: int) -> Text:
    """Return one bar of two parts (shares of the whole width): full is here, light elsewhere."""
    ends = round(max(0.0, min(1.0, here + elsewhere)) * width)
    if here + elsewhere > 0:
        ends = max(ends, 1)
    first = min(round(here * width), ends)
    if here > 0 and first == 0:
        first = 1
    text = Text.assemble(("█" * first, "green"), ("░" * (ends - first), "magenta"))
    text.pad_right(width - len(text))
    return text


def columns(values: Sequence[float], height: int, *, width: int = 1, gap: int = 1) -> list[str]:
    """Return a column chart as lines, top first; each column `width` wide. The highest fills it."""
    most = max(values, default=0.0)
    lines = []
    for row in reversed(range(height)):
        cells = []
        for value in values:
            level = (value / most if most > 0 else 0.0) * height - row
            mark = _LEVELS[max(0, min(8, round(level * 8)))]
            # A day with something on it must not look like a day without.
            if row == 0 and value > 0 and mark == " ":
                mark = _LEVELS[1]
            cells.append(mark * width + " " * gap)
        lines.append("".join(cells).rstrip())
    return lines


def folded(values: Sequence[float], most: int) -> list[float]:
    """Return at most `most` values: neighbours are added up where there are more."""
    step = -(-len(values) // most) if values else 1
    return [sum(values[at : at + step]) for at in range(0, len(values), step)]

"""Terminal output with its colours as a small SVG: no font and nothing else from elsewhere.

Block characters are drawn as rectangles, because fonts leave gaps between them where lines are set
apart; text is set in whatever fixed-width font there is, and fitted to the grid.
"""

from collections.abc import Iterator
from html import escape

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

CELL, LINE, FONT, EDGE, HEAD = 8.4, 18.0, 14.0, 14.0, 34.0
THEME = TerminalTheme(
    (24, 27, 33),
    (214, 219, 228),
    [(24, 27, 33), (240, 113, 120), (139, 195, 108), (229, 181, 103),
     (106, 159, 235), (198, 130, 222), (86, 182, 194), (214, 219, 228)],
    [(92, 99, 112), (240, 113, 120), (139, 195, 108), (229, 181, 103),
     (106, 159, 235), (198, 130, 222), (86, 182, 194), (255, 255, 255)],
)  # fmt: skip
_ACROSS = "▏▎▍▌▋▊▉█"
_UPWARDS = "▁▂▃▄▅▆▇"
_FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono',monospace"


def svg(ansi: str, title: str, columns: int) -> str:
    """Return the picture of a terminal that shows `ansi`."""
    lines = list(_lines(ansi.rstrip("\n"), columns))
    width, height = columns * CELL + 2 * EDGE, HEAD + len(lines) * LINE + EDGE
    ground, ink = THEME.background_color.hex, THEME.foreground_color.hex
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" font-family="{_FONTS}" font-size="{FONT:g}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{ground}"/>',
        *(
            f'<circle cx="{18 + 18 * at}" cy="17" r="5.5" fill="{colour}"/>'
            for at, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
        ),
        f'<text x="{width / 2:.0f}" y="22" fill="{ink}" fill-opacity=".6" '
        f'text-anchor="middle">{escape(title)}</text>',
    ]
    for number, segments in enumerate(lines):
        parts += _line(segments, HEAD + number * LINE)
    return "\n".join((*parts, "</svg>")) + "\n"


def _lines(ansi: str, columns: int) -> Iterator[list[Segment]]:
    console = Console(width=columns, color_system="truecolor", force_terminal=True)
    options = console.options.update(width=columns)
    for line in ansi.split("\n"):
        shown = console.render_lines(Text.from_ansi(line), options, pad=False)
        yield shown[0] if shown else []


def _line(segments: list[Segment], top: float) -> Iterator[str]:
    column = 0
    for segment in segments:
        style = segment.style or Style()
        colour, opacity = _ink(style)
        for text in _runs(segment.text):
            if text.strip():
                yield _drawn(text, column, top, colour, opacity, style)
            column += len(text)


def _runs(text: str) -> Iterator[str]:
    """Yield the text in pieces: words with single spaces together, blocks of one kind together."""
    run = ""
    for character in text:
        last = run[-1:]
        gap = character == " " and last == " "
        if run and (_kind(character) != _kind(last) or gap) and not (last == character == " "):
            yield run
            run = ""
        run += character
    if run:
        yield run


def _kind(character: str) -> str:
    blocks = character in _ACROSS or character in _UPWARDS or character == "░"
    return character if blocks else "text"


def _drawn(text: str, column: int, top: float, colour: str, opacity: float, style: Style) -> str:
    if _kind(text[0]) != "text":
        return _blocks(text, column, top, colour, opacity)
    lead = len(text) - len(text.lstrip(" "))
    text = text.strip(" ")
    more = ' font-weight="bold"' if style.bold else ""
    more += ' font-style="italic"' if style.italic else ""
    more += f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    x = EDGE + (column + lead) * CELL
    return (
        f'<text x="{x:.1f}" y="{top + LINE * 0.74:.1f}" textLength="{len(text) * CELL:.1f}" '
        f'fill="{colour}"{more} xml:space="preserve">{escape(text)}</text>'
    )


def _blocks(text: str, column: int, top: float, colour: str, opacity: float) -> str:
    mark, count = text[0], len(text)
    x, y, width, height = EDGE + column * CELL, top, count * CELL, LINE
    if mark in _ACROSS:
        width = (count - 1) * CELL + CELL * (_ACROSS.index(mark) + 1) / 8
    elif mark in _UPWARDS:
        height = LINE * (_UPWARDS.index(mark) + 1) / 8
        y += LINE - height
    else:
        opacity *= 0.4
    seen = f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}"{seen}/>'


def _ink(style: Style) -> tuple[str, float]:
    colour = style.color
    if colour is None or colour.is_default:
        shown = THEME.foreground_color
    else:
        shown = colour.get_truecolor(THEME)
    return shown.hex, 0.55 if style.dim else 1.0

"""The menu as a picture, for trays that offer none: where each line lies, and how it looks.

Lists open in place, below the line that names them. Sizes are pixels.
"""

import subprocess  # fontconfig's own tool, to find the font the user has chosen
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from tray.view import Item

Colour = tuple[int, int, int]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Box = tuple[int, int, int, int]
# Draws with a pen, in units of one pixel at scale 1, within a size.
Shape = Callable[[ImageDraw.ImageDraw, float, tuple[int, int]], None]
# The side of a mark, and how much larger it is drawn before it is scaled down.
MARK, SOFT = 12, 4
MARK_SPACE, INDENT, RIGHT_SPACE = 26, 16, 18
ROW, LINE, EDGE = 26, 9, 5


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme."""

    ground: Colour
    text: Colour
    faint: Colour
    line: Colour
    border: Colour
    hover: Colour
    hover_text: Colour


LIGHT = Palette(
    (252, 252, 252),
    (28, 30, 33),
    (104, 110, 118),
    (226, 228, 231),
    (196, 199, 203),
    (30, 95, 220),
    (255, 255, 255),
)
DARK = Palette(
    (43, 45, 49),
    (236, 237, 239),
    (160, 165, 173),
    (66, 69, 75),
    (78, 82, 89),
    (52, 116, 235),
    (255, 255, 255),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it stands for, where it begins and how high it is."""

    item: Item
    top: int
    height: int
    depth: int
    expanded: bool = False


class MenuPicture:
    """A menu at one scale; `expanded` holds the labels of the lists that are open."""

    def __init__(self, items: tuple[Item, ...], *, dark: bool = False, scale: float = 1.0) -> None:
        self.items = items
        self.expanded: set[str] = set()
        self.scale = scale
        self._palette = DARK if dark else LIGHT
        self._font = font(self._px(13))

    def _px(self, value: float) -> int:
        return round(value * self.scale)

    def rows(self) -> tuple[Row, ...]:
        """Return the lines from top to bottom."""
        found: list[Row] = []
        top = self._px(EDGE)
        for item, depth in self._open(self.items, 0):
            height = self._px(LINE if item.separator else ROW)
            found.append(Row(item, top, height, depth, item.label in self.expanded))
            top += height
        return tuple(found)

    def _open(self, items: Iterable[Item], depth: int) -> Iterator[tuple[Item, int]]:
        for item in items:
            yield item, depth
            if item.children and item.label in self.expanded:
                yield from self._open(item.children, depth + 1)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height; the width has room for every list, so that opening one moves nothing."""
        widths = [self._width(item, depth) for item, depth in _all(self.items, 0)]
        rows = self.rows()
        bottom = rows[-1].top + rows[-1].height if rows else 0
        return max(widths, default=0), bottom + self._px(EDGE)

    def _width(self, item: Item, depth: int) -> int:
        fixed = self._px(MARK_SPACE + INDENT * depth + RIGHT_SPACE + (14 if item.children else 0))
        return fixed + round(self._font.getlength(item.label))

    def at(self, y: int) -> Row | None:
        """Return the line at that height."""
        return next((row for row in self.rows() if row.top <= y < row.top + row.height), None)

    def toggle(self, item: Item) -> None:
        """Open or close a list."""
        self.expanded ^= {item.label}

    def draw(self, hover: Item | None = None) -> Image.Image:
        """Return the picture, with the line under the pointer marked."""
        palette = self._palette
        image = Image.new("RGB", self.size, palette.ground)
        pen = ImageDraw.Draw(image)
        right, bottom = image.width - 1, image.height - 1
        pen.rectangle((0, 0, right, bottom), outline=palette.border)
        for row in self.rows():
            if row.item.separator:
                middle = row.top + row.height // 2
                pen.line((self._px(10), middle, right - self._px(10), middle), palette.line)
            else:
                self._draw_row(image, row, row.item is hover and row.item.active)
        return image

    def _draw_row(self, image: Image.Image, row: Row, marked: bool) -> None:
        palette, item = self._palette, row.item
        right, middle = image.width - 1, row.top + row.height // 2
        if marked:
            box = (self._px(4), row.top, right - self._px(4), row.top + row.height)
            self._soft(image, box, palette.hover, _bar)
        colour = palette.text if item.active else palette.faint
        colour = palette.hover_text if marked else colour
        left = self._px(MARK_SPACE + INDENT * row.depth)
        pen = ImageDraw.Draw(image)
        pen.text((left, middle), item.label, font=self._font, fill=colour, anchor="lm")
        if item.checked:
            shape = _dot if item.radio else _tick
            self._soft(image, self._around(left - self._px(13), middle), colour, shape)
        if item.children:
            shape = _down if row.expanded else _right
            self._soft(image, self._around(right - self._px(14), middle), colour, shape)

    def _around(self, x: int, y: int) -> Box:
        half = self._px(MARK / 2)
        return x - half, y - half, x + half, y + half

    def _soft(self, image: Image.Image, box: Box, colour: Colour, shape: Shape) -> None:
        """Draw a shape with soft edges, which Pillow does not draw by itself."""
        width, height = box[2] - box[0], box[3] - box[1]
        mask = Image.new("L", (width * SOFT, height * SOFT))
        shape(ImageDraw.Draw(mask), SOFT * self.scale, mask.size)
        image.paste(colour, box, mask.resize((width, height), Image.Resampling.LANCZOS))


def _bar(pen: ImageDraw.ImageDraw, unit: float, size: tuple[int, int]) -> None:
    pen.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 4 * unit, fill=255)


def _dot(pen: ImageDraw.ImageDraw, unit: float, size: tuple[int, int]) -> None:
    middle = size[0] / 2
    reach = 3.2 * unit
    pen.ellipse((middle - reach, middle - reach, middle + reach, middle + reach), fill=255)


def _tick(pen: ImageDraw.ImageDraw, unit: float, _: tuple[int, int]) -> None:
    points = [(x * unit, y * unit) for x, y in ((1.5, 6.2), (4.8, 9.4), (10.6, 2.6))]
    pen.line(points, 255, round(1.9 * unit), "curve")


def _right(pen: ImageDraw.ImageDraw, unit: float, _: tuple[int, int]) -> None:
    pen.polygon([(x * unit, y * unit) for x, y in ((4, 2), (4, 10), (9, 6))], 255)


def _down(pen: ImageDraw.ImageDraw, unit: float, _: tuple[int, int]) -> None:
    pen.polygon([(x * unit, y * unit) for x, y in ((2, 4), (10, 4), (6, 9))], 255)


def _all(items: Iterable[Item], depth: int) -> Iterator[tuple[Item, int]]:
    for item in items:
        yield item, depth
        yield from _all(item.children, depth + 1)


@cache
def font(size: int) -> Font:
    """Return the user's font for interfaces, else the one Pillow brings along."""
    path = _font_path()
    if path:
        try:
            return ImageFont.truetype(path, size)
        except OSError:
            pass  # a format FreeType does not read; the other one does
    return ImageFont.load_default(size)


@cache
def _font_path() -> str:
    command = ["fc-match", "--format=%{file}", "sans-serif:style=Regular"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()

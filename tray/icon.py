"""Draws the icon of a look: shapes first, colour only on top of them.

Every state is a different shape on the tile, so that it can be told in grey, at 16 pixels, on a
light panel and on a dark one. Coordinates are those of a 16 x 16 grid, whatever the size.
"""

from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw

from tray.view import Kind, Look

GRID = 16.0
# Drawn this much larger and scaled down: Pillow draws no soft edges itself.
OVERSAMPLE = 8
SIZES = (16, 22, 24, 32, 48, 64)

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
DARK: Colour = (28, 25, 23)
AMBER: Colour = (250, 204, 21)
RED: Colour = (220, 38, 38)
TILES: dict[Kind, Colour] = {
    "stopped": (128, 134, 144),
    "paused": (82, 92, 108),
    "busy": (217, 70, 10),
    "offline": (21, 122, 62),
    "cloud": (109, 56, 220),
    "local": (30, 95, 220),
}


class Canvas:
    """A transparent picture whose coordinates are those of the grid."""

    def __init__(self, size: int, tile: Colour, ink: Colour = WHITE) -> None:
        self.size = size
        self.scale = size * OVERSAMPLE / GRID
        self.image = Image.new("RGBA", (size * OVERSAMPLE, size * OVERSAMPLE), (*tile, 0))
        self.draw = ImageDraw.Draw(self.image)
        self.tile, self.ink = tile, ink

    def _box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        left, top, right, bottom = (value * self.scale for value in box)
        return left, top, right - 1, bottom - 1

    def rectangle(
        self, box: tuple[float, float, float, float], radius: float, fill: Colour
    ) -> None:
        """Fill a rectangle with round corners."""
        self.draw.rounded_rectangle(self._box(box), radius * self.scale, fill=(*fill, 255))

    def ellipse(self, box: tuple[float, float, float, float], fill: Colour) -> None:
        """Fill an ellipse."""
        self.draw.ellipse(self._box(box), fill=(*fill, 255))

    def polygon(self, points: list[tuple[float, float]], fill: Colour) -> None:
        """Fill a polygon."""
        self.draw.polygon([(x * self.scale, y * self.scale) for x, y in points], (*fill, 255))

    def arc(
        self,
        box: tuple[float, float, float, float],
        start: float,
        end: float,
        width: float,
        fill: Colour,
    ) -> None:
        """Draw an arc, degrees clockwise from three o'clock."""
        thick = round(width * self.scale)
        self.draw.arc(self._box(box), start, end, fill=(*fill, 255), width=thick)

    def cut(self, shape: Callable[["Canvas"], None]) -> None:
        """Make transparent what `shape` would cover."""
        mask = Canvas(self.size, self.tile, self.ink)
        shape(mask)
        hole = ImageChops.invert(mask.image.getchannel("A"))
        self.image.putalpha(ImageChops.multiply(self.image.getchannel("A"), hole))
        self.draw = ImageDraw.Draw(self.image)


def draw(look: Look, size: int, *, tile: Colour | None = None) -> Image.Image:
    """Return the icon as RGBA, size x size; `tile` replaces the state's own colour."""
    canvas = Canvas(size, tile or TILES[look.kind])
    if look.kind != "stopped":
        canvas.rectangle((0, 0, 16, 16), 3.6, canvas.tile)
    _GLYPHS[look.kind](canvas)
    if look.degraded:
        canvas.cut(lambda c: _triangle(c, 1.5, c.ink))
        _warning(canvas)
    if look.refused:
        canvas.cut(lambda c: c.ellipse((8.8, -1.0, 17.0, 7.2), c.ink))
        _no_entry(canvas)
    return canvas.image.resize((size, size), Image.Resampling.LANCZOS)


def _stopped(c: Canvas) -> None:
    """The power sign, without a tile: nothing is there."""
    c.arc((1.2, 1.6, 14.8, 15.2), -55, 235, 2.2, c.tile)
    c.rectangle((6.9, 0.4, 9.1, 8.2), 1.0, c.tile)


def _paused(c: Canvas) -> None:
    c.rectangle((4, 3.6, 7, 12.4), 0.8, c.ink)
    c.rectangle((9, 3.6, 12, 12.4), 0.8, c.ink)


def _offline(c: Canvas) -> None:
    """A closed padlock."""
    c.rectangle((5, 2.2, 11, 10), 3.0, c.ink)
    c.rectangle((6.8, 4, 9.2, 10), 1.2, c.tile)
    c.rectangle((3.4, 7, 12.6, 13.8), 1.2, c.ink)
    c.ellipse((7, 9, 9, 11), c.tile)
    c.rectangle((7.5, 10, 8.5, 12.2), 0.2, c.tile)


def _local(c: Canvas) -> None:
    """A house: what is asked is answered at home."""
    c.polygon([(8, 2), (14.4, 8.2), (13.2, 9.2), (8, 4.2), (2.8, 9.2), (1.6, 8.2)], c.ink)
    c.polygon([(8, 5.6), (12.4, 9.8), (12.4, 13.6), (3.6, 13.6), (3.6, 9.8)], c.ink)
    c.rectangle((6.8, 9.8, 9.2, 13.6), 0.3, c.tile)


def _cloud_shape(c: Canvas, by: float, fill: Colour) -> None:
    """Draw a cloud; `by` makes it smaller all around."""
    c.ellipse((1.6 + by, 6.6 + by, 7.8 - by, 12.8 - by), fill)
    c.ellipse((4.0 + by, 3.0 + by, 11.4 - by, 10.4 - by), fill)
    c.ellipse((8.2 + by, 5.8 + by, 14.6 - by, 12.8 - by), fill)
    c.rectangle((4.7, 8.2, 11.4, 12.8 - by), 0.1, fill)


def _cloud(c: Canvas) -> None:
    """An empty cloud: it may be asked, and nothing goes there now."""
    _cloud_shape(c, 0, c.ink)
    _cloud_shape(c, 1.5, c.tile)


def _busy(c: Canvas) -> None:
    """A full cloud with an arrow into it: something goes there now."""
    _cloud_shape(c, -0.5, c.ink)
    c.polygon([(8, 4.8), (11.2, 8.4), (4.8, 8.4)], c.tile)
    c.rectangle((6.9, 8, 9.1, 15.2), 0.2, c.tile)


_GLYPHS: dict[Kind, Callable[[Canvas], None]] = {
    "stopped": _stopped,
    "paused": _paused,
    "busy": _busy,
    "offline": _offline,
    "cloud": _cloud,
    "local": _local,
}


def _triangle(c: Canvas, by: float, fill: Colour) -> None:
    """Draw the warning sign's triangle in the lower right corner, larger by `by` all around."""
    c.polygon([(11.2, 7.8 - by * 1.6), (16 + by, 16 + by), (6.4 - by, 16 + by)], fill)


def _warning(c: Canvas) -> None:
    _triangle(c, 0, AMBER)
    c.rectangle((10.6, 10.4, 11.8, 13.3), 0.3, DARK)
    c.rectangle((10.6, 14.0, 11.8, 15.2), 0.3, DARK)


def _no_entry(c: Canvas) -> None:
    """The sign for no entry in the upper right corner."""
    c.ellipse((9.7, 0, 16, 6.3), RED)
    c.rectangle((10.9, 2.4, 14.8, 3.9), 0.2, WHITE)

"""Every look is a picture of its own: by shape, without colour, at every size, on any panel."""

from itertools import combinations

import pytest
from PIL import Image, ImageChops

from tray import icon
from tray.view import KINDS, Look

GREY = (96, 96, 96)
LOOKS = [
    Look(kind, degraded, refused)
    for kind in KINDS
    for degraded in (False, True)
    for refused in (False, True)
]


def on(panel: int, drawn: Image.Image) -> Image.Image:
    """Return the icon on a grey panel, without colour."""
    ground = Image.new("RGB", drawn.size, (panel, panel, panel))
    ground.paste(drawn, (0, 0), drawn)
    return ground.convert("L")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two grey pictures, 0..255."""
    apart = ImageChops.difference(one, other).tobytes()
    return sum(apart) / len(apart)


@pytest.mark.parametrize("panel", [24, 240])
@pytest.mark.parametrize("size", [16, 22, 32])
def test_any_two_looks_differ_by_their_shape_alone(size: int, panel: int) -> None:
    # All tiles alike: what is left to tell them apart is what is drawn on them.
    drawn = [on(panel, icon.draw(look, size, tile=GREY)) for look in LOOKS]
    for (one, a), (other, b) in combinations(zip(LOOKS, drawn, strict=True), 2):
        assert difference(a, b) > 3.5, (one, other)


@pytest.mark.parametrize("panel", [24, 240])
def test_every_look_can_be_seen_on_its_panel(panel: int) -> None:
    for look in LOOKS:
        drawn = on(panel, icon.draw(look, 16))
        assert difference(drawn, Image.new("L", drawn.size, panel)) > 20, look


@pytest.mark.parametrize("size", icon.SIZES)
def test_a_size_is_drawn_for_itself_with_clear_corners(size: int) -> None:
    for kind in KINDS:
        drawn = icon.draw(Look(kind), size)
        assert (drawn.size, drawn.mode) == ((size, size), "RGBA")
        # The outermost pixel is cut by the tile's round corner.
        alpha = drawn.getpixel((0, 0))
        assert isinstance(alpha, tuple)
        assert alpha[3] < 200
        middle = drawn.getchannel("A").getextrema()
        assert middle[1] == 255

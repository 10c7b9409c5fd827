"""Terminal output as SVG: text on its grid, blocks as shapes, nothing from elsewhere."""

import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

SCRIPT = Path(__file__).parents[2] / "packaging" / "screenshots" / "terminal_svg.py"
svg = runpy.run_path(str(SCRIPT))["svg"]
NAME = "{http://www.w3.org/2000/svg}"


def test_text_keeps_its_column_and_its_colour() -> None:
    tree = ElementTree.fromstring(svg("\x1b[1;32mgood\x1b[0m   <x> & y\n▁█░", "t", 40))  # noqa: S314
    texts = [t for t in tree.iter(f"{NAME}text") if t.text in ("good", "<x> & y")]
    assert [t.get("font-weight") for t in texts] == ["bold", None]
    left = [float(str(t.get("x"))) for t in texts]
    assert left[1] - left[0] == pytest.approx(7 * 8.4)
    assert len(list(tree.iter(f"{NAME}rect"))) == 1 + 3


def test_no_font_and_no_address_is_asked_for() -> None:
    assert "url(" not in svg("x", "t", 10)
    assert svg("x", "t", 10).count("http") == 1  # the namespace

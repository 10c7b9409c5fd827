import re

from routerd.dashboard.assets import STATIC, assets
from routerd.dashboard.pages import TEMPLATES

TEXTS = {path: path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix != ".woff2"}
PAGES = {path: path.read_text("utf-8") for path in TEMPLATES.iterdir()}


def test_every_file_is_served_with_its_kind_and_the_page_stays_small() -> None:
    found = assets()
    assert set(found) == {path.name for path in STATIC.iterdir()}
    assert found["app.js"].content_type.startswith("text/javascript")
    assert len({asset.etag for asset in found.values()}) == len(found)
    assert sum(len(asset.body) for asset in found.values()) < 150_000


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path, text in {**TEXTS, **PAGES}.items():
        addresses = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text)) - {"http://www.w3.org"}
        assert not addresses, path


def test_no_page_has_script_or_style_inside() -> None:
    for path, text in PAGES.items():
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text), path
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path


def test_html_gets_into_the_page_in_one_place() -> None:
    for path, text in TEXTS.items():
        found = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert len(found) == (path.name == "api.js"), path


def test_what_a_page_names_is_there() -> None:
    named = {
        name for text in PAGES.values() for name in re.findall(r"/dashboard/static/([\w.-]+)", text)
    }
    imported = {n for text in TEXTS.values() for n in re.findall(r'from "\./([\w.-]+)"', text)}
    assert named | imported <= set(assets())

import pytest

from routerd.core.candidate import Price
from routerd.daemon.baseline import Baseline, newest
from routerd.settings.catalogue_file import DatedPrice, Entry, ModelCatalogue


def entry(name: str, price: float | None) -> Entry:
    told = None if price is None else DatedPrice(price, 5 * price, "2026-11-24", price / 10)
    return Entry(name, "family", (name,), 1.0, 0.5, price=told)


NAMED = ModelCatalogue(
    model=(
        entry("claude-sonnet-4", 2.0),
        entry("claude-sonnet-4.5", 3.0),
        entry("claude-sonnet-5", None),
        entry("claude-sonnet-mini-9", 9.0),
        entry("gpt-4o", 1.0),
    )
)


@pytest.mark.parametrize(
    ("name", "usd"),
    [("gpt-4o", 1.0), ("openai/gpt-4o", 1.0), ("anthropic/claude-sonnet", 3.0), ("made-up", 3.0)],
)
def test_a_name_has_its_price_else_its_newest_version_s_else_the_configured_one_s(
    name: str, usd: float
) -> None:
    price = Baseline(NAMED, "anthropic/claude-sonnet").price_of(name)
    assert price == Price(usd, usd / 10, 5 * usd)


def test_nothing_is_made_up_where_no_price_is_known() -> None:
    assert Baseline(NAMED, "also-made-up").price_of("made-up") is None


@pytest.mark.parametrize("family", ["", "-", "claude", "sonnet"])
def test_a_line_is_named_with_all_its_words(family: str) -> None:
    assert newest(NAMED, family) is None

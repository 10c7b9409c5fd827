"""The whole report, on a world where routing pays."""

import json
from xml.etree import ElementTree

import pytest

from routerd.replay import plot, report
from tests.fakes.recorded import TARIFFS, world

PROBLEMS, READINGS = world(80, "made")
FEW, FEW_READINGS = world(4, "few")
FOUND = report.replay([*PROBLEMS, *FEW], TARIFFS, {**READINGS, **FEW_READINGS})


def test_the_report_is_json_and_names_each_source_large_enough() -> None:
    assert list(json.loads(json.dumps(FOUND, allow_nan=False))["sources"]) == ["made"]


def test_routing_cuts_cost_where_half_of_the_work_is_easy() -> None:
    made = FOUND["sources"]["made"]
    cuts = made["cost_cut"]["0.98"]
    assert made["always_best"]["quality"] == 1.0
    assert made["always_cheapest"] == {"cost_usd": 0.0, "quality": 0.5}
    assert cuts["in_hindsight"]["routerd"] > 0.45 > cuts["random"]
    assert cuts["oracle"] >= cuts["in_hindsight"]["routerd"]
    assert cuts["routerd"]["cost_cut"] > 0.4
    assert cuts["routerd"]["quality_kept"] > 0.95
    assert made["apgr"]["weak"] == "weak-7b"
    assert made["apgr"]["apgr"] > 0.65


def test_routerd_leads_over_those_who_do_not_look_at_the_prompt() -> None:
    leads = FOUND["sources"]["made"]["lead_over"]
    assert set(leads) == {"knn", "fit", "length", "random"}
    for name in ("fit", "length", "random"):
        assert leads[name]["low"] > 0.0
        assert leads[name]["low"] <= leads[name]["lead"] <= leads[name]["high"]


def test_profiles_are_told_against_the_best() -> None:
    profiles = FOUND["sources"]["made"]["profiles"]
    assert set(profiles) == {"cheap", "balanced", "best", "fast"}
    assert profiles["balanced"]["quality_kept"] > 0.95


def test_models_without_a_price_are_named() -> None:
    fewer = {name: tariff for name, tariff in TARIFFS.items() if name != "middling"}
    found = report.replay(PROBLEMS, fewer, READINGS)
    assert found["models_without_a_price"] == ["middling"]


def test_nothing_to_replay_is_an_empty_report() -> None:
    found = report.replay([], TARIFFS, {})
    assert found["sources"] == {}
    assert found["mean"]["apgr"] is None


@pytest.mark.parametrize("sources", [FOUND["sources"], {}])
def test_the_plot_is_well_formed_svg(sources: dict[str, object]) -> None:
    root = ElementTree.fromstring(plot.svg(sources))  # noqa: S314  # our own text
    assert root.tag.endswith("svg")
    lines = [e for e in root.iter() if e.tag.endswith("polyline")]
    assert len(lines) == 5 * len(sources)

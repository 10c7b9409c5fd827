"""The lists of models: what `auto` may be asked for, and what is not shown."""

from dataclasses import replace

import pytest

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.errors import NotFound
from routerd.endpoints import model_views
from tests.fakes.scripted_house import ScriptedEngine, ScriptedHouse

SMALL = Candidate("a", "small:7b", context_tokens=4096, capabilities=Capabilities(tools=True))
LARGE = Candidate(
    "cloud", "large", zone="cloud", context_tokens=200_000, capabilities=Capabilities(vision=True)
)
BROKEN = replace(SMALL, model="broken", usable=False, unusable_reason="too large")
EMBEDS = Candidate("a", "embed", context_tokens=900_000, capabilities=Capabilities(embeddings=True))
PLUMBING = Candidate("b", "plumbing", context_tokens=999_999, plumbing=True)


def _snapshot(*models: Candidate) -> model_views.Snapshot:
    return ScriptedHouse(ScriptedEngine(), models).current()


def test_auto_can_what_any_usable_model_can() -> None:
    listed = model_views.listed(_snapshot(SMALL, LARGE, BROKEN, EMBEDS, PLUMBING))
    entries = {entry["id"]: entry for entry in listed["data"]}
    assert entries["auto"]["context_length"] == 200_000
    assert set(entries["auto"]["capabilities"]) == {"tools", "vision"}
    assert entries["auto:local"]["context_length"] == 4096
    assert entries["auto:local"]["capabilities"] == ["tools"]
    assert "a/broken" not in entries
    assert (listed["first_id"], listed["last_id"]) == ("auto", "b/plumbing")


def test_the_plumbing_check_counts_where_there_is_nothing_else() -> None:
    entries = model_views.listed(_snapshot(PLUMBING))["data"]
    assert entries[0]["context_length"] == 999_999
    nothing = model_views.listed(_snapshot())["data"]
    assert [entry["context_length"] for entry in nothing] == [None] * len(model_views.WISHES)
    assert model_views.tags(_snapshot())["models"] == []


def test_ollamas_list_has_what_its_clients_show() -> None:
    tags = model_views.tags(_snapshot(SMALL, BROKEN))["models"]
    assert [tag["name"] for tag in tags] == [*model_views.WISHES, "a/small:7b"]
    assert len({tag["digest"] for tag in tags}) == len(tags)
    warm = replace(SMALL, warm=True)
    assert [t["name"] for t in model_views.tags(_snapshot(warm), warm_only=True)["models"]] == [
        "a/small:7b"
    ]


@pytest.mark.parametrize("name", ["a/small:7b", "small:7b"])
def test_a_model_is_shown_by_either_name(name: str) -> None:
    shown = model_views.shown(_snapshot(SMALL, LARGE), name)
    assert shown["model_info"]["routerd.context_length"] == 4096
    assert shown["capabilities"] == ["completion", "tools"]


def test_a_model_that_is_not_there_is_not_shown() -> None:
    with pytest.raises(NotFound, match="not found"):
        model_views.shown(_snapshot(SMALL), "large")

"""The whole screening: recall and false alarms in small, remembering, and what a finding tells."""

import random

import pytest

from routerd.core.request import Image, Message, Request, Text, ToolCall, ToolResult
from routerd.policy import masking
from routerd.screening import screener
from routerd.screening.screener import Screener
from tests.fakes import planted

pytestmark = pytest.mark.anyio
SURROUNDINGS = ["import os\n\ndef main():\n    return os.getcwd()\n", "please explain this", ""]
KEY = "ghp_" + "a1B2" * 9


@pytest.fixture(scope="module")
def screening() -> Screener:
    return Screener()


def test_of_what_is_planted_at_least_95_of_100_are_found(screening: Screener) -> None:
    plants = list(planted.corpus(3, 3, SURROUNDINGS))
    missed = [
        plant.what
        for plant in plants
        if not any(
            f.start <= (plant.start + plant.end) // 2 < f.end for f in screening.scan(plant.text)
        )
    ]
    assert len(plants) > 200
    assert len(missed) <= 0.05 * len(plants), missed


def test_every_planting_has_a_kind_and_none_is_found_in_its_surroundings(
    screening: Screener,
) -> None:
    assert all(screening.scan(text) == () for text in SURROUNDINGS)
    rng = random.Random(1)  # no secret
    assert planted.password(rng) != planted.password(rng)


async def test_messages_tool_calls_and_tool_results_are_searched(screening: Screener) -> None:
    request = Request(
        (
            Message("system", (Text("be brief"),)),
            Message("user", (Text("see"), Image("image/png", "aGVsbG8="))),
            Message("assistant", (ToolCall("1", "read", '{"token": "' + KEY + '"}'),)),
            Message("tool", (ToolResult("1", f"GITHUB_TOKEN={KEY}\nmail maria@nordbank.eu"),)),
        )
    )
    found = await screening.find(request)
    assert [(f.kind, f.message, f.part) for f in found] == [
        ("secret", 2, 0),
        ("secret", 3, 0),
        ("personal", 3, 0),
    ]
    assert found[0].digest == found[1].digest != found[2].digest
    assert KEY not in repr(found)


async def test_a_text_is_searched_once() -> None:
    scanned: list[str] = []

    class Counting(Screener):
        def scan(self, text: str) -> tuple[screener.Finding, ...]:
            scanned.append(text)
            return super().scan(text)

    counting = Counting()
    history = tuple(Message("user", (Text(f"turn {n} {KEY}"),)) for n in range(5))
    for length in range(1, 6):
        found = await counting.find(Request(history[:length]))
        assert len(found) == length
    assert len(scanned) == 5


async def test_long_texts_are_searched_in_a_thread_with_the_same_result() -> None:
    text = "word " * 4000 + KEY
    (found,) = await Screener().find(Request((Message("user", (Text(text),)),)))
    assert text[found.start : found.end] == KEY


async def test_detectors_can_be_ignored_by_name() -> None:
    request = Request((Message("user", (Text(KEY),)),))
    assert await Screener(ignore=["github-pat"]).find(request) == ()


def test_digests_of_two_runs_differ() -> None:
    one, two = Screener().scan(KEY), Screener().scan(KEY)
    assert one[0].digest != two[0].digest
    assert next(screener.names(screener.all_detectors())) == "1password-secret-key"


async def test_what_stands_after_a_gap_is_searched_and_masked_too(screening: Screener) -> None:
    request = Request((Message("user", (Text("token = "),)),), suffix=f"\n# not {KEY}\n")
    findings = await screening.find(request)
    assert [(f.message, f.part) for f in findings] == [(1, 0)]
    masked = masking.mask(request, findings)
    assert KEY not in (masked.request.suffix or "")
    assert KEY in masked.originals.values()

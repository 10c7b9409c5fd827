"""False alarms and recall on what people paste into a coding tool, not only on what they write."""

import random
from collections import Counter

import pytest

from routerd.screening.screener import Screener
from tests.fakes import clean_pastes, planted


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener()


def test_hardly_any_clean_paste_alarms(screener: Screener) -> None:
    # The files of what is installed here, so few that 2 % can't be told from 4 %; the benchmark
    # tells of 2 500.
    seen, alarmed = Counter[str](), Counter[str]()
    for kind, text in (*clean_pastes.sources(14), *clean_pastes.made(6)):
        seen[kind] += 1
        alarmed[kind] += bool(screener.scan(text))
    assert len(seen) >= 8
    assert alarmed.total() <= 0.05 * seen.total(), alarmed


def test_what_is_planted_in_source_code_is_found(screener: Screener) -> None:
    sources = [text[:4000] for _, text in clean_pastes.sources(10)]
    random.Random(2).shuffle(sources)  # the same every time
    hit, total = Counter[str](), Counter[str]()
    for plant in planted.corpus(9, 2, sources):
        total[plant.kind] += 1
        middle = (plant.start + plant.end) // 2
        hit[plant.kind] += any(f.start <= middle < f.end for f in screener.scan(plant.text))
    for kind, planted_there in total.items():
        assert hit[kind] >= 0.95 * planted_there, kind

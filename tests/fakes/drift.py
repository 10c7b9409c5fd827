"""A long row of requests whose models change under way; the decision code and the matrix are real."""

import random
from dataclasses import dataclass, replace

from routerd.core.candidate import Candidate, Price
from routerd.core.features import Features, Reading, Task
from routerd.learning.cell import Said
from routerd.learning.matrix import Matrix
from routerd.policy import scores
from routerd.policy.decide import Stance, decide
from routerd.policy.odds import sigmoid

MODELS = (
    Candidate("sim", "small", ability=0.8, warm=True, tokens_per_s=60),
    Candidate("sim", "middle", ability=2.2, warm=True, tokens_per_s=30),
    Candidate("sim", "other", ability=2.0, warm=True, tokens_per_s=25),
    Candidate("sim", "cheap", "cloud", ability=2.6, warm=True, price=Price(0.3, 0.03, 1.2)),
    Candidate("sim", "dear", "cloud", ability=3.8, warm=True, price=Price(3, 0.3, 15)),
)
TASKS: tuple[Task, ...] = ("generation", "debugging", "refactoring", "testing")
START_UNIX_S = 1_700_000_000.0
# One request every ten minutes.
EVERY_S = 600.0


@dataclass(frozen=True, slots=True)
class Course:
    """What one simulation came to. Qualities are mean true P(success) of the choices.

    `noticed_after` uses of the model that got worse its belief had fallen by half of the drop;
    -1 where it never did. `before`: the last 500 requests before the change; `after`: those that
    come once `SETTLING` requests have passed; `stubborn` the same with the choices of a router
    that learns nothing, `ideal` with those of one that knows the truth. `alarms` without a change.
    """

    noticed_after: int
    before: float
    after: float
    stubborn: float
    ideal: float
    false_alarms: int
    uses: int

    @property
    def recovered(self) -> float:
        """Share of what the change cost that learning won back."""
        lost = self.ideal - self.stubborn
        return (self.after - self.stubborn) / lost if lost > 0 else 1.0


SETTLING = 300


def features_of(chance: random.Random) -> Features:
    reading = Reading(
        chance.choice(TASKS), 0.9, min(1.0, max(0.0, chance.gauss(0.4, 0.2))), "python"
    )
    return Features(reading, input_tokens=300)


def run(
    requests: int = 5000,
    change_at: int = 2000,
    drop: float = 2.0,
    seed: int = 1,
) -> Course:
    """Play the requests; at `change_at` the model used most becomes weaker by `drop` logits."""
    chance = random.Random(seed)  # a simulation
    matrix = Matrix()
    qualities: dict[str, list[float]] = {"ours": [], "stubborn": [], "ideal": []}
    noticed, uses, alarms, worse = -1, 0, 0, ""
    made: list[str] = []
    since = change_at + SETTLING
    for number in range(requests):
        now_s = START_UNIX_S + number * EVERY_S
        changed = number >= change_at
        if number == change_at:
            worse = max(set(made[-500:]), key=made[-500:].count)
        true = {m.name: m.ability - (drop if changed and m.name == worse else 0.0) for m in MODELS}
        seen = features_of(chance)
        believed = matrix.beliefs((m.name for m in MODELS), seen.reading, now_s)
        picked = {"ours": _choice(replace(seen, beliefs=believed), MODELS)}
        if number >= since:
            picked["stubborn"] = _choice(seen, MODELS)
            truly = [replace(m, ability=true[m.name]) for m in MODELS]
            picked["ideal"] = _choice(seen, truly)
        hard = scores.difficulty(seen)
        for name, model in picked.items():
            qualities[name].append(sigmoid(true[model] - hard))
        mine = picked["ours"]
        made.append(mine)
        value = float(chance.random() < sigmoid(true[mine] - hard))
        base = next(scores.fit(m, seen) for m in MODELS if m.name == mine)
        before = matrix.cell((mine,))
        matrix.learn(mine, seen.reading, Said(value, 1.0), base, now_s=now_s)
        alarm = matrix.cell((mine,)).changed_unix_s > before.changed_unix_s
        alarms += alarm and not (changed and mine == worse)
        if changed and mine == worse and noticed < 0:
            uses += 1
            noticed = uses if matrix.cell((mine,)).shift() < -drop / 2 else -1
    return Course(
        noticed_after=noticed,
        before=_mean(qualities["ours"][change_at - 500 : change_at]),
        after=_mean(qualities["ours"][since:]),
        stubborn=_mean(qualities["stubborn"]),
        ideal=_mean(qualities["ideal"]),
        false_alarms=alarms,
        uses=uses,
    )


def _choice(features: Features, models: "list[Candidate] | tuple[Candidate, ...]") -> str:
    chosen = decide("d", features, models, Stance()).chosen
    assert chosen is not None
    return chosen.candidate.name


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0

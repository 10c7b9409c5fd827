from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from routerd.core.belief import Belief
from routerd.core.candidate import Candidate
from routerd.core.decision import Decision
from routerd.core.features import Features, Reading
from routerd.core.lesson import Lesson
from routerd.core.outcome import Attempt, Outcome
from routerd.learning import learner as module
from routerd.learning.learner import Learner, head_of
from routerd.policy.decide import Stance, decide

SMALL, LARGE = (
    Candidate("p", n, ability=a, warm=True) for n, a in (("small", 1.0), ("large", 3.0))
)
READING = Reading("debugging", 1.0, 0.5, "python")


@dataclass
class Store:
    """Keeps in lists what a learner would have kept."""

    worth: dict[str, float] = field(default_factory=dict)
    evidence: list[tuple[str, str]] = field(default_factory=list)

    def amend(self, decision_id: str, success: float) -> None:
        self.worth[decision_id] = success

    def note_evidence(self, decision_id: str, kind: str, value: float) -> None:
        self.evidence.append((decision_id, kind))


def decision(identity: str = "d1") -> Decision:
    return decide(identity, Features(READING), (SMALL, LARGE), Stance())


def outcome(*attempts: Attempt, model: str = "p/small", success: float | None = 1.0) -> Outcome:
    return Outcome("d1", "stop", attempts or (tried(),), model, success=success)


def tried(model: str = "p/small", **more: object) -> Attempt:
    return replace(Attempt(model, 0.0, 1.0), **more)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def learner(store: Store) -> Learner:
    return Learner(store, clock=lambda: 1_700_000_000.0)


def shift(learner: Learner, model: str = "p/small") -> float:
    return learner.beliefs([model], READING).get(model, Belief()).shift


def test_an_answer_that_came_teaches_nothing_and_is_worth_what_was_expected(
    learner: Learner, store: Store
) -> None:
    made = decision()
    learner.answered(made, outcome())
    assert shift(learner) == 0.0
    expected = next(e.p_success for e in made.ranked if e.candidate == SMALL)
    assert store.worth == {"d1": pytest.approx(expected)}


def test_an_answer_with_faults_lowers_the_belief(learner: Learner, store: Store) -> None:
    learner.answered(decision(), outcome(tried(checked=1, faults=("no",))))
    assert shift(learner) < 0
    assert store.evidence == [("d1", "faults")]


def test_an_answer_that_was_bettered_counts_against_its_own_model_alone(
    learner: Learner,
) -> None:
    rose = outcome(tried(failure="unverified"), tried("p/large", checked=1), model="p/large")
    learner.answered(decision(), rose)
    assert shift(learner) < 0
    assert shift(learner, "p/large") >= 0


@pytest.mark.parametrize("failure", ["died", "timeout", "refused", "overloaded"])
def test_a_failure_of_the_line_says_nothing_of_the_model(learner: Learner, failure: str) -> None:
    learner.answered(decision(), outcome(tried(failure=failure), success=0.0))
    assert shift(learner) == 0.0


def test_a_cancelled_answer_teaches_nothing(learner: Learner, store: Store) -> None:
    learner.answered(decision(), outcome(success=None))
    learner.note("d1", ["asked_again"])
    assert (shift(learner), store.worth) == (0.0, {})


def test_what_the_session_shows_next_counts_once(learner: Learner, store: Store) -> None:
    learner.answered(decision(), outcome())
    learner.note("d1", ["asked_again"])
    first = shift(learner)
    assert first < 0
    learner.note("d1", ["asked_again"])
    assert shift(learner) == pytest.approx(first)
    assert store.evidence == [("d1", "asked_again")]


def test_a_word_of_the_users_replaces_what_was_inferred(learner: Learner, store: Store) -> None:
    made = decision()
    learner.answered(made, outcome())
    learner.note("d1", ["asked_again"])
    learner.feedback(made, "p/small", 1.0)
    assert shift(learner) > 0
    assert store.worth["d1"] == 1.0
    learner.note("d1", ["refused"])
    assert shift(learner) > 0


def test_feedback_on_a_decision_of_a_former_run_counts_too(learner: Learner) -> None:
    learner.feedback(decision("old"), "p/small", 0.0)
    assert shift(learner) < 0


def test_a_change_of_mind_replaces_the_first_word(learner: Learner) -> None:
    made = decision()
    learner.feedback(made, "p/small", 0.0)
    learner.feedback(made, "p/small", 1.0)
    assert shift(learner) > 0
    assert learner.matrix.cell(("p/small",)).tried == pytest.approx(1.0)


def test_evidence_of_a_decision_that_is_not_known_changes_nothing(learner: Learner) -> None:
    learner.note("nobody", ["refused"])
    learner.feedback(decision(), "p/gone", 0.0)
    assert len(learner.matrix) == 0


def test_the_plumbing_check_is_no_model_to_learn_about(learner: Learner) -> None:
    made = decide("d1", Features(READING), (replace(SMALL, plumbing=True),), Stance())
    learner.feedback(made, "p/small", 0.0)
    assert len(learner.matrix) == 0


def test_only_so_many_decisions_wait_for_evidence(
    learner: Learner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OPEN", 2)
    for number in range(3):
        learner.answered(decision(f"d{number}"), outcome())
    learner.note("d0", ["refused"])
    assert shift(learner) == 0.0
    learner.note("d2", ["refused"])
    assert shift(learner) < 0


def lessons(count: int, model: str = "p/small") -> list[Lesson]:
    """Half of the tasks look one way and go well, the other half the other way and fail."""
    random = np.random.default_rng(2)
    told = []
    for number in range(count):
        vector = random.normal(0.0, 0.02, 384)
        vector[number % 2] += 1.0
        embedding = (vector / np.linalg.norm(vector)).astype("<f4").tobytes()
        told.append(Lesson(model, float(number % 2), replace(READING, embedding=embedding), 200))
    return told


def test_tasks_that_fail_are_learnt_to_be_hard(learner: Learner) -> None:
    learner.head = head_of(lessons(120), [SMALL])
    assert learner.head is not None
    failing, passing = (one.reading for one in lessons(2))
    assert learner.harder(failing, 200) > 0.3 > -0.3 > learner.harder(passing, 200)
    assert learner.harder(READING, 200) == 0.0  # nothing is known of a task without an embedding


def test_lessons_of_models_that_are_gone_or_too_few_teach_nothing(learner: Learner) -> None:
    assert head_of(lessons(120, "p/gone"), [SMALL]) is None
    assert head_of(lessons(10), [SMALL]) is None
    assert learner.harder(lessons(1)[0].reading, 200) == 0.0


def test_everything_is_forgotten_at_once(learner: Learner, store: Store) -> None:
    learner.answered(decision(), outcome(tried(checked=1, faults=("no",))))
    learner.forget()
    assert shift(learner) == 0.0
    assert len(learner.matrix) == 0
    before = list(store.evidence)
    learner.note("d1", ("asked_again",))
    assert store.evidence == before, "what is forgotten is not waited for any more"

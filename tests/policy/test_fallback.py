"""Who is asked after a failure, and when nobody is."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.candidate import Candidate
from routerd.core.decision import Ranked, Terms
from routerd.core.errors import ProviderFailed
from routerd.core.outcome import Attempt, FailureKind
from routerd.policy.fallback import (
    MAX_ATTEMPTS,
    MAX_RISES,
    RETRY_ALLOWANCE,
    RETRY_SHARE,
    RetryBudget,
    next_candidate,
    next_rung,
    wait_s,
)

TERMS = Terms(0.5, 0.5, 0.5, 0.5, 0.5)
KINDS: tuple[FailureKind, ...] = get_args(FailureKind)


def ranking(*names: str) -> list[Ranked]:
    return [Ranked(Candidate(*name.split("/")), TERMS, 0.5, 0.5, 0.0, 1.0) for name in names]


def attempts(tried: list[str], failure: ProviderFailed) -> list[Attempt]:
    """The last of `tried` ended with `failure`, those before it with an overload."""
    kinds: list[FailureKind] = ["overloaded"] * (len(tried) - 1) + [failure.kind]
    return [Attempt(name, 0.0, 0.1, failure=kind) for name, kind in zip(tried, kinds, strict=True)]


def asked_next(
    ranked: list[Ranked], tried: list[str], failure: ProviderFailed, budget: RetryBudget
) -> str | None:
    entry = next_candidate(ranked, attempts(tried, failure), failure, budget)
    return entry.candidate.name if entry else None


FOUR = ranking("a/1", "a/2", "b/1", "c/1")
NAMES = [entry.candidate.name for entry in FOUR]
TRIED = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)
FAILURES = st.builds(
    lambda kind, retryable: ProviderFailed("x", kind, retryable=retryable),
    st.sampled_from(KINDS),
    st.booleans(),
)
BUDGETS = st.builds(RetryBudget, st.integers(0, 100), st.integers(0, 40))


@given(tried=TRIED, failure=FAILURES, budget=BUDGETS)
def test_what_is_asked_next_keeps_every_promise(
    tried: list[str], failure: ProviderFailed, budget: RetryBudget
) -> None:
    entry = next_candidate(FOUR, attempts(tried, failure), failure, budget)
    if entry is None:
        return
    assert failure.retryable
    assert budget.left
    assert entry.candidate.name not in tried
    assert len(tried) < MAX_ATTEMPTS


@given(failure=FAILURES, budget=BUDGETS)
def test_a_chain_of_failures_ends(failure: ProviderFailed, budget: RetryBudget) -> None:
    tried = [NAMES[0]]
    while (entry := next_candidate(FOUR, attempts(tried, failure), failure, budget)) is not None:
        tried.append(entry.candidate.name)
        budget.retries += 1
        assert len(tried) <= MAX_ATTEMPTS
    assert len(set(tried)) == len(tried)


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_that_is_itself_at_fault_is_not_tried_elsewhere(kind: FailureKind) -> None:
    failure = ProviderFailed("x", kind, retryable=False)
    assert asked_next(FOUR, ["a/1"], failure, RetryBudget()) is None


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        ("timeout", "a/2"),
        ("overloaded", "a/2"),
        ("protocol", "a/2"),
        ("died", "a/2"),
        ("rejected", "a/2"),
        ("refused", "b/1"),
        ("credential", "b/1"),
        ("offline", "b/1"),
    ],
)
def test_a_server_that_is_gone_takes_its_models_with_it(kind: FailureKind, then: str) -> None:
    failure = ProviderFailed("x", kind)
    assert asked_next(FOUR, ["a/1"], failure, RetryBudget()) == then


def test_a_model_whose_name_has_slashes_belongs_to_the_first_part() -> None:
    ranked = [
        Ranked(Candidate("a", "org/1"), TERMS, 0.5, 0.5, 0.0, 1.0),
        Ranked(Candidate("a", "org/2"), TERMS, 0.5, 0.5, 0.0, 1.0),
    ]
    failure = ProviderFailed("x", "refused")
    assert asked_next(ranked, ["a/org/1"], failure, RetryBudget()) is None


def test_nobody_is_left_when_all_have_been_tried() -> None:
    failure = ProviderFailed("x", "died")
    assert asked_next(ranking("a/1", "b/1"), ["a/1", "b/1"], failure, RetryBudget()) is None


def test_the_bound_on_attempts_holds() -> None:
    five = ranking("a/1", "b/1", "c/1", "d/1", "e/1")
    failure = ProviderFailed("x", "died")
    assert asked_next(five, ["a/1", "b/1", "c/1"], failure, RetryBudget()) == "d/1"
    assert asked_next(five, ["a/1", "b/1", "c/1", "d/1"], failure, RetryBudget()) is None


@given(outages=st.integers(0, 500), quiet=st.integers(0, 500))
def test_retries_stay_within_the_allowance_and_a_fifth_of_the_load(
    outages: int, quiet: int
) -> None:
    budget = RetryBudget(requests=quiet)
    for _ in range(outages):
        budget.requests += 1
        budget.retries += budget.left
    assert budget.retries <= RETRY_ALLOWANCE + RETRY_SHARE * budget.requests + 1


def test_the_first_retries_of_a_quiet_daemon_are_free() -> None:
    assert RetryBudget(0, RETRY_ALLOWANCE - 1).left
    assert not RetryBudget(0, RETRY_ALLOWANCE).left
    assert (
        asked_next(FOUR, ["a/1"], ProviderFailed("x", "died"), RetryBudget(0, RETRY_ALLOWANCE))
        is None
    )


def test_a_dead_server_stays_dead_for_the_whole_request() -> None:
    tried = [
        Attempt("a/1", 0.0, 0.1, failure="refused"),
        Attempt("b/1", 0.0, 0.1, failure="overloaded"),
    ]
    entry = next_candidate(FOUR, tried, ProviderFailed("x", "overloaded"), RetryBudget())
    assert entry is not None
    assert entry.candidate.name == "c/1"


def _rung(model: str, p_success: float, **more: Any) -> Ranked:
    candidate = Candidate("p", model, **more)
    return Ranked(candidate, TERMS, 0.5, p_success, 0.0, 1.0)


LOW, MIDDLE, HIGH = _rung("low", 0.5), _rung("middle", 0.7), _rung("high", 0.9)


def test_an_answer_that_failed_its_checks_goes_to_the_next_in_rank_that_is_more_able() -> None:
    weaker = _rung("weaker", 0.4)
    assert next_rung([LOW, weaker, HIGH, MIDDLE], [], LOW, RetryBudget()) == HIGH
    assert next_rung([HIGH, LOW, weaker], [], HIGH, RetryBudget()) is None


def test_a_plumbing_check_is_no_rung() -> None:
    plumbing = _rung("plumbing", 0.9, plumbing=True)
    assert next_rung([LOW, plumbing], [], LOW, RetryBudget()) is None


def test_rising_is_bounded_by_its_own_count_the_attempts_and_the_budget() -> None:
    ranked = [LOW, MIDDLE, HIGH]
    rose = [Attempt(f"p/{n}", 0.0, 0.1, failure="unverified") for n in range(MAX_RISES)]
    assert next_rung(ranked, rose, LOW, RetryBudget()) is None
    tried = [Attempt(f"p/{n}", 0.0, 0.1, failure="died") for n in range(MAX_ATTEMPTS - 1)]
    assert next_rung(ranked, tried, LOW, RetryBudget()) is None
    assert next_rung(ranked, [], LOW, RetryBudget(retries=RETRY_ALLOWANCE)) is None


def _later(retry_after_s: float | None, *, retryable: bool = True) -> ProviderFailed:
    return ProviderFailed("busy", "overloaded", retryable=retryable, retry_after_s=retry_after_s)


def test_a_wish_to_come_back_soon_is_honoured_for_a_moment_longer_where_nobody_else_is() -> None:
    assert wait_s(_later(0.5), HIGH, 0.0, []) == 0.5
    assert wait_s(_later(5.0), HIGH, 0.0, []) is None
    assert wait_s(_later(5.0), None, 0.0, []) == 5.0
    assert wait_s(_later(5.0), None, 0.5, []) is None
    assert wait_s(_later(None), None, 0.0, []) is None
    assert wait_s(_later(0.5, retryable=False), None, 0.0, []) is None


def test_waiting_ends_with_the_attempts_even_where_no_time_is_asked_for() -> None:
    tried = [Attempt("p/low", 0.0, 0.1, failure="overloaded")] * MAX_ATTEMPTS
    assert wait_s(_later(0.0), None, 0.0, tried) is None

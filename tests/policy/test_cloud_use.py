"""Whether any request could go to a cloud, and what keeps all of them here."""

from dataclasses import replace

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.core.policy import Budget, Condition, Policy, Rule, Selector
from routerd.core.status import EngineStatus
from routerd.policy import cloud_use

CLOUD = Candidate("openai", "gpt", "cloud", price=Price(1.0, 1.0, 2.0))
HOME = Candidate("ollama", "qwen")
DOWN = EngineStatus("openai", "openai", "cloud", "https://api", False, 0, "openai has no key")
HERE_ONLY = Rule("all-here", allow_zones=("device",))
IN_REVIEWS = Rule("reviews", Condition(task=("review",)), allow_zones=("device",))


@pytest.mark.parametrize(
    ("candidates", "engines", "rules", "reached", "offline", "expected"),
    [
        ((CLOUD, HOME), (), (), (), False, ""),
        ((CLOUD,), (), (), (), True, "offline mode is on"),
        ((HOME,), (), (), (), False, "no cloud has a key; `routerd keys set NAME` stores one"),
        ((HOME,), (DOWN,), (), (), False, "openai: openai has no key"),
        ((replace(CLOUD, usable=False),), (DOWN,), (), (), False, "openai: openai has no key"),
        ((CLOUD,), (), (HERE_ONLY,), (), False, "policy rule all-here: zone cloud is not among"),
        ((CLOUD,), (), (IN_REVIEWS,), (), False, ""),
        ((CLOUD,), (), (replace(HERE_ONLY, unless=Condition(client=("x",))),), (), False, ""),
        (
            (CLOUD, replace(CLOUD, provider="mistral")),
            (),
            (Rule("not-openai", forbid=Selector(provider=("openai",))),),
            (),
            False,
            "",
        ),
        ((CLOUD,), (), (), (Budget("day", 1.0),), False, "budget day is used up"),
        ((CLOUD,), (), (), (Budget("a", 1.0, workspace="~/a/**"),), False, ""),
    ],
)
def test_only_what_holds_for_every_request_counts(
    candidates: tuple[Candidate, ...],
    engines: tuple[EngineStatus, ...],
    rules: tuple[Rule, ...],
    reached: tuple[Budget, ...],
    offline: bool,
    expected: str,
) -> None:
    found = cloud_use.barrier(candidates, engines, Policy(rule=rules), reached, offline=offline)
    assert found.startswith(expected) if expected else found == ""

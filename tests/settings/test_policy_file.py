"""policy.toml: what it may say, and which line is named where it can't be read."""

from pathlib import Path

import pytest

from routerd.core.errors import ConfigInvalid
from routerd.core.policy import Condition, Policy, Range, Rule, Screening, Selector
from routerd.policy import policy_faults, policy_trials
from routerd.settings import policy_file
from tests.fakes.other_user import give_away

PATH = Path("policy.toml")
FULL = """
extends = "frugal"
currency = "EUR"
per_usd = 0.92

[[rule]]
id = "docs"
when.task = "documentation"
unless.path = ["docs/api/**"]
forbid.tier = "premium"

[[rule]]
id = "office"
when = { time = "Mon-Fri 08:00-18:00", complexity = { min = 0.7 } }
allow_zones = "device"
max_cost = 0.5
floor = 0.9
pin = "ollama/*"

[[budget]]
id = "shop"
limit = 5
per = "day"
workspace = "shop"

[screening]
secret = "block"

[tiers]
premium = "anthropic/*"

[[test]]
name = "t"
request = { task = "documentation", path = "a.md" }
refuses = [{ tier = "premium" }]
"""


def test_a_whole_policy_is_read_with_single_words_where_lists_are_meant() -> None:
    policy = policy_file.parse(FULL, PATH)
    assert policy.rule[0] == Rule(
        "docs",
        when=Condition(task=("documentation",)),
        unless=Condition(path=("docs/api/**",)),
        forbid=Selector(tier=("premium",)),
    )
    assert policy.rule[1].when.complexity == Range(0.7, 1.0)
    assert policy.rule[1].allow_zones == ("device",)
    assert policy.budget[0].workspace == "shop"
    assert policy.tiers.premium == ("anthropic/*",)
    assert policy.test[0].request.path == ("a.md",)


def test_a_shipped_policy_stands_behind_the_users_own() -> None:
    policy = policy_file.parse(FULL, PATH)
    assert [rule.id for rule in policy.rule][:2] == ["docs", "office"]
    assert "frugal/ten-cents-a-request" in [rule.id for rule in policy.rule]
    assert policy.screening == Screening("block")
    assert [budget.id for budget in policy.budget] == ["shop"]
    plain = policy_file.parse('extends = "frugal"', PATH)
    assert [budget.id for budget in plain.budget] == ["frugal/day", "frugal/month"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[[rule]]\nid = 'a'\n\n[[rule]]\nid = 'b'\nforbit.tier = 'premium'\n",
            ":6: rule.1.forbit: unknown key",
        ),
        ("[[rule]]\nid = 'a'\nwhen.tusk = 'review'\n", ":3: rule.0.when.tusk: unknown key"),
        ("[[rule]]\nid = 'a'\nwhen.task = 'dreaming'\n", ":3: rule.0.when.task"),
        ("[[rule]]\nfloor = 0.5\n", ":1: rule.0.id: is missing"),
        ("[[rule]]\nid = 'a'\n[[rule]]\nid = 'a'\n", ":4: rule.1.id: another rule has this id"),
        ("[[rule]]\nid = 'a'\nfloor = 1.5\n", ":3: rule.0.floor: must be from 0 to 1"),
        ("[[rule]]\nid = 'a'\nmax_cost = -1\n", ":3: rule.0.max_cost: must be 0 or more"),
        ("[[rule]]\nid = 'a'\nmax_cost = nan\n", ":3: rule.0.max_cost: must be 0 or more"),
        ("[[rule]]\nid = 'a'\npin = 'gpt'\n", ":3: rule.0.pin: must be provider/model"),
        ("[[rule]]\nid = 'a'\nwhen.time = 'noon'\n", ":3: rule.0.when.time: 'noon' is no window"),
        ("[[rule]]\nid = 'a'\nwhen.complexity = 2\n", ":3: rule.0.when.complexity: must be from"),
        ("rule = 3\n", ":1: rule: must be tables with two brackets: [[rule]]"),
        ("per_usd = 0\n", ":1: per_usd: must be more than 0"),
        ("extends = 'nowhere'\n", ":1: extends: no such policy; there are airgap, frugal"),
        ("[[rule]]\nid = 'a\n", ":3: not valid TOML"),
        ("[[budget]]\nid = 'b'\nlimit = -3\n", ":3: budget.0.limit: must be 0 or more"),
        (
            "[[test]]\nname = 't'\nrequest = { time = 'x' }\n",
            "test.0.request.time: 'x' is no moment",
        ),
    ],
)
def test_a_mistake_names_file_line_and_key(text: str, words: str) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        policy_file.parse(text, PATH)
    assert str(caught.value).startswith("policy.toml:")
    assert words in str(caught.value)


def test_no_file_is_no_policy(tmp_path: Path) -> None:
    assert policy_file.load(tmp_path / "policy.toml") == (Policy(), "")


def test_a_file_that_anybody_can_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("", encoding="utf-8")
    path.chmod(0o664)
    assert policy_file.load(path)[0] == Policy()
    path.chmod(0o666)
    with pytest.raises(ConfigInvalid, match="can be written by anybody"):
        policy_file.load(path)


def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("", encoding="utf-8")
    give_away(path)
    with pytest.raises(ConfigInvalid, match="belongs to another user"):
        policy_file.load(path)


@pytest.mark.parametrize("name", policy_file.shipped())
def test_every_shipped_policy_is_sound_and_passes_its_own_tests(name: str) -> None:
    policy, _ = policy_file.load(policy_file.shipped_path(name))
    assert policy_faults.faults(policy) == ()
    trials = policy_trials.run_all(policy)
    assert trials
    assert [trial.complaints for trial in trials if trial.complaints] == []


def test_the_four_policies_are_shipped() -> None:
    assert policy_file.shipped() == ("airgap", "frugal", "laptop", "team")

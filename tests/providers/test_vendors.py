"""The table of differences: pure functions, tried with what vendors send and refuse."""

from typing import Any

import pytest

from routerd.core.candidate import Candidate, Price
from routerd.providers.vendors import VENDORS, dollars, nine, whole
from tests.fakes.vendor_server import LISTINGS


def described(kind: str, item: dict[str, Any]) -> Candidate | None:
    return VENDORS[kind].describe(item, Candidate(kind, str(item["id"]), zone="cloud"))


def listed(kind: str) -> Candidate:
    listing = LISTINGS[kind]
    items = listing if isinstance(listing, list) else listing[VENDORS[kind].items]
    found = described(kind, items[0])
    assert found is not None
    return found


def test_xai_counts_prices_in_hundredths_of_a_cent() -> None:
    found = listed("xai")
    assert found.price == Price(3.0, 0.75, 15.0)
    assert found.capabilities.vision


def test_openrouter_tells_everything_in_its_listing() -> None:
    found = listed("openrouter")
    assert found.price == Price(pytest.approx(3.0), pytest.approx(0.3), pytest.approx(15.0))
    assert (found.context_tokens, found.max_output_tokens) == (1_000_000, 64_000)
    able = found.capabilities
    assert (able.tools, able.vision, able.json_schema, able.thinking) == (True,) * 4


def test_mistral_tells_what_can_fill_in_the_middle() -> None:
    found = listed("mistral")
    assert found.capabilities.fim
    assert found.context_tokens == 256_000


def test_together_prices_are_per_million() -> None:
    assert listed("together").price == Price(2, 2, 2.5)


@pytest.mark.parametrize(
    ("text", "usd"), [("0.000003", 3.0), ("0", 0.0), ("-1", 0.0), ("x", 0.0), (None, 0.0)]
)
def test_a_price_that_is_none_is_zero(text: Any, usd: float) -> None:
    assert dollars(text) == pytest.approx(usd)


@pytest.mark.parametrize(("value", "number"), [(5, 5), (-1, 0), (True, 0), ("5", 0), (None, 0)])
def test_a_count_that_is_none_is_zero(value: Any, number: int) -> None:
    assert whole(value) == number


def test_an_id_of_nine_characters_stays_and_others_are_the_same_each_time() -> None:
    assert nine("abcDEF123") == "abcDEF123"
    assert nine("call_1") == nine("call_1") != nine("call_2")
    assert len(nine("")) == 9


def test_deepseek_gets_no_schema_and_its_running_out_is_no_answer() -> None:
    vendor = VENDORS["deepseek"]
    schema = {"response_format": {"type": "json_schema", "json_schema": {}}}
    assert vendor.prepare(schema) == {"response_format": {"type": "json_object"}}
    out = {"choices": [{"finish_reason": "insufficient_system_resource"}]}
    assert vendor.normalise(out)["choices"][0]["finish_reason"] == "error"


@pytest.mark.parametrize("kind", sorted(VENDORS))
@pytest.mark.parametrize("odd", [{}, {"choices": None}, {"choices": [3]}, {"choices": [{}]}])
def test_odd_answers_pass_unharmed(kind: str, odd: dict[str, Any]) -> None:
    assert VENDORS[kind].normalise(dict(odd)).get("choices") == odd.get("choices")


@pytest.mark.parametrize("kind", sorted(VENDORS))
def test_odd_requests_pass_unharmed(kind: str) -> None:
    body = {"model": "m", "messages": [3, {"role": "tool", "tool_calls": [3]}]}
    assert VENDORS[kind].prepare(dict(body)) == body


def test_groq_tells_its_own_errors() -> None:
    told = VENDORS["groq"].normalise({"choices": [], "x_groq": {"error": "over capacity"}})
    assert told["error"] == {"message": "over capacity"}


def test_xai_models_that_do_not_reason_keep_their_stops() -> None:
    body = {"model": "grok-4-fast-non-reasoning", "stop": ["x"]}
    assert VENDORS["xai"].prepare(body) == body
    assert VENDORS["xai"].prepare({"model": "grok-4", "stop": ["x"]}) == {"model": "grok-4"}


def test_xai_counts_thinking_beside_the_answer_and_both_are_output() -> None:
    usage = {
        "prompt_tokens": 32,
        "completion_tokens": 9,
        "total_tokens": 135,
        "completion_tokens_details": {"reasoning_tokens": 94},
    }
    told = VENDORS["xai"].normalise({"usage": usage})["usage"]
    assert told["completion_tokens"] == 103
    # One that counts as others do is left as it is.
    as_others = {**usage, "completion_tokens": 103}
    assert VENDORS["xai"].normalise({"usage": as_others})["usage"] == as_others

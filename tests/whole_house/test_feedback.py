"""A person's word on an answer: from the command line, over HTTP and MCP, to `why`."""

import json

import anyio
import httpx2
import pytest

from tests.fakes.daemon import Daemon, routerd


def _ask(daemon: Daemon) -> str:
    body = {"model": "auto", "messages": [{"role": "user", "content": "hello"}]}
    with daemon.http() as http:
        return http.post("/v1/chat/completions", json=body).headers["x-routerd-decision"]


def _evidence(daemon: Daemon, decision: str) -> list[tuple[str, float]]:
    found = daemon.client.get(f"/control/decisions/{decision}")
    return [(seen["kind"], seen["value"]) for seen in found["facts"]["evidence"]]


def test_feedback_from_the_command_line_is_shown_by_why(daemon: Daemon) -> None:
    decision = _ask(daemon)
    ran = routerd(daemon.home, "feedback", "bad", decision, "--json")
    assert ran.returncode == 0, ran.stderr
    told = {"decision": decision, "model": "llamacpp/plumbing-check", "value": 0.0}
    assert json.loads(ran.stdout) == told
    assert _evidence(daemon, decision) == [("feedback", 0.0)]
    assert "since then: feedback" in routerd(daemon.home, "why", decision).stdout


def test_feedback_is_on_the_last_answer_unless_another_is_named(daemon: Daemon) -> None:
    decision = _ask(daemon)
    assert daemon.client.post("/control/feedback", {"value": 0.75})["decision"] == decision
    assert _evidence(daemon, decision) == [("feedback", 0.75)]


@pytest.mark.parametrize("value", ["fine", 2, -0.1, True, None, [1]])
def test_a_word_that_is_none_changes_nothing(daemon: Daemon, value: object) -> None:
    decision = _ask(daemon)
    with daemon.http() as http:
        answer = http.post("/control/feedback", json={"decision": decision, "value": value})
    assert answer.status_code == 400
    assert "good, bad, or a number" in answer.json()["error"]["message"]
    assert _evidence(daemon, decision) == []


def test_feedback_on_no_decision_is_not_found(daemon: Daemon) -> None:
    ran = routerd(daemon.home, "feedback", "good", "nonsense")
    assert ran.returncode == 1
    assert "No such decision" in ran.stderr


def test_feedback_needs_the_token(daemon: Daemon) -> None:
    with httpx2.Client(base_url=daemon.url, trust_env=False) as http:
        assert http.post("/control/feedback", json={"value": "good"}).status_code == 401


async def _over_mcp(daemon: Daemon, decision: str) -> object:
    from mcp.client import Client

    from tests.whole_house.test_mcp import _transport

    with anyio.fail_after(40):
        async with Client(_transport("http", daemon)) as client:
            told = await client.call_tool("feedback", {"decision": decision, "value": 1.0})
    return told.structured_content


def test_a_tool_can_judge_over_mcp(daemon: Daemon) -> None:
    decision = _ask(daemon)
    told = anyio.run(_over_mcp, daemon, decision)
    assert told == {"decision": decision, "model": "llamacpp/plumbing-check", "value": 1.0}
    assert _evidence(daemon, decision) == [("feedback", 1.0)]

"""The main job: a real request through a real daemon and real llama.cpp, by OpenAI's own client."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import openai
import pytest

from tests.fakes.daemon import Daemon, environment, routerd

CANARY = "canary-7f3a91-do-not-keep"


@pytest.fixture
def client(daemon: Daemon) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=daemon.token, max_retries=0) as opened:
        yield opened


def _ask(client: openai.OpenAI, text: str = "hello") -> str:
    answer = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": text}]
    )
    return answer.choices[0].message.content or ""


def _requests_once_still(daemon: Daemon) -> int:
    """Count the requests when no earlier answer is still being written down."""
    count = -1
    while (found := int(daemon.client.get("/control/status")["requests"])) != count:
        count = found
        time.sleep(0.3)
        # Looking back waits until all is written.
        daemon.client.get("/control/decisions/last")
    return count


def test_the_openai_client_gets_an_answer_and_the_headers_tell_who_gave_it(
    client: openai.OpenAI,
) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="auto", messages=[{"role": "user", "content": "hello"}]
    )
    answer = raw.parse()
    assert "plumbing check" in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == raw.headers["x-routerd-model"] == "llamacpp/plumbing-check"
    assert "not a model for work" in raw.headers["x-routerd-notice"]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.completion_tokens > 0


def test_a_stream_carries_the_same_text_as_a_whole_answer(client: openai.OpenAI) -> None:
    whole = _ask(client)
    stream = client.chat.completions.create(
        model="auto",
        messages=[{"role": "user", "content": "hello"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    pieces, finish, usage = [], None, None
    for event in stream:
        usage = event.usage or usage
        for choice in event.choices:
            pieces.append(choice.delta.content or "")
            finish = choice.finish_reason or finish
    assert "".join(pieces) == whole
    assert len([piece for piece in pieces if piece]) > 5
    assert finish == "stop"
    assert usage is not None


def test_a_bound_on_the_answer_ends_it_with_length(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "hello"}], max_tokens=3
    )
    assert answer.choices[0].finish_reason == "length"


def test_an_unknown_model_name_is_auto_with_that_name_as_baseline(
    client: openai.OpenAI, daemon: Daemon
) -> None:
    answer = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "hello"}]
    )
    assert answer.model == "llamacpp/plumbing-check"
    assert daemon.client.get("/control/decisions/last")["baseline"] == "gpt-4o"


def test_the_model_list_has_auto_and_every_usable_model(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[0] == "auto"
    assert "llamacpp/plumbing-check" in names


def test_why_shows_features_terms_exclusions_attempts_and_outcome(
    client: openai.OpenAI, daemon: Daemon
) -> None:
    _ask(client, "fix the crash in parser.py: IndexError")
    ran = routerd(daemon.home, "why", "last", "--json")
    found = json.loads(ran.stdout)
    assert ran.returncode == 0
    assert found["features"]["task"] != ""
    assert set(found["candidates"][0]["terms"]) == {
        "complexity",
        "history",
        "cost",
        "latency",
        "availability",
    }
    assert found["outcome"]["attempts"][0]["model"] == "llamacpp/plumbing-check"
    assert found["outcome"]["finish"] == "stop"
    table = routerd(daemon.home, "why").stdout
    assert "complexity" in table
    assert "llamacpp/plumbing-check" in table


def test_past_tasks_take_part_in_the_next_decision(client: openai.OpenAI, daemon: Daemon) -> None:
    for _ in range(3):
        _ask(client, "write a function that reverses a linked list in python")
    # Looking back waits until all is written.
    daemon.client.get("/control/decisions/last")
    found = daemon.client.post(
        "/control/route", {"text": "write a function that reverses a linked list in python"}
    )
    near = [n for n in found["features"]["neighbours"] if n["similarity"] > 0.99]
    assert len(near) >= 3


def test_ask_prints_the_answer_and_says_that_it_is_a_plumbing_check(daemon: Daemon) -> None:
    ran = routerd(daemon.home, "ask", "hello there")
    assert ran.returncode == 0
    assert "plumbing check" in ran.stdout
    assert "not a model for work" in ran.stderr


def test_in_one_file_the_notice_stands_on_a_line_of_its_own(daemon: Daemon) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "routerd", "ask", "hello there"],
        env=environment(daemon.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert "\nrouterd: plumbing check, not a model for work" in ran.stdout


def test_route_shows_the_decision_and_asks_nobody(daemon: Daemon) -> None:
    before = _requests_once_still(daemon)
    ran = routerd(daemon.home, "route", "--json", "explain this regex: ^a+$")
    assert json.loads(ran.stdout)["chosen"] == "llamacpp/plumbing-check"
    assert _requests_once_still(daemon) == before


def test_no_prompt_text_is_left_anywhere_in_the_home(client: openai.OpenAI, daemon: Daemon) -> None:
    _ask(client, f"my password is {CANARY}, please remember it")
    daemon.client.get("/control/decisions/last")
    for path in daemon.home.rglob("*"):
        if path.is_file() and not path.is_socket():
            assert CANARY.encode() not in path.read_bytes(), path


def test_everything_it_wrote_is_private(daemon: Daemon) -> None:
    for path in daemon.home.rglob("*"):
        if path.name not in ("config.toml", "output.txt") and not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path

"""A working day to look at: a real daemon, fake engines that take their time, requests of many kinds.

For screenshots and benches. Everything but the engines is real: decisions, screening, sessions,
the file. `spread` then moves the history over the days before, while the daemon is down.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import apsw
import httpx2
from typing_extensions import override

from tests.fakes.daemon import QUIET, Daemon
from tests.fakes.http_server import Call, Wire
from tests.fakes.ollama_server import FakeModel, FakeOllama
from tests.fakes.openai_chunks import Script
from tests.fakes.openai_server import Behaviour, FakeOpenAI

PROMPTS = (
    "write a function that merges overlapping intervals",
    "why does this raise KeyError: 'user_id' when the session expires?",
    "explain what this regular expression does, step by step",
    "refactor the payment module so that retries are in one place",
    "add docstrings to the public functions of orders.py",
    "write unit tests for the date parser, leap years too",
    "review this diff for race conditions",
    "the CI job fails with exit code 137, what happened?",
    "write a Dockerfile for a Go service with a distroless image",
    "design a distributed rate limiter that survives the loss of a node, with proofs of its bounds",
    "convert this callback code to async/await",
    "what is the difference between a mutex and a semaphore?",
    "write a migration that splits the name column into two",
    "find the memory leak: RSS grows by 40 MB an hour under load",
    "document the REST endpoints in this file as OpenAPI",
    "rename this variable everywhere it means the customer",
    "write property-based tests for the tax calculation",
    "add pagination to the list endpoint, cursor based",
    "explain this borrow checker error",
    "set up a GitHub Actions matrix for three Python versions",
    "prove that this lock-free queue is linearisable or show a history that is not",
    "write a SQL query for the monthly churn by plan",
    "make this React component accessible",
    "why is this test flaky? it passes alone and fails in the suite",
    "port this parser from Python to Rust without changing its behaviour",
    "email jane.doe@example.com about the outage: draft the text",
)
CLIENTS = ("claude-code", "cursor", "continue", "zed", "aider", "opencode")
WORKSPACES = ("~/work/shop", "~/work/billing", "~/work/infra", "~/oss/parser")
MODELS = ("auto", "auto", "auto", "auto", "auto:fast", "auto:best", "gpt-5", "claude-sonnet-4.5")
POLICY = """
currency = "EUR"
per_usd = 0.86

[[rule]]
id = "billing-stays-here"
when.workspace = "~/work/billing"
allow_zones = ["device", "network"]

[[rule]]
id = "no-premium-for-docs"
when.task = ["documentation", "explanation"]
forbid.tier = "premium"

[[rule]]
id = "hard-work-may-cost"
when.complexity = { min = 0.75 }
floor = 0.95

[[budget]]
id = "team"
limit = 40.0
per = "month"

[[budget]]
id = "shop"
workspace = "~/work/shop"
limit = 3.0
per = "day"
"""
ENGINES = """
[[provider]]
name = "ollama"
kind = "ollama"
base_url = "{ollama}"

[[provider]]
name = "team-vllm"
kind = "openai_compatible"
base_url = "{team}"
zone = "network"
context_tokens = 65536

[[provider]]
name = "anthropic"
kind = "openai_compatible"
base_url = "{cloud}"
zone = "cloud"
context_tokens = 200000
models = ["claude*"]

[[provider]]
name = "lab"
kind = "openai_compatible"
base_url = "http://127.0.0.1:9/v1"
zone = "network"
"""


# A busy machine must not show in the pictures.
PATIENCE = "\n[timeouts]\nconnect_s = 15\n[understanding]\nbudget_ms = 5000\n"


class _Slowly:
    """A wire on which the first piece waits, and each after it a little."""

    def __init__(self, wire: Wire, first_s: float, each_s: float) -> None:
        self._wire = wire
        self._waits = itertools.chain([first_s], itertools.repeat(each_s))

    async def chunk(self, data: bytes) -> None:
        """Wait, then send."""
        await asyncio.sleep(next(self._waits))
        await self._wire.chunk(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)


class SlowOllama(FakeOllama):
    """An engine on this machine: the first word after a moment, the others one by one."""

    pace: tuple[float, float] = (0.24, 0.012)

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Answer in time."""
        first_s, each_s = self.pace
        slow: Any = _Slowly(wire, first_s * random.uniform(0.6, 1.9), each_s)
        await super().answer(call, slow if call.path.startswith("/api/chat") else wire)


class SlowServer(FakeOpenAI):
    """A server elsewhere; it lists its own models alone."""

    FAULTS: ClassVar[Mapping[str, Behaviour]] = {}
    ODDITIES: ClassVar[Mapping[str, Behaviour]] = {}
    pace: tuple[float, float] = (0.5, 0.008)

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        """Answer in time."""
        first_s, each_s = self.pace
        slow: Any = _Slowly(wire, first_s * random.uniform(0.6, 1.8), each_s)
        await super().answer(call, slow if call.path.endswith("completions") else wire)


# How often a person is content with an answer.
SOUND = {
    "claude-sonnet-4.5": 0.95,
    "claude-haiku-4.5": 0.88,
    "devstral-24b": 0.8,
    "qwen3-coder:30b": 0.86,
    "qwen2.5-coder:7b": 0.66,
}
ANSWER = " ".join(["Here is one way to do it, with the reasons for each step."] * 7)


@contextmanager
def engines() -> Iterator[str]:
    """Yield the part of config.toml that names three engines, and one that is not there."""
    local = (
        FakeModel(
            "qwen3-coder:30b",
            family="qwen3moe",
            parameter_size="30.5B",
            size=18_556_000_000,
            context_length=262_144,
            num_ctx=32768,
            reply=ANSWER,
            load_s=0.5,
        ),
        FakeModel("qwen2.5-coder:7b", num_ctx=16384, reply=ANSWER, load_s=0.3),
        FakeModel(
            "nomic-embed-text:latest",
            family="nomic-bert",
            parameter_size="137M",
            size=274_000_000,
            context_length=2048,
            capabilities=("embedding",),
        ),
    )
    team = {"devstral-24b": Script(text=ANSWER * 2, prompt_tokens=6400)}
    cloud = {
        "claude-sonnet-4.5": Script(text=ANSWER * 3, prompt_tokens=9200),
        "claude-haiku-4.5": Script(text=ANSWER * 2, prompt_tokens=7400),
    }
    with ExitStack() as stack:
        ollama = stack.enter_context(SlowOllama(*local))
        servers = [stack.enter_context(SlowServer(models)) for models in (team, cloud)]
        urls = {"ollama": ollama.url}
        urls |= dict(zip(("team", "cloud"), (f"{s.url}/v1" for s in servers), strict=True))
        yield ENGINES.format(**urls)


@contextmanager
def running(home: Path) -> Iterator[Daemon]:
    """Yield a daemon over the engines, with a policy."""
    with engines() as named:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "policy.toml").write_text(POLICY, encoding="utf-8")
        config = QUIET.replace("[llamacpp]", f"{named}\n[llamacpp]\nenabled = false")
        with Daemon(home, f'profile = "cheap"\n{config}{PATIENCE}') as it:
            # On a busy machine an engine may be too slow for the first look.
            deadline_s = time.monotonic() + 60
            while not all(e["up"] for e in it.client.post("/control/refresh")["engines"][:3]):
                assert time.monotonic() < deadline_s
            yield it


def talk(daemon: Daemon, number: int) -> None:
    """Have the `number`th conversation: some turns in one project, some answers judged."""
    chance = random.Random(number)
    headers = {
        "authorization": f"Bearer {daemon.token}",
        "x-routerd-client": chance.choice(CLIENTS),
        "x-routerd-workspace": chance.choice(WORKSPACES),
        "x-routerd-session": f"talk-{number}",
    }
    model = chance.choice(MODELS)
    context = "You are a careful coding agent. " * chance.randrange(80, 700)
    messages = [{"role": "system", "content": context}]
    with httpx2.Client(base_url=daemon.url, trust_env=False, timeout=60) as http:
        for _ in range(chance.randint(1, 4)):
            text = f"{chance.choice(PROMPTS)} (case {number})"
            messages.append({"role": "user", "content": text})
            body = {"model": model, "stream": True, "messages": messages}
            told = http.post("/v1/chat/completions", json=body, headers=headers)
            messages.append({"role": "assistant", "content": ANSWER})
            by = told.headers.get("x-routerd-model", "")
            if told.status_code == 200 and chance.random() < 0.7:
                good = chance.random() < SOUND.get(by.partition("/")[2], 0.8)
                word = {"decision": told.headers["x-routerd-decision"], "value": float(good)}
                http.post("/control/feedback", json=word, headers=headers)


def work(daemon: Daemon, count: int, first: int = 0, at_once: int = 6) -> None:
    """Have `count` conversations, some of them at once."""
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda number: talk(daemon, number), range(first, first + count)))


def spread(home: Path, days: int = 30) -> None:
    """Move what was decided over the days before, more on workdays, none at night."""
    chance, now_s = random.Random(5), time.time()
    connection = apsw.Connection(str(home / "state.db"))
    ids = [row[0] for row in connection.execute("select id from decisions order by rowid")]
    moments: list[float] = []
    while len(moments) < len(ids):
        back = int(days * chance.random() ** 1.4)
        at_s = now_s - 86_400 * back - chance.random() * 9 * 3600
        if time.localtime(at_s).tm_wday < 5 or chance.random() < 0.2:
            moments.append(at_s)
    with connection:
        for identity, at_s in zip(ids, sorted(moments), strict=True):
            connection.execute("update decisions set at_unix_s = ? where id = ?", (at_s, identity))
            connection.execute(
                "update outcomes set at_unix_s = ? where decision_id = ?", (at_s, identity)
            )
        connection.execute("delete from daily")
        connection.execute("""
            insert into daily
                select date(o.at_unix_s, 'unixepoch', 'localtime'), d.task, o.model, o.zone,
                    count(*), sum(o.finish = 'failed'), sum(o.baseline_cost_usd > 0),
                    sum(max(o.input_tokens, 0)), sum(max(o.output_tokens, 0)),
                    sum(o.cost_usd), sum(o.baseline_cost_usd),
                    sum(iif(o.baseline_cost_usd > 0, o.baseline_cost_usd - o.cost_usd, 0.0))
                from outcomes as o join decisions as d on d.id = o.decision_id
                group by 1, 2, 3, 4
        """)
    connection.close()

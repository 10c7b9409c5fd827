"""A real daemon with a believable desk around it, for pictures: engines, clouds, two weeks of work.

Nothing of the daemon is simulated. The engines are the tests' fakes, slowed down to the speed of real
ones; the keys lie in a real keyring; the days in the past are real requests, moved back in state.db.
"""

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the tests' fakes are part of the checkout, not of the package

from typing_extensions import override  # noqa: E402

from tests.fakes import anthropic_server, openai_chunks  # noqa: E402
from tests.fakes.anthropic_server import FakeAnthropic  # noqa: E402
from tests.fakes.daemon import Daemon  # noqa: E402
from tests.fakes.http_server import Call, Wire  # noqa: E402
from tests.fakes.lmstudio_server import Downloaded, FakeLMStudio  # noqa: E402
from tests.fakes.ollama_answer import Work, answer_lines  # noqa: E402
from tests.fakes.ollama_model import FakeModel  # noqa: E402
from tests.fakes.ollama_server import FakeOllama  # noqa: E402

KEY = "sk-ant-of-the-demonstration-0123456789"
DAYS = 14
REPLY = (
    "The loop reads one element past the end because the bound is inclusive. Use `<` instead of "
    "`<=`, and return early when the list is empty; the test below fails without the change.\n\n"
    "```python\ndef last(items):\n    if not items:\n        return None\n    return items[-1]\n```\n"
)
CONFIG = """
port = {port}
discover = false
allow_env_keys = false
baseline = "anthropic/claude-sonnet-4-6"
[llamacpp]
threads = 1
[[provider]]
name = "ollama"
kind = "ollama"
base_url = "{ollama}"
[[provider]]
name = "lmstudio"
kind = "lmstudio"
base_url = "{lmstudio}"
[[provider]]
name = "anthropic"
kind = "anthropic"
base_url = "{anthropic}"
"""
POLICY = """
[[rule]]
id = "client-a-stays-here"
when = { workspace = "~/work/client-a/**" }
allow_zones = ["device"]

[[rule]]
id = "reviews-get-the-best"
when = { task = "review", complexity = { min = 0.6 } }
floor = 0.95

[[budget]]
id = "cloud-a-day"
limit = 5.0
per = "day"
"""
# Task, prompt, how often: what a developer asks in a fortnight.
PROMPTS: tuple[tuple[str, int], ...] = (
    ("why does this loop raise IndexError on an empty list? here is the traceback", 4),
    ("write a regular expression for an IPv4 address, with tests", 3),
    ("rename the variable `tmp` to something that says what it holds", 5),
    ("add a docstring to this function", 6),
    ("explain what this git command does: git rebase --onto main topic~3 topic", 5),
    ("write unit tests for the date parser, including leap years", 4),
    ("refactor this class into two, one for reading and one for writing the file", 3),
    ("review this pull request: the lock is taken in two different orders", 3),
    ("write a Dockerfile for a FastAPI service with a multi-stage build", 3),
    ("find the race condition in this worker pool; jobs are sometimes run twice", 3),
    ("design the migration from one Postgres to a sharded setup without downtime, step by step", 2),
    ("prove that this lock-free queue never loses an element under weak memory ordering", 2),
    ("translate this Python function to Rust, keeping the error messages", 3),
    ("write a bash script that deletes local branches that are merged", 4),
    ("what does this SQL do, and which index would help it?", 3),
    ("write the README section about installing on Windows", 3),
    ("complete the function `def median(values):`", 5),
    ("the CI fails only on Windows: path separators in a snapshot test; fix the test", 3),
)
_DAILY = """
    insert into daily
        select date(o.at_unix_s, 'unixepoch', 'localtime'), d.task, o.model, o.zone, count(*),
            sum(o.finish = 'failed'), sum(o.baseline_cost_usd > 0), sum(max(o.input_tokens, 0)),
            sum(max(o.output_tokens, 0)), sum(o.cost_usd), sum(o.baseline_cost_usd),
            sum(iif(o.baseline_cost_usd > 0, o.baseline_cost_usd - o.cost_usd, 0.0))
        from outcomes as o join decisions as d on d.id = o.decision_id group by 1, 2, 3, 4
"""
# Tokens a second.
OLLAMA_SPEEDS = {"qwen2.5-coder:7b": 42.0, "qwen2.5-coder:1.5b": 110.0, "qwen2.5-coder:14b": 21.0}
CLOUD = ("claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-6")
CLIENTS = ("claude-code", "continue", "zed", "aider", "cli")
MODELS = ("auto",) * 7 + ("auto:fast", "auto:best", "gpt-4o")
WORKSPACES = ("~/work/client-a/shop", "~/code/routerd", "~/code/site")


class PacedOllama(FakeOllama):
    """Writes as fast as its model would: `speeds` are tokens a second by model."""

    speeds: Mapping[str, float] = {}

    @override
    async def _work(self, work: Work, wire: Wire, *, images: bool) -> None:
        speed = self.speeds.get(work.model.name, 40.0)
        await asyncio.sleep(0.15)
        await wire.begin("application/x-ndjson")
        for line in answer_lines(work):
            await wire.chunk(json.dumps(line).encode() + b"\n")
            await asyncio.sleep(1 / speed)
        await wire.end()


class PacedLMStudio(FakeLMStudio):
    """The same for LM Studio, all models alike."""

    @override
    async def _chat(self, call: Call, wire: Wire) -> None:
        model = await self._ready(call, wire)
        if model is None:
            return
        await asyncio.sleep(0.25)
        await wire.begin("text/event-stream")
        for data in [*openai_chunks.events(model.script, call.data), openai_chunks.DONE]:
            await wire.chunk(data)
            await asyncio.sleep(1 / 24)
        await wire.end()


class PacedAnthropic(FakeAnthropic):
    """The same for a cloud: half a second to the first word, two seconds for the others."""

    @override
    async def _message(self, call: Call, wire: Wire) -> None:
        model = str(call.data["model"])
        await asyncio.sleep(0.5)
        if not call.data.get("stream"):
            await asyncio.sleep(2.0)
            await super()._message(call, wire)
            return
        await wire.begin(anthropic_server.SSE)
        sent = anthropic_server.events(self.models[model], model)
        for data in sent:
            await wire.chunk(data)
            await asyncio.sleep(2.0 / len(sent))
        await wire.end()


@dataclass(frozen=True, slots=True)
class Desk:
    """The running house. `environment` is what its commands need: home, keyring, session bus."""

    daemon: Daemon
    home: Path
    environment: Mapping[str, str]

    def routerd(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run one command of the command line."""
        command = [sys.executable, "-m", "routerd", *arguments]
        return subprocess.run(
            command,
            env=dict(self.environment),
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            cwd=self.home,
        )


def engines(stack: ExitStack) -> dict[str, str]:
    """Start the engines; return name -> address."""
    insert = ("completion", "tools", "insert")
    ollama = PacedOllama(
        FakeModel("qwen2.5-coder:7b", capabilities=insert, reply=REPLY),
        FakeModel("qwen2.5-coder:1.5b", parameter_size="1.5B", capabilities=insert, reply=REPLY,
                  size=986_061_810),
        FakeModel("qwen2.5-coder:14b", parameter_size="14.8B", capabilities=insert, reply=REPLY,
                  size=8_988_124_069),
        FakeModel("nomic-embed-text:latest", "nomic-bert", "137M", "F16", 2048,
                  capabilities=("embedding",), size=274_302_450),
    )  # fmt: skip
    ollama.speeds = OLLAMA_SPEEDS
    said = openai_chunks.Script(text=REPLY)
    studio = PacedLMStudio(
        Downloaded("qwen/qwen3-14b", params="14B", size_bytes=9_001_752_960, script=said)
    )
    block = ({"type": "text", "text": REPLY},)
    script = anthropic_server.Script(block, input_tokens=640, output_tokens=150)
    cloud = PacedAnthropic(KEY, dict.fromkeys(CLOUD, script))
    servers = {"ollama": ollama, "lmstudio": studio, "anthropic": cloud}
    return {name: stack.enter_context(server).url for name, server in servers.items()}


@contextmanager
def desk(home: Path, *, port: int = 0, requests: int = 200) -> Iterator[Desk]:
    """Open the house, let it work for a fortnight, and yield it. Needs a session bus."""
    state = home / ".local" / "share" / "routerd"
    state.mkdir(mode=0o700, parents=True)
    variables = {
        "HOME": str(home),
        "DBUS_SESSION_BUS_ADDRESS": os.environ["DBUS_SESSION_BUS_ADDRESS"],
        "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"],
    }
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "ROUTERD_HOME": str(state)}
    environment |= variables
    with ExitStack() as stack:
        addresses = engines(stack)
        config = CONFIG.format(port=port, **addresses)
        (state / "policy.toml").write_text(POLICY, encoding="utf-8")
        (state / "config.toml").write_text(config, encoding="utf-8")
        with Daemon(state, config, **variables) as daemon:
            first = Desk(daemon, home, environment)
            stored = first.routerd("keys", "set", "anthropic", stdin=f"{KEY}\n")
            if stored.returncode:
                raise SystemExit(f"the key could not be stored: {stored.stderr}")
            daemon.client.post("/control/refresh")
            work(daemon, requests)
            daemon.client.get("/control/decisions/last")  # what waits is written first
        spread(state / "state.db", DAYS)
        with Daemon(state, config, **variables) as daemon:
            daemon.client.post("/control/refresh")
            (state / "output.txt").chmod(0o600)
            # What a model is like now is measured anew by each daemon.
            for model in (*OLLAMA_SPEEDS, *CLOUD):
                Desk(daemon, home, environment).routerd("ask", "--model", model, PROMPTS[2][0])
            yield Desk(daemon, home, environment)


def work(daemon: Daemon, count: int) -> None:
    """Ask `count` questions of many kinds, eight at a time, as several tools do."""
    dice = random.Random(11)  # noqa: S311  # the same picture each time
    prompts = [text for text, often in PROMPTS for _ in range(often)]
    bodies = [
        (dice.choice(prompts), dice.choice(CLIENTS), dice.choice(WORKSPACES), dice.choice(MODELS))
        for _ in range(count)
    ]
    with daemon.http() as http, ThreadPoolExecutor(8) as pool:

        def ask(one: tuple[str, str, str, str]) -> None:
            prompt, client, workspace, model = one
            headers = {"x-routerd-client": client, "x-routerd-workspace": workspace}
            body: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}]}
            body |= {"model": model, "max_tokens": 400}
            reply = http.post("/v1/chat/completions", json=body, headers=headers)
            reply.raise_for_status()

        list(pool.map(ask, bodies))


def spread(database: Path, days: int) -> None:
    """Move the requests apart: over so many days, fewer at weekends, in their order."""
    dice = random.Random(5)  # noqa: S311  # as above
    with sqlite3.connect(database) as connection:
        identities = [i for (i,) in connection.execute("select id from decisions order by rowid")]
        now = connection.execute("select max(at_unix_s) from decisions").fetchone()[0]
        weights = [0.25 if day % 7 in (3, 4) else 1.0 + 0.3 * dice.random() for day in range(days)]
        edges = [sum(weights[:day]) / sum(weights) for day in range(days + 1)]
        for at, identity in enumerate(identities):
            share = at / max(len(identities) - 1, 1)
            day = next(d for d, (low, high) in enumerate(pairwise(edges)) if share <= high)
            back_s = (days - 1 - day) * 86_400
            for table in ("decisions", "outcomes", "memories"):
                key = "id" if table == "decisions" else "decision_id"
                connection.execute(
                    f"update {table} set at_unix_s = ? where {key} = ?",  # noqa: S608  # constants
                    (now - back_s - dice.random() * 3000 * (day < days - 1), identity),
                )
        # The sums by day, made again as they are made of an older file.
        connection.execute("delete from daily")
        connection.execute(_DAILY)
    connection.close()


def on_a_session_bus(script: Path) -> None:
    """Run the script again on a session bus with an open keyring, unless it has one already."""
    if os.environ.get("ROUTERD_SCREENSHOTS"):
        return
    from tests.fakes.secret_service import UNLOCKED

    arguments = " ".join(f"'{argument}'" for argument in sys.argv[1:])
    inner = f"{UNLOCKED}; exec '{sys.executable}' '{script}' {arguments}"
    bare = Path(os.environ.get("TMPDIR", "/tmp")) / f"routerd-bus-{os.getpid()}"  # noqa: S108
    bare.mkdir(mode=0o700)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(bare),
        "XDG_RUNTIME_DIR": str(bare),
        "XDG_DATA_HOME": str(bare / "data"),
        "LANG": "C.UTF-8",
        "ROUTERD_SCREENSHOTS": "1",
    }
    done = subprocess.run(["dbus-run-session", "--", "/bin/bash", "-c", inner], env=environment)
    raise SystemExit(done.returncode)

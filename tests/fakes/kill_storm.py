"""Kills a daemon again and again while clients load it, and looks for what it had acknowledged.

Acknowledged is: an answer whose HTTP body came to its end (decision, outcome, memory, money and
audit entry), and feedback that was answered with 200.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx2

from routerd.audit import chain, files
from routerd.audit.verify import verify
from routerd.client import DaemonClient, NotRunning
from routerd.storage.database import check_structure, open_connection
from tests.fakes.daemon import START_TIMEOUT_S, environment
from tests.fakes.openai_server import FakeOpenAI

ROOT = Path(__file__).parents[2]
CLIENTS = 6
SETTINGS = """port = 0
discover = false
[llamacpp]
enabled = false
[[provider]]
name = "here"
kind = "openai_compatible"
base_url = "{url}/v1"
[[provider]]
name = "far"
kind = "openai_compatible"
base_url = "{url}/v1"
zone = "cloud"
models = ["good"]
"""
PRICES = """[[model]]
name = "good"
family = "good"
match = ["good"]
ability = 2.0
ability_sd = 0.5
price = { input = 3.0, output = 15.0, date = "2026-11-01" }
"""
# A budget so wide that it stops nothing: the money is counted all the same.
POLICY = '[[budget]]\nid = "month"\nlimit = 1000000\nper = "month"\n'


@dataclass
class Figures:
    """What came of it. `lost` names everything that was acknowledged and is not there."""

    kills: int = 0
    answers: int = 0
    feedback: int = 0
    lost: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Return the figures as JSON shows them."""
        starts = sorted(self.start_s)
        return {
            "kills": self.kills,
            "acknowledged answers": self.answers,
            "acknowledged feedback": self.feedback,
            "lost": len(self.lost),
            "corrupt": len(self.corrupt),
            "slowest start after a kill, s": round(starts[-1], 2) if starts else 0.0,
        }


@dataclass
class Acknowledged:
    """Of one life of the daemon; clients append, the storm reads once they have ended.

    The client that gets answer number `kill_at` kills the daemon at once; 0 for nobody.
    """

    pid: int
    kill_at: int = 0
    killed: threading.Event = field(default_factory=threading.Event)
    answers: dict[str, str] = field(default_factory=dict)
    feedback: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)


class Storm:
    """A context manager: the backend and the process that starts daemons live as long as it."""

    def __init__(self, home: Path, seed: int = 1) -> None:
        self.home = home
        self.figures = Figures()
        self._rng = random.Random(seed)  # the same storm every time
        self._server = FakeOpenAI()
        self._zygote: subprocess.Popen[str] | None = None
        self._seen_seq = 0

    def __enter__(self) -> "Storm":
        self._server.__enter__()
        self.home.mkdir(mode=0o700, exist_ok=True)
        for name, text in (
            ("config.toml", SETTINGS.format(url=self._server.url)),
            ("catalogue.toml", PRICES),
            ("policy.toml", POLICY),
        ):
            (self.home / name).write_text(text, encoding="utf-8")
        self._zygote = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.fakes.zygote"],
            env=environment(self.home, PYTHONPATH=str(ROOT)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._zygote is not None
        with self._zygote:
            pass  # its input is closed, and it ends
        self._server.__exit__(kind, error, trace)

    def start(self) -> int:
        """Start a daemon, wait until it is ready, return its process id."""
        assert self._zygote is not None
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        began_s = time.monotonic()
        self._zygote.stdin.write("go\n")
        self._zygote.stdin.flush()
        pid = int(self._zygote.stdout.readline())
        endpoint = self.home / "run" / "endpoint.json"
        while time.monotonic() < began_s + START_TIMEOUT_S:
            try:
                # The file of the one before lies there until the new one is ready.
                if json.loads(endpoint.read_text("utf-8"))["pid"] == pid:
                    DaemonClient(self.home).get("/health")
                    self.figures.start_s.append(time.monotonic() - began_s)
                    return pid
            except (OSError, ValueError, NotRunning):
                pass
            time.sleep(0.01)  # another process starts; there is no event to wait for
        raise AssertionError((self.home / "output.txt").read_text("utf-8", "replace")[-4000:])

    def round(self) -> None:
        """Load a daemon, kill it in the middle, start the next one and look for everything."""
        pid = self.start()
        self._healthy()
        told, stop = (
            Acknowledged(pid, self._rng.choice((0, self._rng.randint(1, 20)))),
            threading.Event(),
        )
        clients = [
            threading.Thread(target=self._load, args=(number, told, stop))
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        # When the kill comes is the chance in it: any moment, or right behind an answer.
        told.killed.wait(10.0 if told.kill_at else self._rng.uniform(0.05, 1.0))
        if not told.killed.is_set():
            os.kill(pid, signal.SIGKILL)
        stop.set()
        while Path(f"/proc/{pid}").exists():
            time.sleep(0.002)  # it holds the home's lock until the kernel is done with it
        for client in clients:
            client.join(30)
        self.figures.kills += 1
        self._look_for(told)

    def last(self) -> None:
        """Start once more, end in order, and verify the whole of log and database."""
        pid = self.start()
        self._healthy()
        os.kill(pid, signal.SIGTERM)
        while (self.home / "run" / "endpoint.json").exists():
            time.sleep(0.01)  # another process ends; there is no event to wait for
        found = verify(self.home / "audit.log")
        self.figures.corrupt += [f"audit: {one}" for one in found.breaks]

    def _healthy(self) -> None:
        status = DaemonClient(self.home).get("/control/status")
        self.figures.corrupt += [w for w in status["warnings"] if "kept as" in w or "history" in w]

    def _load(self, number: int, told: Acknowledged, stop: threading.Event) -> None:
        """Ask without a pause; what was answered in full is acknowledged."""
        port = json.loads((self.home / "run" / "endpoint.json").read_text("utf-8"))["port"]
        token = (self.home / "token").read_text("ascii").strip()
        headers = {"authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{port}"
        with httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as http:
            turn = number
            while not stop.is_set():
                turn += 1
                try:
                    identity = self._ask(http, turn, told)
                    if identity and turn % 3 == 0:
                        body = {"decision": identity, "value": "good"}
                        if http.post("/control/feedback", json=body).status_code == 200:
                            told.feedback[identity] += 1
                except httpx2.HTTPError:
                    return  # killed

    def _ask(self, http: httpx2.Client, turn: int, told: Acknowledged) -> str:
        model = "far/good" if turn % 2 else "here/good"
        text = f"explain what task {turn} does"
        body = {
            "model": model,
            "messages": [{"role": "user", "content": text}],
            "stream": turn % 4 < 2,
        }
        answer = http.post("/v1/chat/completions", json=body)
        if answer.status_code != 200:
            told.refused.append(answer.text)
            return ""
        identity = answer.headers["x-routerd-decision"]
        told.answers[identity] = model
        if len(told.answers) == told.kill_at:
            os.kill(told.pid, signal.SIGKILL)
            told.killed.set()
        return identity

    def _look_for(self, told: Acknowledged) -> None:
        """Compare the files, as the kill left them, with what was acknowledged."""
        figures = self.figures
        figures.answers += len(told.answers)
        figures.feedback += sum(told.feedback.values())
        figures.corrupt += [f"refused: {text[:200]}" for text in told.refused]
        path = self.home / "state.db"
        # Not read only: the log that the kill left has to be recovered first.
        connection = open_connection(path, writable=True)
        try:
            check_structure(connection)
            for identity, model in told.answers.items():
                row = connection.execute(
                    # A reading that came too late, on a busy machine, makes no memory.
                    "select o.model, o.finish, m.id is not null or d.task_confidence = 0 "
                    "from outcomes as o "
                    "join decisions as d on d.id = o.decision_id "
                    "left join memories as m on m.decision_id = d.id where d.id = ?",
                    (identity,),
                ).fetchone()
                if row != (model, "stop", 1):
                    figures.lost.append(f"{identity}: {row}")
            for identity, times in told.feedback.items():
                kept = connection.execute(
                    "select count(*) from evidence where decision_id = ? and kind = 'feedback'",
                    (identity,),
                ).get
                figures.lost += [f"feedback on {identity}"] * max(0, times - int(kept))
            self._look_for_money(connection)
        finally:
            connection.close()
        entries = self._new_entries()
        figures.lost += [f"audit entry of {i}" for i in told.answers if i not in entries]

    def _look_for_money(self, connection: Any) -> None:
        """The account must hold at least what the outcomes cost."""
        cost = connection.execute("select cost_usd from totals").get
        spent = connection.execute("select coalesce(sum(usd), 0) from spending").get
        if spent < cost - 1e-9:
            self.figures.lost.append(f"money: {spent} of {cost}")

    def _new_entries(self) -> set[str]:
        """Return the decisions whose answers the audit log tells since the last look."""
        found, newest = set(), self._seen_seq
        for file in reversed(files.all_files(self.home / "audit.log")):
            for line in files.backwards(file):
                entry = chain.read(line)
                if entry["seq"] <= self._seen_seq:
                    self._seen_seq = newest
                    return found
                newest = max(newest, entry["seq"])
                if entry["kind"] == "answered":
                    found.add(entry["decision"])
        self._seen_seq = newest
        return found

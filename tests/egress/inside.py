"""Runs inside the namespace: a daemon in offline mode through every door, packets counted after each.

`python -m tests.egress.inside FOLDER ENVIRONMENT`, ENVIRONMENT being some of: names, proxies, ipv4,
airgap, long. EGRESS_IDLE_S is how long it idles. Prints JSON: what the positive control counted, and each scenario with its packets.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.egress import wire
from tests.fakes.daemon import Daemon, routerd
from tests.fakes.openai_server import FakeOpenAI

PROXIES = dict.fromkeys(
    ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    "http://203.0.113.50:3128",
)
KEYS = {"OPENAI_API_KEY": "sk-canary", "ANTHROPIC_API_KEY": "sk-canary", "OLLAMA_API_KEY": "canary"}
Scenario = tuple[str, Callable[[], object]]


def config(engine: str, *, offline: bool) -> str:
    """Return settings with an engine here, one elsewhere by name, one by address, and a cloud."""
    return f"""port = 0
offline = {str(offline).lower()}
[llamacpp]
threads = 1
[timeouts]
connect_s = 0.5
first_token_s = 3.0
idle_s = 3.0
[[provider]]
name = "here"
kind = "openai_compatible"
base_url = "{engine}/v1"
[[provider]]
name = "by-name"
kind = "openai_compatible"
base_url = "http://gpu-box.internal.example:8000/v1"
zone = "network"
[[provider]]
name = "by-address"
kind = "openai_compatible"
base_url = "http://[2001:db8:ffff::8]:8000/v1"
zone = "network"
[[provider]]
name = "cloud"
kind = "openai_compatible"
base_url = "https://203.0.113.8/v1"
zone = "cloud"
"""


class Doors:
    """Every way in, tried whatever comes back: only the packets count."""

    def __init__(
        self, home: Path, daemon: Daemon, engine: FakeOpenAI, environment: dict[str, str]
    ) -> None:
        self.home, self.daemon, self.engine, self.environment = home, daemon, engine, environment
        self.at_length = False

    def chat(self, model: str = "auto", *, stream: bool = False, **more: Any) -> None:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "hello"}],
            "stream": stream,
        }
        self.post("/v1/chat/completions", {**body, **more})

    def post(self, path: str, body: Any) -> None:
        with self.daemon.http() as http:
            http.post(path, json=body).read()

    def get(self, path: str) -> None:
        with self.daemon.http() as http:
            http.get(path).read()

    def command(self, *arguments: str) -> None:
        routerd(self.home, *arguments, **self.environment)

    def mcp(self) -> None:
        call = {"name": "ask", "arguments": {"prompt": "hello"}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        headers = {
            "accept": "application/json, text/event-stream",
            "mcp-protocol-version": "2025-11-25",
        }
        with self.daemon.http() as http:
            http.post("/mcp", json=message, headers=headers).read()

    def policy(self) -> None:
        text = "[[rule]]\nid = 'open'\nallow_zones = ['device', 'network', 'cloud']\nfloor = 0.1\n"
        (self.home / "policy.toml").write_text(text, encoding="utf-8")
        self.post("/control/reload", {})
        self.chat("auto:best")

    def reload_online(self) -> None:
        self.daemon.configure(config(self.engine.url, offline=False))
        self.post("/control/reload", {})
        self.post("/control/refresh", {})
        self.chat("cloud/gpt")

    def sighup(self) -> None:
        assert self.daemon.process is not None
        self.daemon.process.send_signal(signal.SIGHUP)
        self.get("/control/status")

    def scenarios(self) -> list[Scenario]:
        image = "data:image/png;base64,iVBORw0KGgo="
        seen = [
            {"type": "image_url", "image_url": {"url": image}},
            {"type": "text", "text": "what?"},
        ]
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
        return [
            ("chat", self.chat),
            ("chat streamed", lambda: self.chat(stream=True)),
            ("chat with the engine here", lambda: self.chat("here/good")),
            ("chat with the built-in engine", lambda: self.chat("llamacpp/plumbing-check")),
            ("pinned to another machine by name", lambda: self.chat("by-name/big")),
            ("pinned to another machine by address", lambda: self.chat("by-address/big")),
            ("pinned to the cloud", lambda: self.chat("cloud/gpt", stream=True)),
            ("a famous name", lambda: self.chat("gpt-4o")),
            ("auto:best", lambda: self.chat("auto:best")),
            ("tools", lambda: self.chat(tools=[tool])),
            ("an image", lambda: self.post("/v1/chat/completions", {"model": "auto", "messages": [{"role": "user", "content": seen}]})),
            ("an image by address", lambda: self.post("/v1/chat/completions", {"model": "auto", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://203.0.113.9/a.png"}}]}]})),
            ("responses", lambda: self.post("/v1/responses", {"model": "gpt-4o", "input": "hello"})),
            ("completions", lambda: self.post("/v1/completions", {"model": "auto", "prompt": "def f("})),
            ("embeddings", lambda: self.post("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"})),
            ("messages", lambda: self.post("/v1/messages", {"model": "claude-sonnet", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]})),
            ("count_tokens", lambda: self.post("/v1/messages/count_tokens", {"model": "claude-sonnet", "messages": [{"role": "user", "content": "hello"}]})),
            ("Ollama's chat", lambda: self.post("/api/chat", {"model": "llama3", "messages": [{"role": "user", "content": "hello"}]})),
            ("Ollama's generate", lambda: self.post("/api/generate", {"model": "glm-4.6:cloud", "prompt": "hello"})),
            ("Ollama's tags", lambda: self.get("/api/tags")),
            ("a secret for the cloud", lambda: self.chat("cloud/gpt", user="ghp_" + "c4Na" * 9)),
            ("the dashboard", lambda: self.get("/")),
            ("what a tray asks", self.as_a_tray),
            ("feedback", lambda: self.post("/control/feedback", {"value": "good"})),
            ("forget", lambda: self.post("/control/forget", {"since_unix_s": 4e9})),
            ("a worker killed", self.worker_killed),
            ("a broken body", lambda: self.post("/v1/chat/completions", {"messages": 5})),
            ("models", lambda: self.get("/v1/models")),
            ("MCP", self.mcp),
            ("route", lambda: self.post("/control/route", {"text": "hello"})),
            ("classify", lambda: self.post("/control/classify", {"text": "hello"})),
            ("look for engines", lambda: self.post("/control/refresh", {})),
            ("policy show", lambda: self.post("/control/policy/show", {"text": "hello"})),
            ("a policy that allows the cloud", self.policy),
            ("settings that say online", self.reload_online),
            ("SIGHUP", self.sighup),
            ("pull", lambda: self.command("pull", "owner/repo/file.gguf")),
            *self.more_commands(),
            ("ask from the command line", lambda: self.command("ask", "hello")),
            ("an engine that breaks off", lambda: self.chat("here/rst-mid-stream", stream=True)),
            ("every engine down", self.engines_down),
        ]  # fmt: skip

    def as_a_tray(self) -> None:
        for _ in range(5):
            self.get("/control/status")

    def worker_killed(self) -> None:
        self.chat("llamacpp/plumbing-check")
        assert self.daemon.process is not None
        for worker in psutil.Process(self.daemon.process.pid).children():
            if "routerd.engines.worker" in worker.cmdline():
                worker.kill()
        self.chat("llamacpp/plumbing-check")

    def more_commands(self) -> Iterator[Scenario]:
        """Yield the commands that look things up; each is a process, so only at length."""
        if not self.at_length:
            return
        for words in (
            "status", "models --refresh", "keys list", "keys find", "doctor", "stats", "why last",
            "pull qwen3:0.6b", "offline report", "audit verify", "policy check", "replay",
            "connect cursor --print", "classify hello", "support-bundle --yes --output /dev/null",
        ):  # fmt: skip
            yield f"routerd {words}", partial(self.command, *words.split())

    def engines_down(self) -> None:
        self.engine.__exit__(None, None, None)
        self.post("/control/refresh", {})
        self.chat()
        self.chat("here/good")


@contextmanager
def crashed(daemon: Daemon) -> Iterator[None]:
    """Kill the daemon as nothing else does; the next one starts on what it left."""
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    yield


def go_through(folder: Path, words: set[str]) -> dict[str, Any]:
    """Return the control's counts and one entry a scenario."""
    wire.lay(folder, ipv4="ipv4" in words)
    environment = {**KEYS, **(PROXIES if "proxies" in words else {})}
    arguments = ["--airgap"] if "airgap" in words else []
    home, found = folder / "home", []

    def note(name: str) -> None:
        found.append({"scenario": name, **wire.counted()})

    with wire.sinkhole() if "names" in words else nullcontext(), ExitStack() as stack:
        control = wire.control(names=True, ipv4="ipv4" in words)
        engine = stack.enter_context(FakeOpenAI())
        text = config(engine.url, offline=True)
        daemon = Daemon(home, text, arguments=arguments, **environment)
        with daemon:
            note("first start")
            doors = Doors(home, daemon, engine, environment)
            doors.at_length = "long" in words
            for name, scenario in doors.scenarios():
                scenario()
                note(name)
            idle_s = float(os.environ.get("EGRESS_IDLE_S", "0.5"))
            time.sleep(idle_s)  # idle is the scenario
            note("idle")
            with crashed(daemon):
                note("a crash")
        again = Daemon(home, text, arguments=arguments, **environment)
        with again:
            note("a start after a crash")
        note("stop")
        after = wire.control(names=True, ipv4="ipv4" in words)
        stack.pop_all()
    return {"control": control, "control_after": after, "scenarios": found}


def main() -> int:
    """Print what was found as the last line."""
    folder = Path(sys.argv[1])
    print(json.dumps(go_through(folder, set(sys.argv[2:]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())


def outside(
    folder: Path, words: list[str], *, idle_s: float = 0.5, timeout_s: float = 400
) -> dict[str, Any]:
    """Run this module in namespaces of its own and return what it found."""
    command = ["unshare", "-rnm", sys.executable, "-W", "ignore", "-m", "tests.egress.inside"]
    ran = subprocess.run(
        [*command, str(folder), *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout_s + idle_s,
        check=False,
        # CI silences the telemetry of some libraries.
        env={**{k: v for k, v in os.environ.items() if k != "CI"}, "EGRESS_IDLE_S": str(idle_s)},
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stderr[-4000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found

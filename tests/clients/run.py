"""Runs real coding tools, as they are, against routerd's doors and a scripted engine."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from routerd.connecting import connection
from routerd.connecting.clients import CLIENTS, Daemon, Surroundings
from routerd.settings.places import write_private
from tests.clients.reading_script import CANARY, ReadingScript
from tests.fakes.scripted_house import TOKEN, ServedHouse

LIMIT_S = 180
PROMPT = "What stands in the file notes.txt here? Read it with your tool and say it."


@dataclass(frozen=True, slots=True)
class Place:
    """One client's home and working directory, and the doors it talks to."""

    home: Path
    work: Path
    url: str
    port: int

    def connect(self, client: str) -> None:
        """Write the settings that `routerd connect` writes; MCP is left out of it."""
        here = Surroundings(self.home, sys.platform, {})
        plan = CLIENTS[client](here, Daemon(self.port, TOKEN, "/bin/false", {}, 131_072))
        kept = self.home / "kept"
        kept.mkdir(mode=0o700)
        connection.write(kept, connection.pending(plan), write_private)

    def environment(self, **more: str) -> dict[str, str]:
        """Return a clean environment."""
        path = os.environ["PATH"]
        return {"PATH": path, "HOME": str(self.home), "TERM": "dumb", "LANG": "C.UTF-8", **more}


Command = tuple[list[str], dict[str, str]]


def _claude_code(program: str, place: Place) -> Command:
    place.connect("claude-code")
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    return [program, "-p", PROMPT, "--allowedTools", "Read"], place.environment(**quiet)


def _codex(program: str, place: Place) -> Command:
    place.connect("codex")
    return [program, "exec", "--skip-git-repo-check", PROMPT], place.environment()


def _opencode(program: str, place: Place) -> Command:
    place.connect("opencode")
    return [program, "run", "-m", "routerd/auto", PROMPT], place.environment()


def _aider(program: str, place: Place) -> Command:
    place.connect("aider")
    flags = ["--yes-always", "--no-git", "--no-check-update", "--analytics-disable"]
    return [program, "--message", "hi", *flags], place.environment()


READ_FILE = """
def read_file(path: str) -> str:
    "Read a file."
    return open(path, encoding="utf-8").read()
"""


def _llm(program: str, place: Place) -> Command:
    folder = place.home / "llm"
    folder.mkdir()
    text = f"- model_id: routerd\n  model_name: auto\n  api_base: {place.url}/v1\n"
    text += "  api_key_name: routerd\n  supports_tools: true\n"
    (folder / "extra-openai-models.yaml").write_text(text, encoding="utf-8")
    (folder / "keys.json").write_text(f'{{"routerd": "{TOKEN}"}}', encoding="utf-8")
    environment = place.environment(LLM_USER_PATH=str(folder))
    return [program, "-m", "routerd", "--functions", READ_FILE, PROMPT], environment


def _llm_ollama(program: str, place: Place) -> Command:
    # Ollama's library sends the key as a bearer token to whatever host it is told.
    environment = place.environment(
        OLLAMA_HOST=place.url, OLLAMA_API_KEY=TOKEN, LLM_USER_PATH=str(place.home / "llm")
    )
    return [program, "-m", "ollama/auto", "--functions", READ_FILE, PROMPT], environment


def _continue(program: str, place: Place) -> Command:
    place.connect("continue")
    config = str(place.home / ".continue" / "config.yaml")
    flags = ["--config", config, "--allow", "Read"]
    return [program, "-p", PROMPT, *flags], place.environment(CONTINUE_TELEMETRY_ENABLED="0")


def _script(name: str, program: list[str], place: Place, **more: str) -> Command:
    """Run one of the scripts beside this file; it is told address, token and the file to read."""
    script, notes = Path(__file__).with_name(name), str(place.work / "notes.txt")
    return [*program, str(script), place.url, TOKEN, notes], place.environment(**more)


def _langchain(program: str, place: Place) -> Command:
    return _script("langchain_script.py", [program], place)


def _litellm(program: str, place: Place) -> Command:
    # Else it fetches its list of prices from the network while it is imported.
    return _script("litellm_script.py", [program], place, LITELLM_LOCAL_MODEL_COST_MAP="True")


def _ai_sdk(program: str, place: Place) -> Command:
    return _script("ai_sdk_script.mjs", ["node"], place, PACKAGES=program)


# name -> (command, whether it has tools of its own)
RUNS: dict[str, tuple[Callable[[str, Place], Command], bool]] = {
    "claude-code": (_claude_code, True),
    "codex": (_codex, True),
    "opencode": (_opencode, True),
    "aider": (_aider, False),
    "continue": (_continue, True),
    "llm": (_llm, True),
    "llm-ollama": (_llm_ollama, True),
    "langchain": (_langchain, True),
    "litellm": (_litellm, True),
    "ai-sdk": (_ai_sdk, True),
}


def run(name: str, program: str) -> bool:
    """Run one client; print what came of it and return whether it passed."""
    command, has_tools = RUNS[name]
    with tempfile.TemporaryDirectory(prefix="routerd-client-") as folder:
        home, work = Path(folder) / "home", Path(folder) / "work"
        home.mkdir()
        work.mkdir()
        (work / "notes.txt").write_text(f"{CANARY}\n", encoding="utf-8")
        script = ReadingScript(work / "notes.txt")
        with ServedHouse(Path(folder), script) as served:
            argv, environment = command(program, Place(home, work, served.url, served.port))
            began_s = time.monotonic()
            try:
                done = subprocess.run(
                    argv,
                    cwd=work,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    timeout=LIMIT_S,
                    check=False,
                )
                told, code = done.stdout + done.stderr, done.returncode
            except subprocess.TimeoutExpired as late:
                told, code = f"{late.stdout!r} {late.stderr!r}", -1
            took_s = time.monotonic() - began_s
            dialects = sorted({request.dialect for request in served.engine.requests})
            streamed = any(request.wants_stream for request in served.engine.requests)
    passed = code == 0 and CANARY in told and streamed and (script.loops > 0 or not has_tools)
    print(
        f"{name}: {'passed' if passed else 'FAILED'} in {took_s:.1f} s, exit {code}, "
        f"{script.asked} requests, {script.loops} loops, {len(script.tools)} tools, "
        f"{'streamed' if streamed else 'not streamed'}, {', '.join(dialects)}",
        flush=True,
    )
    if not passed:
        print(told[-3000:], flush=True)
    return passed


def main(arguments: list[str]) -> int:
    """Run the clients given as NAME=PROGRAM."""
    if not arguments:
        print(__doc__, f"usage: python -m tests.clients.run NAME=PROGRAM …; names: {list(RUNS)}")
        return 2
    results = [run(*argument.split("=", 1)) for argument in arguments]
    print(f"{sum(results)} of {len(results)} passed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

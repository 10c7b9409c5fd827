"""Runs inside a mount namespace: a daemon whose home is a disk of a few megabytes that fills up.

`python -m tests.fakes.small_disk FOLDER` prints JSON: what was answered and told at each stage.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.daemon import QUIET, Daemon, routerd
from tests.fakes.openai_server import FakeOpenAI

SIZE = "6m"
DEADLINE_S = 30.0
SETTINGS = """
[[provider]]
name = "here"
kind = "openai_compatible"
base_url = "{url}/v1"
[[provider]]
name = "far"
kind = "openai_compatible"
base_url = "{url}/v1"
zone = "network"
"""


def fill(home: Path) -> Path:
    """Take the last byte of the disk."""
    filler = home / "filler"
    with filler.open("wb", buffering=0) as file:
        block = b"x" * 65536
        while block:
            try:
                file.write(block)
            except OSError:
                block = block[: len(block) // 2]
    return filler


def ask(daemon: Daemon, model: str) -> tuple[int, str]:
    """Return the status and the decision's id."""
    body = {"model": model, "messages": [{"role": "user", "content": f"hello {model}"}]}
    with daemon.http() as http:
        answer = http.post("/v1/chat/completions", json=body)
    return answer.status_code, answer.headers.get("x-routerd-decision", "")


def until(true: Callable[[], bool]) -> bool:
    """Wait for another process; False where it takes too long."""
    deadline_s = time.monotonic() + DEADLINE_S
    while not true() and time.monotonic() < deadline_s:
        time.sleep(0.05)  # another process; there is no event to wait for
    return true()


def go_through(home: Path, url: str) -> dict[str, Any]:
    """Fill the disk under a running daemon, free it, and start another on a full one."""
    told: dict[str, Any] = {}
    settings = QUIET + SETTINGS.format(url=url)
    with Daemon(home, settings) as daemon:

        def warnings() -> list[str]:
            found: list[str] = daemon.client.get("/control/status")["warnings"]
            return found

        told["before"] = [ask(daemon, "here/good")[0], ask(daemon, "far/good")[0]]
        filler = fill(home)
        kept = [ask(daemon, "here/good") for _ in range(3)]
        told["full, here"] = [status for status, _ in kept]
        told["full, far"] = ask(daemon, "far/good")[0]
        with daemon.http() as http:
            judged = http.post("/control/feedback", json={"decision": kept[0][1], "value": "good"})
        told["full, feedback"] = judged.status_code
        told["full, warnings"] = warnings()
        filler.unlink()
        told["recovered"] = until(lambda: not any("written" in text for text in warnings()))
        told["after"] = [ask(daemon, "here/good")[0], ask(daemon, "far/good")[0]]
        found = [daemon.client.get(f"/control/decisions/{identity}") for _, identity in kept]
        told["kept from then"] = [entry["outcome"]["finish"] for entry in found]
    filler = fill(home)
    ran = routerd(home, "up")
    told["start on a full disk"] = [ran.returncode, ran.stderr.strip().splitlines()[-3:]]
    filler.unlink()
    told["start after that"] = routerd(home, "up").returncode
    told["down"] = routerd(home, "down").returncode
    told["audit"] = routerd(home, "audit", "verify").returncode
    return told


def main(folder: Path) -> None:
    """Mount the disk, go through everything, print what was found."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(home)]
    subprocess.run(mount, check=True)
    with FakeOpenAI() as server:
        print(json.dumps(go_through(home, server.url)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Policy reloads under load: `python -m tests.bench.bench_reloads [SECONDS]`, 10 by default.

One thread saves policy.toml in every way there is (whole, in halves, through a link, broken), one
asks for a reload as fast as it is answered, four ask for answers. Prints the rates, how many
requests were dropped, and whether the last good policy was in force throughout.
"""

import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.fakes.daemon import QUIET, Daemon
from tests.fakes.openai_server import FakeOpenAI

GOOD = "[[rule]]\nid = 'billing'\nwhen.path = 'src/billing/**'\nrequire.tier = 'premium'\n"
ENGINE = '[[provider]]\nname = "here"\nkind = "openai_compatible"\nbase_url = "{url}/v1"\n'


def save(home: Path, number: int) -> None:
    """Save once, each time in another way; every second one is valid but for a number in it."""
    path, text = home / "policy.toml", f"# save {number}\n{GOOD}floor = 0.{number % 9 + 1}\n"
    match number % 5:
        case 0 | 1:
            new = path.with_suffix(".new")
            new.write_text(text, encoding="utf-8")
            new.replace(path)
        case 2:
            path.write_text(text[: len(text) // 2], encoding="utf-8")
            path.write_text(text, encoding="utf-8")
        case 3:
            target = home / f"policy-{number % 2}.toml"
            target.write_text(text, encoding="utf-8")
            link = path.with_suffix(".link")
            link.unlink(missing_ok=True)
            link.symlink_to(target)
            link.replace(path)
        case _:
            new = path.with_suffix(".new")
            new.write_text(text + "[[rule]\n", encoding="utf-8")
            new.replace(path)


class Storm:
    """Savers, reloaders and askers at once; `seen` counts what each did."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.seen = Counter[str]()
        self.rules: set[str] = set()
        self.stop = threading.Event()

    def saving(self, _: httpx2.Client) -> None:
        """Save once."""
        save(self.daemon.home, self.seen["saves"])
        self.seen["saves"] += 1

    def reloading(self, http: httpx2.Client) -> None:
        """Ask for a reload and note which rules are in force then."""
        told = http.post("/control/reload", json={}).json()
        self.seen["reloads"] += 1
        self.seen["reloads refused"] += bool(told["error"])
        self.rules.add(json.dumps(http.get("/control/policy").json()["rules"]))

    def asking(self, http: httpx2.Client) -> None:
        """Ask for an answer."""
        body = {"model": "here/good", "messages": [{"role": "user", "content": "hello"}]}
        self.seen["requests"] += 1
        answer = http.post("/v1/chat/completions", json=body)
        self.seen["dropped"] += answer.status_code != 200

    def loop(self, work: Callable[[httpx2.Client], None]) -> None:
        """Do one of these until told to stop."""
        with self.daemon.http() as http:
            while not self.stop.is_set():
                work(http)


def run(daemon: Daemon, seconds: float) -> dict[str, object]:
    """Return the figures."""
    storm = Storm(daemon)
    save(daemon.home, 0)
    daemon.client.post("/control/reload")
    works = (storm.saving, storm.reloading, *[storm.asking] * 4)
    threads = [threading.Thread(target=storm.loop, args=(work,)) for work in works]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    storm.stop.set()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - began_s
    rates = {f"{name}/s": round(count / took_s, 1) for name, count in storm.seen.items()}
    time.sleep(1.2)  # a file saved within this second is waited for
    began_s = time.monotonic()
    for _ in range(50):
        daemon.client.post("/control/reload")
    rates["reloads of a file that nobody saves/s"] = round(50 / (time.monotonic() - began_s), 1)
    return {**rates, "dropped": storm.seen["dropped"], "rules seen": sorted(storm.rules)}


def main(seconds: float) -> int:
    """Print the figures; exit code 1 where a request was dropped."""
    with (
        FakeOpenAI() as server,
        tempfile.TemporaryDirectory() as folder,
        Daemon(Path(folder) / "home", QUIET + ENGINE.format(url=server.url)) as daemon,
    ):
        figures = run(daemon, seconds)
    print(json.dumps(figures, indent=2))
    return 1 if figures["dropped"] else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))

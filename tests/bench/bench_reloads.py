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


def run(daemon: Daemon, seconds: float) -> dict[str, object]:
    """Return the figures."""
    seen, stop = Counter[str](), threading.Event()
    rules: set[str] = set()

    def saving() -> None:
        save(daemon.home, seen["saves"])
        seen["saves"] += 1

    def reloading(http: httpx2.Client) -> None:
        told = http.post("/control/reload", json={}).json()
        seen["reloads"] += 1
        seen["reloads refused"] += bool(told["error"])
        rules.add(json.dumps(http.get("/control/policy").json()["rules"]))

    def asking(http: httpx2.Client) -> None:
        body = {"model": "here/good", "messages": [{"role": "user", "content": "hello"}]}
        seen["requests"] += 1
        seen["dropped"] += http.post("/v1/chat/completions", json=body).status_code != 200

    def loop(work: Callable[..., None]) -> None:
        with daemon.http() as http:
            while not stop.is_set():
                work(http) if work is not saving else work()

    save(daemon.home, 0)
    daemon.client.post("/control/reload")
    threads = [threading.Thread(target=loop, args=(w,)) for w in (saving, reloading, *[asking] * 4)]
    began_s = time.monotonic()
    for thread in threads:
        thread.start()
    stop.wait(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    took_s = time.monotonic() - began_s
    rates = {f"{name}/s": round(count / took_s, 1) for name, count in seen.items()}
    return {**rates, "dropped": seen["dropped"], "rules seen": sorted(rules)}


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

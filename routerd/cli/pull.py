"""`pull`: downloads one GGUF file into the models directory, or has Ollama download a model."""

import argparse
import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import anyio

from routerd.cli import progress, pull_ollama
from routerd.client import DaemonClient, DaemonError, NotRunning
from routerd.core.config import Config
from routerd.core.errors import ProviderFailed, RouterdError
from routerd.core.ports import Outbound, Reply
from routerd.network.offline import LoopbackOnly
from routerd.network.outbound import HttpOutbound
from routerd.settings import load, mode_file, places

HUB = "https://huggingface.co"
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+/[\w./-]+\.gguf", re.IGNORECASE)
# A hub answers with a redirect to its storage; more hops than this is a loop.
MAX_REDIRECTS = 5
MAGIC = b"GGUF"
Progress = Callable[[int, int], None]


def run(arguments: argparse.Namespace) -> int:
    """Download. Raises: RouterdError."""
    here = places.find()
    places.prepare(here)
    config = load.load(here.config)
    if offline(here):
        config = replace(config, offline=True)
    if model := pull_ollama.model_name(arguments.source):
        anyio.run(_pull_by_ollama, config, model)
        print(f"{model} is in Ollama.")
        _tell_daemon(here)
        return 0
    url = address(arguments.source)
    folder = (
        Path(config.llamacpp.models_dir).expanduser() if config.llamacpp.models_dir else here.models
    )
    target = folder / Path(url.partition("?")[0]).name
    if target.exists():
        print(f"{target} is already there.")
        return 0
    places.private_directory(folder)
    anyio.run(_pull, config, url, target, arguments.sha256)
    print(f"{target.name} is in {folder}.")
    _tell_daemon(here)
    return 0


def _tell_daemon(here: places.Places) -> None:
    """Let a running daemon look again; without one there is nobody to tell."""
    with contextlib.suppress(NotRunning, DaemonError):
        DaemonClient(here.home).post("/control/refresh")


async def _pull_by_ollama(config: Config, model: str) -> None:
    outbound = HttpOutbound(connect_s=10.0)
    try:
        door = LoopbackOnly(outbound, offline=config.offline)
        server = pull_ollama.provider(config, dict(os.environ), door)
        with progress.download() as bar:
            task = bar.add_task(model, total=None)

            def show(status: str, done: int, total: int) -> None:
                bar.update(task, description=status, completed=done, total=total or None)

            await pull_ollama.pull(server, model, show)
    finally:
        await outbound.aclose()


def offline(here: places.Places) -> bool:
    """Whether offline mode was switched on, or is in force in the daemon whatever the file says.

    A file that was changed to `offline = false` opens nothing before the daemon has agreed.
    """
    if mode_file.offline(here.mode):
        return True
    try:
        return bool(DaemonClient(here.home).get("/control/status")["offline"])
    except NotRunning:
        return False


def address(source: str) -> str:
    """Return the URL for OWNER/REPO/FILE.gguf or an address. Raises: RouterdError."""
    if source.startswith(("https://", "http://127.0.0.1", "http://[::1]")):
        found = source
    elif _HUB_NAME.fullmatch(source):
        owner, repo, path = source.split("/", 2)
        found = f"{HUB}/{owner}/{repo}/resolve/main/{path}"
    else:
        raise RouterdError(
            f"'{source[:100]}' is neither OWNER/REPO/FILE.gguf nor an https:// address."
        )
    name = Path(found.partition("?")[0]).name
    if not re.fullmatch(r"[\w][\w.+-]*\.gguf", name, re.IGNORECASE):
        raise RouterdError("The address must end in the name of a .gguf file.")
    return found


async def _pull(config: Config, url: str, target: Path, sha256: str) -> None:
    outbound = HttpOutbound(connect_s=10.0)
    try:
        with progress.download() as bar:
            task = bar.add_task(target.name, total=None)

            def show(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total or None)

            await fetch(
                LoopbackOnly(outbound, offline=config.offline),
                url,
                target,
                sha256,
                show,
            )
    finally:
        await outbound.aclose()


async def fetch(outbound: Outbound, url: str, target: Path, sha256: str, show: Progress) -> None:
    """Download `url` to `target`; a part left by an earlier try is continued.

    Raises: RouterdError when it is no GGUF or has another digest (the part is then removed),
    ProviderFailed when the download breaks off (the part stays for the next try).
    """
    part = target.with_name(f".{target.name}.part")
    for _ in range(MAX_REDIRECTS):
        done = part.stat().st_size if part.exists() else 0
        headers = {"range": f"bytes={done}-"} if done else {}
        async with outbound.send("GET", url, headers, first_byte_s=60, idle_s=60) as reply:
            if reply.status in (301, 302, 303, 307, 308):
                url = _redirect(reply, url)
                continue
            await _save(reply, part, done, show)
            break
    else:
        raise RouterdError("The address redirects in a circle.")
    await anyio.to_thread.run_sync(_finish, part, target, sha256)


def _redirect(reply: Reply, url: str) -> str:
    location = reply.headers.get("location", "")
    if location.startswith("/"):
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{location}"
    # From https one never falls back to http: the file could be swapped on the way.
    if location.startswith("https://") or (url.startswith("http://") and location):
        return location
    raise RouterdError("The server redirects to an address that is not https.")


async def _save(reply: Reply, part: Path, have: int, show: Progress) -> None:
    if reply.status == 416:
        return
    if reply.status not in (200, 206):
        raise RouterdError(f"The server answered {reply.status}; is the name right?")
    resumed = reply.status == 206
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if resumed else os.O_TRUNC)
    done = have if resumed else 0
    total = done + _length(reply.headers)
    with os.fdopen(os.open(part, flags, 0o600), "ab" if resumed else "wb") as file:
        async for data in reply.body:
            file.write(data)
            done += len(data)
            show(done, total)
    if total and done < total:
        raise ProviderFailed("the download broke off; run the command again to go on", "died")


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "")
    return int(text) if text.isdigit() else 0


def _finish(part: Path, target: Path, sha256: str) -> None:
    digest = hashlib.sha256()
    with part.open("rb") as file:
        start = file.read(4)
        digest.update(start)
        while data := file.read(1 << 20):
            digest.update(data)
    fault = ""
    if start != MAGIC:
        fault = "What came is not a GGUF file (a login or error page, perhaps)."
    elif sha256 and digest.hexdigest() != sha256.lower():
        fault = f"The file's sha256 is {digest.hexdigest()}, not the one given."
    if fault:
        part.unlink()
        raise RouterdError(f"{fault} Nothing was kept.")
    part.replace(target)

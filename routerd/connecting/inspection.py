"""Is a coding tool here, is it connected, and does it still hold what routerd wrote? Reads files only.

What a tool's files hold now is compared, value by value, with what `connect` would write now: so a
port that changed, a token that was replaced and a program that moved are all noticed alike.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from routerd.connecting import connection, jsonc, toml_text, yaml_text
from routerd.connecting.clients import Daemon, Plan, Surroundings
from routerd.connecting.edits import Edit, FileChange

# Client -> programs it may be started by, and paths below the home (or APPLICATIONS) it leaves.
SIGNS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cursor": (("cursor",), (".cursor",)),
    "windsurf": (("windsurf",), (".codeium/windsurf",)),
    "vscode": (("code",), ("APPLICATIONS/Code",)),
    "zed": (("zed", "zeditor"), ("APPLICATIONS/zed", "APPLICATIONS/Zed", ".config/zed")),
    "continue": ((), (".continue",)),
    "cline": (("cline",), (".cline",)),
    "claude-code": (("claude",), (".claude", ".claude.json")),
    "codex": (("codex",), (".codex",)),
    "cody": (("cody",), (".sourcegraph",)),
    "aider": (("aider",), (".aider.conf.yml",)),
    "jetbrains": (("idea", "pycharm", "goland", "webstorm"), ("APPLICATIONS/JetBrains",)),
    "junie": (("junie",), (".junie",)),
    "opencode": (("opencode",), ("APPLICATIONS/opencode", ".config/opencode")),
}
_HERE = re.compile(r"https?://(?:127\.0\.0\.1|localhost|\[::1\]):(\d+)(/[^\s\"']*)?")
Which = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Wiring:
    """One coding tool. `faults` say in words what is not as `connect` would write it now."""

    client: str
    installed: bool
    connected: bool
    faults: tuple[str, ...] = ()


def inspect(
    client: str, plan: Plan, place: Path, daemon: Daemon, here: Surroundings, which: Which
) -> Wiring:
    """Return how a tool stands; `place` is its directory in routerd's home, `plan` that of now.

    Raises: RouterdError where a file of the tool's can't be read as text.
    """
    connected = connection.known(place)
    faults = tuple(
        fault
        for change in plan.changes
        for fault in _faults(change, daemon, which, connected=connected)
    )
    return Wiring(client, connected or _installed(client, here, which), connected, faults)


def _installed(client: str, here: Surroundings, which: Which) -> bool:
    programs, paths = SIGNS[client]
    if any(which(program) for program in programs):
        return True
    roots = {"APPLICATIONS": here.applications}
    return any(
        roots.get(path.partition("/")[0], here.home)
        .joinpath(path.removeprefix("APPLICATIONS/"))
        .exists()
        for path in paths
    )


def _faults(change: FileChange, daemon: Daemon, which: Which, *, connected: bool) -> Iterator[str]:
    path = change.path
    text = connection.read(Path(os.path.realpath(path)))
    if text is None:
        yield from [f"{path} is gone"] * connected
        return
    try:
        values = _loads(text, change.form)
    except ValueError as error:
        yield f"{path} can't be read ({error})"
        return
    for edit in change.edits:
        where = f"{'.'.join(edit.keys) or edit.entry_name} in {path}"
        yield from (
            f"{where} {fault}"
            for fault in _edit_faults(edit, values, daemon, which, connected=connected)
        )


def _edit_faults(
    edit: Edit, values: Any, daemon: Daemon, which: Which, *, connected: bool
) -> Iterator[str]:
    found = _at(values, edit)
    if found is None:
        yield from ["is no longer there"] * connected
        return
    pairs = _strings(edit.value, found)
    for wanted, now in pairs if connected else _by_hand(pairs, daemon):
        if fault := _fault(wanted, now, daemon, which):
            yield fault


def _loads(text: str, form: str) -> Any:
    if not text.strip():
        return {}
    return {"jsonc": jsonc.loads, "toml": toml_text.loads, "yaml": yaml_text.loads}[form](text)


def _at(values: Any, edit: Edit) -> Any:
    """Return what stands where the edit writes, None where nothing does."""
    for key in edit.keys:
        if not isinstance(values, dict) or key not in values:
            return None
        values = values[key]
    if not edit.entry_name:
        return values
    name = edit.value[edit.entry_name]
    entries = values if isinstance(values, list) else []
    named = (e for e in entries if isinstance(e, dict) and e.get(edit.entry_name) == name)
    return next(named, None)


def _strings(wanted: Any, now: Any) -> Iterator[tuple[str, Any]]:
    """Yield each text that should be there with what is in its place."""
    if isinstance(wanted, str):
        yield wanted, now
    elif isinstance(wanted, dict):
        for key, value in wanted.items():
            yield from _strings(value, now.get(key) if isinstance(now, dict) else None)
    elif isinstance(wanted, list):
        for at, value in enumerate(wanted):
            there = isinstance(now, list) and at < len(now)
            yield from _strings(value, now[at] if there else None)


def _by_hand(pairs: Iterator[tuple[str, Any]], daemon: Daemon) -> Iterator[tuple[str, Any]]:
    """Of a tool that nobody connected, only an address that leads here says what was meant."""
    for wanted, now in pairs:
        found = _HERE.fullmatch(now) if isinstance(now, str) else None
        if daemon.url in wanted and found and int(found[1]) == daemon.port:
            yield wanted, now


def _fault(wanted: str, now: Any, daemon: Daemon, which: Which) -> str:
    """Return what is wrong with a value that routerd writes; '' where it is right or free."""
    if now == wanted:
        return f"starts {now}, which is gone" if now == daemon.command and not which(now) else ""
    if daemon.token and daemon.token in wanted:
        return "holds another token than this client's"
    if wanted == daemon.command:
        return "" if isinstance(now, str) and which(now) else f"starts {now}, which is gone"
    if daemon.url not in wanted:
        return ""
    return _address_fault(wanted, now, daemon)


def _address_fault(wanted: str, now: Any, daemon: Daemon) -> str:
    found = _HERE.fullmatch(now) if isinstance(now, str) else None
    if found is None:
        return f"leads to {str(now)[:80]} and not to routerd"
    if int(found[1]) != daemon.port:
        return f"leads to port {found[1]}; routerd listens on {daemon.port}"
    if (found[2] or "").rstrip("/") == "/v1" and not wanted.endswith("/v1"):
        return "ends in /v1, which this client adds itself: it will ask for /v1/v1 and get 404"
    path = wanted.removeprefix(daemon.url)
    same = (found[2] or "").rstrip("/") == path.rstrip("/")
    return "" if same else f"ends in {found[2] or '/'} where {path or '/'} belongs"


def address_traps(variables: Mapping[str, str], port: int) -> Iterator[str]:
    """Yield what is wrong with addresses in environment variables that lead to routerd."""
    for name, wants in (
        ("ANTHROPIC_BASE_URL", ""),
        ("OPENAI_BASE_URL", "/v1"),
        ("OPENAI_API_BASE", "/v1"),
    ):
        found = _HERE.fullmatch(variables.get(name, ""))
        if found is None or int(found[1]) != port:
            continue
        path = (found[2] or "").rstrip("/")
        if path != wants:
            what = f"ends in {path}" if path else "lacks /v1 at its end"
            yield f"{name} {what}: it must be http://127.0.0.1:{port}{wants}"

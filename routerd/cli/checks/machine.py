"""This machine: what runs the classifier, what offline mode can rest on, what starts by itself."""

import importlib.util
import json
import re
import shlex
import shutil
import subprocess  # this same interpreter, to try what would change a process for good
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from routerd.cli import tray as icon
from routerd.cli.checks.finding import Finding, Scene
from routerd.understanding import onnx_session

TRY_S = 15.0
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_STARTS = re.compile(r"^(?:Exec|ExecStart)=(.+)$|<string>([^<]*routerd[^<]*)</string>", re.M)


def execution_provider(scene: Scene) -> Iterator[Finding]:
    """What does the classifier run on, and what else could it?"""
    try:
        there = onnx_session.available_providers()
    except ImportError as error:
        why = "requests are not understood: all count as 'other', of middling complexity"
        yield Finding("problem", f"onnxruntime can't be loaded: {error}", why, "reinstall routerd")
        return
    state = str(scene.status["classifier"]) if scene.status else ""
    names = ", ".join(p.removesuffix("ExecutionProvider") for p in there if "Azure" not in p)
    if scene.status and not state.startswith("ready"):
        yield Finding("warning", f"the classifier is not in use: {state}", "", "routerd down; up")
    else:
        yield Finding("ok", f"the classifier can run on {names}" + (f"; {state}" * bool(state)))


def offline_layer(scene: Scene) -> Iterator[Finding]:
    """Could the kernel itself keep everything on this machine?"""
    if sys.platform != "linux":
        yield Finding("note", "offline mode rests on routerd itself; --airgap needs Linux")
        return
    if scene.status and scene.status["offline"]:
        yield Finding("ok", f"offline mode is on: {scene.status['offline_layer']}")
    code = "from routerd.network import airgap; airgap.enter()"
    tried = _run(sys.executable, "-c", code)
    if tried is not None and tried.returncode == 0:
        yield Finding("ok", "the kernel can close this machine off (`routerd up --airgap`)")
        return
    said = tried.stderr.strip().rpartition("\n")[2].partition(": ")[2] if tried else "no answer"
    yield Finding(
        "note",
        f"the kernel's network namespace can't be used: {said}",
        "offline mode still holds, by routerd's own refusal and an audit hook",
        "routerd offline on",
    )


def proxies(scene: Scene) -> Iterator[Finding]:
    """Are proxies set that routerd does not use?"""
    names = [
        name for name in _PROXIES if scene.environ.get(name) or scene.environ.get(name.lower())
    ]
    if names:
        yield Finding(
            "note",
            f"{', '.join(names)} set: routerd does not go through proxies of the environment",
            "prompts and keys must not pass a program you did not name; where a proxy is the only "
            "way out, clouds can't be reached",
            "put the proxy's address into a [[provider]] as its base_url",
        )


def tray(_: Scene) -> Iterator[Finding]:
    """Can the icon be shown on this desktop?"""
    frozen = getattr(sys, "frozen", False)
    if not frozen and importlib.util.find_spec("tray.__main__") is None:
        yield Finding("note", "this installation has no tray icon")
        return
    tried = _run(*icon.program("--check", "--json"))
    told = _json(tried.stdout) if tried else None
    if not isinstance(told, dict):
        said = tried.stderr.strip().rpartition("\n")[2] if tried else "no answer"
        yield Finding("note", f"the tray icon can't tell how it stands: {said[:160]}")
        return
    works = told["ok"]
    what = "the tray icon can be shown" if works else "the tray icon can't be shown here"
    yield Finding("ok" if works else "note", f"{what}: {told['detail']}", "", told["fix"])


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _run(*command: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(  # noqa: S603  # this product's own programs, no user input
            command,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=TRY_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def autostart(scene: Scene) -> Iterator[Finding]:
    """Does routerd start at login, and is what starts it still there?"""
    files = [path for folder in _folders(scene) for path in sorted(folder.glob("*routerd*"))]
    for path in files:
        program = _program(path)
        if program and not shutil.which(program):
            yield Finding(
                "warning",
                f"{scene.short(path)} starts {program}, which is gone",
                "nothing starts at login",
                f"rm {shlex.quote(str(path))}",
            )
        else:
            yield Finding("ok", f"starts at login: {scene.short(path)}")
    if not files:
        why = "`routerd up` starts it, and so does any tool that speaks MCP with it"
        yield Finding("note", "routerd does not start at login", why)


def _folders(scene: Scene) -> Iterator[Path]:
    user = scene.user
    settings = Path(scene.environ.get("XDG_CONFIG_HOME") or user / ".config")
    if sys.platform == "darwin":
        yield user / "Library" / "LaunchAgents"
    elif sys.platform == "win32":
        programs = scene.surroundings.applications / "Microsoft" / "Windows" / "Start Menu"
        yield programs / "Programs" / "Startup"
    else:
        yield from (settings / "systemd" / "user", settings / "autostart")


def _program(path: Path) -> str:
    """Return the program that an autostart file starts; '' where it does not say."""
    try:
        found = _STARTS.search(path.read_text("utf-8", "replace"))
    except OSError:
        return ""
    words = shlex.split(found[1] or found[2]) if found else []
    return words[0].lstrip("-@:+!") if words else ""

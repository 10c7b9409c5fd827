"""`ask`, `route`, `why` and `models`: what one does with a running daemon."""

import argparse
import json
import sys
from typing import Any

from routerd.client import DaemonClient, DaemonError, NotRunning
from routerd.core.errors import RouterdError
from routerd.settings import places


def run(arguments: argparse.Namespace) -> int:
    """Run one of the commands."""
    here = places.find()
    commands = {"ask": _ask, "route": _route, "why": _why, "models": _models}
    return commands[arguments.command](arguments, here)


def text_of(arguments: argparse.Namespace) -> str:
    """Return the words given, or stdin. Raises: RouterdError when there is nothing."""
    text = " ".join(arguments.text)
    if not text and not sys.stdin.isatty():
        text = sys.stdin.read()
    if not text.strip():
        raise RouterdError("Nothing was asked; give the request as words or on stdin.")
    return text


def _print(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))


def _ask(arguments: argparse.Namespace, here: places.Places) -> int:
    client = DaemonClient(here.home, timeout_s=900)
    body: dict[str, Any] = {
        "model": arguments.model,
        "messages": [{"role": "user", "content": text_of(arguments)}],
        "stream": not arguments.json,
    }
    if arguments.max_tokens:
        body["max_tokens"] = arguments.max_tokens
    if arguments.json:
        with client.request("POST", "/v1/chat/completions", body) as response:
            answer = json.loads(response.read())
        answer["routerd"] = _told(response)
        _print(answer)
        return 0
    return _stream(client, body)


def _told(response: Any) -> dict[str, str]:
    """Return what the headers say of the decision."""
    names = ("model", "decision", "reason", "notice")
    return {
        name: response.headers[h]
        for name in names
        if (h := f"x-routerd-{name}") in response.headers
    }


def _stream(client: DaemonClient, body: dict[str, Any]) -> int:
    told: dict[str, str] = {}
    for response, event in client.events("/v1/chat/completions", body):
        told = told or _told(response)
        if "error" in event:
            print(flush=True)
            raise DaemonError(event["error"]["message"], 502)
        for choice in event.get("choices", ()):
            print(choice["delta"].get("content") or "", end="", flush=True)
    print(flush=True)  # before what goes to stderr, where both go into one file
    if sys.stderr.isatty():
        print(f"\n{told.get('model')}: {told.get('reason')} (routerd why)", file=sys.stderr)
    if "notice" in told:
        print(f"routerd: {told['notice']}", file=sys.stderr)
    return 0


def _route(arguments: argparse.Namespace, here: places.Places) -> int:
    body = {"text": text_of(arguments), "model": arguments.model}
    try:
        decision = DaemonClient(here.home).post("/control/route", body)
    except NotRunning:
        from routerd.cli import standalone  # opens the whole house for one question

        decision = standalone.route(here, body)
    if arguments.json:
        _print(decision)
        return 0
    from routerd.cli import why  # rich costs 60 ms; JSON needs none of it

    why.show(decision, everybody=arguments.all)
    return 0


def _why(arguments: argparse.Namespace, here: places.Places) -> int:
    try:
        found = DaemonClient(here.home).get(f"/control/decisions/{arguments.id}")
    except NotRunning:
        from routerd.cli import standalone  # reads the database itself

        found = standalone.why(here, arguments.id)
    if arguments.json:
        _print(found)
        return 0
    from routerd.cli import why  # rich costs 60 ms; JSON needs none of it

    why.show(found, everybody=arguments.all)
    return 0


def _models(arguments: argparse.Namespace, here: places.Places) -> int:
    client = DaemonClient(here.home)
    status = client.post("/control/refresh") if arguments.refresh else client.get("/control/status")
    if arguments.json:
        _print(status["models"])
        return 0
    from routerd.cli import models_table  # rich costs 60 ms; JSON needs none of it

    models_table.show(status)
    return 0

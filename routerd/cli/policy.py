"""`policy check`, `policy show` and `policy approve`."""

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

from routerd.cli.requests import text_of
from routerd.client import DaemonClient, NotRunning
from routerd.core.errors import ConfigInvalid
from routerd.core.policy import Policy
from routerd.policy import policy_faults, policy_trials
from routerd.settings import places, policy_file
from routerd.settings.load import line_of


def run(arguments: argparse.Namespace) -> int:
    """Run one of the three."""
    here = places.find()
    commands = {"check": _check, "show": _show, "approve": _approve}
    return commands[arguments.action](arguments, here)


def _check(arguments: argparse.Namespace, here: places.Places) -> int:
    path = Path(arguments.words[0]) if arguments.words else here.policy
    if path.name in policy_file.shipped() and not path.exists():
        path = policy_file.shipped_path(path.name)
    found = checked(path)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        for problem in found["problems"]:
            print(problem["message"])
        passed = sum(test["passed"] for test in found["tests"])
        print(f"{found['file']}: {found['rules']} rules, {passed} of {len(found['tests'])} tests")
    return 0 if found["ok"] else 1


def checked(path: Path) -> dict[str, Any]:
    """Return what is wrong with a policy file, each problem with its line and key."""
    if not path.exists():
        raise ConfigInvalid(
            f"There is no {path}. Write one, or begin with `extends = "
            f'"{policy_file.shipped()[-2]}"` ({", ".join(policy_file.shipped())}).'
        )
    policy, text = policy_file.load(path)
    problems = [_told(fault, policy, text, path) for fault in policy_faults.faults(policy)]
    trials = policy_trials.run_all(policy)
    for trial in trials:
        line = line_of(text, ["test", trial.number, "name"])
        problems += [
            {
                "kind": "test",
                "line": line,
                "key": "test",
                "rule": "",
                "certain": True,
                "message": f"{path}:{line}: test '{trial.name}' fails: {complaint}",
            }
            for complaint in trial.complaints
        ]
    return {
        "file": str(path),
        "ok": not any(problem["certain"] for problem in problems),
        "rules": len(policy.rule),
        "problems": problems,
        "tests": [
            {"name": t.name, "passed": not t.complaints, "rules": list(t.rules)} for t in trials
        ],
    }


def _told(fault: policy_faults.Fault, policy: Policy, text: str, path: Path) -> dict[str, Any]:
    """Return a fault as JSON; one of a rule that `extends` brought is told at that line."""
    rule = policy.rule[fault.rule]
    own = fault.rule < len(tomllib.loads(text).get("rule", ()))
    where: list[str | int] = ["rule", fault.rule, *fault.key.split(".")] if own else ["extends"]
    line = line_of(text, where)
    key = fault.key if own else "extends"
    message = f"{path}:{line}: {key}: rule {rule.id} is {fault.kind}: {fault.reason}"
    return {
        "kind": fault.kind,
        "line": line,
        "key": key,
        "rule": rule.id,
        "certain": fault.certain,
        "message": message,
    }


def _show(arguments: argparse.Namespace, here: places.Places) -> int:
    arguments.text = arguments.words
    body = {
        "text": text_of(arguments),
        "model": arguments.model,
        "client": arguments.client,
        "workspace": arguments.workspace,
    }
    try:
        found = DaemonClient(here.home).post("/control/policy/show", body)
    except NotRunning:
        from routerd.cli import standalone  # opens the whole house for one question

        found = standalone.policy(here, body)
    if arguments.json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    _print(found)
    return 0


def _print(found: dict[str, Any]) -> None:
    facts = ", ".join(f"{key} {value}" for key, value in found["facts"].items() if value)
    print(facts)
    for rule in found["rules"]:
        why = f"not {', '.join(rule['misfits'])}" if rule["misfits"] else "excepted by unless"
        print(f"  {'applies' if rule['applies'] else why:<28} {rule['id']}")
    if not found["rules"]:
        print("  there are no rules; `routerd policy check` says how to begin")
    decision = found["decision"]
    for exclusion in decision["exclusions"]:
        if exclusion["rule"] in ("policy", "screening", "budget", "offline"):
            print(f"  refused {exclusion['model']}: {exclusion['reason']}")
    print(f"→ {decision['chosen'] or 'nobody may answer'}")


def _approve(arguments: argparse.Namespace, here: places.Places) -> int:
    done = DaemonClient(here.home).post("/control/policy/approve", {"code": arguments.words[0]})
    if arguments.json:
        print(json.dumps(done))
    else:
        print("These findings may leave, masked, for a while; send the request again.")
    return 0

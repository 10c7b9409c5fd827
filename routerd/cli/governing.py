"""Arguments of the commands about policy, offline mode, the audit log, forgetting, and watching."""

import argparse

# Those of `audit.export`, whose import would cost every command 30 ms.
FORMATS = ("jsonl", "csv", "otlp")

# name -> (module, one line of help, example)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "dashboard": (
        "dashboard",
        "open the dashboard in the browser, with a link that works once",
        "routerd dashboard\n  routerd dashboard --print --to /dashboard/savings",
    ),
    "policy": (
        "policy",
        "check policy.toml and run its tests, or show which rules a request meets",
        'routerd policy check\n  routerd policy show "document billing/tax.py" --workspace ~/shop',
    ),
    "offline": (
        "offline",
        "switch offline mode, or tell what was tried and refused",
        "routerd offline on\n  routerd offline report",
    ),
    "audit": (
        "audit",
        "verify the audit log's chain, or export it",
        "routerd audit verify\n  routerd audit export --format csv > audit.csv",
    ),
    "forget": (
        "forget",
        "delete what is remembered of a workspace, a time, or everything",
        "routerd forget --workspace ~/client-a\n  routerd forget --before 30d",
    ),
    "doctor": (
        "doctor",
        "check engines, keys, tools, files and settings, and say how to mend what is wrong",
        "routerd doctor\n  routerd doctor --fix",
    ),
    "support-bundle": (
        "support_bundle",
        "collect what helps to find a fault, redacted and shown first",
        "routerd support-bundle --show",
    ),
}
WITH_JSON = frozenset({"dashboard", "doctor", "offline", "audit", "forget"})


def own_arguments(name: str, sub: argparse.ArgumentParser) -> None:
    """Add the arguments of one of these commands, and those of a start that concern them."""
    adders = {
        "dashboard": _dashboard,
        "policy": _policy,
        "offline": _offline,
        "audit": _audit,
        "forget": _forget,
        "support-bundle": _support_bundle,
        "doctor": _doctor,
        "completion": _completion,
        "up": _start,
        "serve": _start,
    }
    if name in adders:
        adders[name](sub)


def _start(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--airgap", action="store_true", help="Linux: the kernel lets nothing leave this machine"
    )


def _dashboard(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--print", action="store_true", help="print the link and open nothing")
    sub.add_argument("--to", default="/dashboard/", help="a page of it: /dashboard/savings")


def _policy(sub: argparse.ArgumentParser) -> None:
    actions = sub.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="find mistakes and run the tests in the file")
    check.add_argument("words", nargs="*", help="a file, or a shipped policy: laptop, team, …")
    show = actions.add_parser("show", help="tell which rules a request meets")
    show.add_argument("words", nargs="*", help="the request; read from stdin when absent")
    show.add_argument("--workspace", default="", help="the project's folder")
    show.add_argument("--client", default="cli", help="the tool that asks")
    show.add_argument("--model", default="auto", help="auto, auto:best, provider/model, …")
    approve = actions.add_parser("approve", help="let findings leave that were asked about")
    approve.add_argument("words", nargs=1, metavar="code", help="the code from the refusal")
    for action in (check, show, approve):
        action.add_argument("--json", action="store_true", help="print JSON for scripts")


def _offline(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("action", choices=["on", "off", "status", "report"])


def _audit(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("action", choices=["verify", "export"])
    sub.add_argument("--format", choices=sorted(FORMATS), default="jsonl", help="of the export")
    sub.add_argument("--since", default="", help="export: from this time on, such as 2026-11-20")
    sub.add_argument("--expect", default="", help="verify: a hash noted earlier must be in it")


def _forget(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--workspace", default="", help="of this workspace alone")
    sub.add_argument("--since", default="", help="from this time on: 2026-11-20, 2h, 3d")
    sub.add_argument("--before", default="", help="until this time: 2026-11-20, 30d")
    sub.add_argument("--all", action="store_true", help="everything, sums of money too")


def _doctor(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--fix", action="store_true", help="mend what is safe to mend; ask for more")


def _completion(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("shell", choices=["bash", "zsh", "fish", "powershell"])


def _support_bundle(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--show", action="store_true", help="print all of it and write nothing")
    sub.add_argument("--yes", action="store_true", help="write without being asked")
    sub.add_argument("--output", default="", help="where to write it")

"""`audit verify` and `audit export`; both read the files and need no daemon."""

import argparse
import json
import sys
from dataclasses import asdict

from routerd.audit import export, verify
from routerd.cli.render import counted
from routerd.core.errors import RouterdError
from routerd.settings import places


def run(arguments: argparse.Namespace) -> int:
    """Run one of the two."""
    here = places.find()
    if arguments.action == "export":
        return _export(arguments, here)
    return _verify(arguments, here)


def _verify(arguments: argparse.Namespace, here: places.Places) -> int:
    found = verify.verify(here.audit, arguments.expect)
    if arguments.json:
        print(json.dumps({**asdict(found), "holds": found.holds}, indent=2))
        return 0 if found.holds else 1
    for fault in found.breaks:
        print(f"{fault.file}:{fault.line}: {fault.what}")
    verdict = "the chain holds" if found.holds else "the chain does not hold"
    print(f"{counted(found.entries, 'entry')} in {counted(found.files, 'file')}: {verdict}")
    print(f"last: entry {found.head.seq}, hash {found.head.hash}")
    return 0 if found.holds else 1


def _export(arguments: argparse.Namespace, here: places.Places) -> int:
    if not here.audit.exists():
        raise RouterdError(f"There is no audit log yet at {here.audit}.")
    entries = export.entries(here.audit, arguments.since)
    for line in export.FORMATS[arguments.format](entries):
        sys.stdout.write(line)
    return 0

"""`replay` without a file of outcomes: one's own last requests under other profiles."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from routerd.core.config import Profile
from routerd.core.errors import RouterdError
from routerd.replay import own_history
from routerd.settings import load, places
from routerd.storage.outcomes import read_pasts


def run(arguments: argparse.Namespace, profiles: Mapping[str, Profile]) -> int:
    """Replay and print. Raises: RouterdError where there is no history, or it can't be read."""
    here = places.find()
    known = {**profiles, **load.load(here.config).profiles}
    pasts = read_pasts(here.database, arguments.last)
    if not pasts:
        raise RouterdError(
            "There is no history yet; `routerd ask TEXT` makes some, "
            "or give --outcomes and --prices to replay recorded results."
        )
    found = own_history.replay(pasts, known)
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps(found))
    else:
        print("\n".join(lines(found)))
    return 0


def lines(found: Mapping[str, Any]) -> Iterable[str]:
    """Yield the report as a table for a person."""
    answered = found["ways"]["as_it_was"]["requests"]
    yield f"the last {found['looked_at']} requests, {answered} of them answered"
    yield f"{'':16} {'cost':>10} {'p(success)':>10} {'on device':>9} {'other model':>11}"
    for name, way in found["ways"].items():
        yield (
            f"{name.replace('_', ' '):16} {way['cost_usd']:9.4f}$ {way['p_success']:10.3f} "
            f"{way['on_device']:9d} {way['other_model']:11d}"
        )

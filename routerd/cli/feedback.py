"""`feedback`: a person's word on an answer, for the running daemon to learn from."""

import argparse
import json

from routerd.client import DaemonClient
from routerd.settings import places


def run(arguments: argparse.Namespace) -> int:
    """Send the word. Raises: NotRunning, DaemonError (no such decision, no such word)."""
    word: str | float = arguments.value
    if arguments.value not in ("good", "bad"):
        try:
            word = float(arguments.value)
        except ValueError:
            word = arguments.value  # the daemon says what it takes
    body = {"decision": arguments.id, "value": word}
    told = DaemonClient(places.find().home).post("/control/feedback", body)
    if arguments.json:
        print(json.dumps(told))
    else:
        print(f"noted: {told['model']} {told['value']:g} for {told['decision']}")
    return 0

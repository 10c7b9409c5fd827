"""`replay`: recorded outcomes decided again, without a daemon; prints cost against quality."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from routerd.cli import progress
from routerd.cli.readings import ReadingFile
from routerd.core.config import Profile, Weights
from routerd.core.errors import InvalidRequest, RouterdError
from routerd.core.features import Reading
from routerd.core.request import Message, Request, Text
from routerd.policy import wish
from routerd.replay import plot, records, report
from routerd.settings import load, places
from routerd.understanding.classifier import OnnxUnderstanding


def run(arguments: argparse.Namespace) -> int:
    """Replay. Raises: RouterdError for files that can't be read or no usable classifier."""
    if not arguments.outcomes:
        return _own(arguments)
    if not arguments.prices:
        raise InvalidRequest(
            "--outcomes needs --prices, a .json file of what models cost", "prices"
        )
    problems = records.read_problems(Path(arguments.outcomes))
    tariffs = records.read_tariffs(Path(arguments.prices))
    profiles = _profiles(arguments.floor, arguments.weights)
    found = report.replay(problems, tariffs, readings(problems), profiles)
    if arguments.plot:
        try:
            Path(arguments.plot).write_text(plot.svg(found["sources"]), encoding="utf-8")
        except OSError as error:
            raise RouterdError(f"{arguments.plot} can't be written ({error.strerror})") from error
    if arguments.json or not sys.stdout.isatty():
        print(json.dumps(found))
    else:
        print("\n".join(lines(found)))
    return 0


def _own(arguments: argparse.Namespace) -> int:
    if arguments.plot or arguments.prices:
        raise InvalidRequest("--plot and --prices belong to --outcomes", "outcomes")
    from routerd.cli import own_replay  # opens the database, which recorded outcomes don't need

    return own_replay.run(arguments, _profiles(arguments.floor, arguments.weights))


def _profiles(floor: float | None, weights: str | None) -> Mapping[str, Profile]:
    """Return the built-in profiles and, where asked for, one of one's own named `custom`."""
    if floor is None and weights is None:
        return wish.BUILT_IN_PROFILES
    default = wish.BUILT_IN_PROFILES["balanced"]
    values = list(astuple(default.weights))
    if weights is not None:
        try:
            values = [float(value) for value in weights.split(",")]
        except ValueError:
            values = []
        if len(values) != 5 or not all(0.0 <= value < 1e6 for value in values):
            raise InvalidRequest("--weights needs five numbers, such as 35,25,20,15,5", "weights")
    floor = default.floor if floor is None else floor
    if not 0.0 <= floor <= 1.0:
        raise InvalidRequest("--floor must be from 0 to 1", "floor")
    return {**wish.BUILT_IN_PROFILES, "custom": Profile(floor, Weights(*values))}


def readings(problems: Iterable[records.Problem]) -> dict[str, Reading]:
    """Read every prompt as the daemon would; what was read before comes from disk."""
    here = places.find()
    settings = load.load(here.config).understanding
    model = places.shipped_model("router")
    understanding = OnnxUnderstanding(
        model, max_tokens=settings.max_tokens, threads=settings.intra_op_threads
    )
    understanding.load()
    if not understanding.state.startswith("ready"):
        raise RouterdError(f"The classifier can't be used: {understanding.state}.")
    places.prepare(here)
    try:
        with ReadingFile(here.home / "cache", model, settings.max_tokens) as known:
            return {
                problem.id: known.get(problem.prompt, lambda p: _read(understanding, p))
                for problem in progress.steps(tuple(problems), "reading prompts")
            }
    finally:
        understanding.close()


def _read(understanding: OnnxUnderstanding, prompt: str) -> Reading:
    return understanding.read_now(Request((Message("user", (Text(prompt),)),)))


def lines(found: Mapping[str, Any]) -> Iterable[str]:
    """Yield the report as a table for a person."""
    yield (
        f"{'source':26} {'problems':>8} {'best':>6} {'balanced':>16} "
        f"{'chosen for 98 %':>16} {'for 95 %':>16} {'oracle':>7} {'APGR':>6}"
    )
    for name, source in found["sources"].items():
        balanced = source["profiles"]["balanced"]
        cuts = source["cost_cut"]
        yield (
            f"{name:26} {source['problems']:8d} {source['always_best']['quality']:6.3f} "
            f"{_percent(balanced['cost_cut'])} at {_percent(balanced['quality_kept'])} "
            f"{_chosen(cuts['0.98']['routerd'])} {_chosen(cuts['0.95']['routerd'])} "
            f"{_percent(cuts['0.98']['oracle']):>7} {_number((source['apgr'] or {}).get('apgr'))}"
        )
    mean = found["mean"]
    for share, cuts in mean["cost_cut"].items():
        told = ", ".join(
            f"{name} {_chosen(value) if isinstance(value, dict) else _percent(value).strip()}"
            for name, value in cuts.items()
            if name != "in_hindsight"
        )
        yield f"mean for {share}, chosen on training folds: {told}"
        best = ", ".join(f"{n} {_percent(v).strip()}" for n, v in cuts["in_hindsight"].items())
        yield f"mean at {share}, best point of each curve in hindsight: {best}"
    yield f"mean APGR: {_number(mean['apgr']).strip()}"


def _chosen(figures: Mapping[str, float]) -> str:
    return f"{_percent(figures['cost_cut'])} at {_percent(figures['quality_kept'])}"


def _percent(share: float | None) -> str:
    return "     -" if share is None else f"{share:6.1%}"


def _number(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.3f}"

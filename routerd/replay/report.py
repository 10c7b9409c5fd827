"""The whole replay: per source, cost and quality of routerd against simple strategies."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routerd.core.config import Profile
from routerd.core.features import Reading
from routerd.policy import wish
from routerd.replay import contest, folds, measures
from routerd.replay.records import Problem, Tariff

Choice = NDArray[np.int64]
SHARES = (0.98, 0.95)
_TOLD = ("cost_cut", "quality_kept")
WEAK_SIZE_B = 7.0
# A source with fewer problems has folds too small to learn from.
FEWEST_PROBLEMS = 10


def replay(
    problems: Sequence[Problem],
    tariffs: Mapping[str, Tariff],
    readings: Mapping[str, Reading],
    profiles: Mapping[str, Profile] = wish.BUILT_IN_PROFILES,
) -> dict[str, Any]:
    """Return the report as JSON values; `readings` is by problem id."""
    sources: dict[str, Any] = {}
    for name in sorted({problem.source for problem in problems}):
        mine = [problem for problem in problems if problem.source == name]
        source = folds.source_of(name, mine, tariffs, readings)
        if len(source.problems) >= FEWEST_PROBLEMS and len(source.models) > 1:
            sources[name] = _judge(source, contest.hold(source, tariffs, profiles), tariffs)
    unpriced = {m for problem in problems for m in problem.answers if m not in tariffs}
    return {
        "sources": sources,
        "mean": _mean(list(sources.values())),
        "models_without_a_price": sorted(unpriced),
        "folds": folds.FOLDS,
        "neighbours": folds.NEIGHBOURS,
        "shares_of_cost": list(contest.COST_SHARES),
    }


def _judge(
    source: folds.Source, held: contest.Contest, tariffs: Mapping[str, Tariff]
) -> dict[str, Any]:
    def at(choice: Choice) -> measures.Point:
        return measures.point(choice, source.passed, source.cost_usd)

    best, cheapest, oracle = map(at, (held.always_best, held.always_cheapest, held.oracle))
    curves = {name: [at(choice) for choice in choices] for name, choices in held.curves.items()}
    cuts: dict[str, Any] = {}
    for share in SHARES:
        cuts[f"{share:.2f}"] = {
            **{name: chosen(source, held, name, share, best) for name in curves},
            "random": measures.mixed_cut(cheapest, best, share),
            "oracle": measures.cut([oracle], best, share),
            "in_hindsight": {
                name: measures.cut(points, best, share) for name, points in curves.items()
            },
        }
    leads = {
        name: dict(zip(("lead", "low", "high"), lead, strict=True))
        for name, lead in _leads(source, held).items()
    }
    return {
        "problems": len(source.problems),
        "models": len(source.models),
        "always_best": _seen(best),
        "always_cheapest": _seen(cheapest),
        "oracle": _seen(oracle),
        "profiles": {name: _against(at(choice), best) for name, choice in held.profiles.items()},
        "cost_cut": cuts,
        "curves": {name: [_seen(p) for p in points] for name, points in curves.items()},
        "lead_over": leads,
        "apgr": pair_of(source, held, tariffs),
    }


def _seen(point: measures.Point) -> dict[str, float]:
    return {"cost_usd": point.cost_usd, "quality": point.quality}


def _against(point: measures.Point, best: measures.Point) -> dict[str, float]:
    saved = 1.0 - point.cost_usd / best.cost_usd if best.cost_usd > 0 else 0.0
    kept = point.quality / best.quality if best.quality > 0 else 1.0
    return {**_seen(point), "cost_cut": saved, "quality_kept": kept}


def chosen(
    source: folds.Source, held: contest.Contest, name: str, share: float, best: measures.Point
) -> dict[str, float]:
    """Return the figures of a strategy whose share of cost each fold's other folds chose.

    For a fold, the cheapest point that kept `share` of the best model's quality on the other
    folds; where none did, the model that was best there.
    """
    choice = np.zeros(len(source.problems), np.int64)
    for fold in range(folds.FOLDS):
        other, mine = source.fold != fold, source.fold == fold
        if not other.any() or not mine.any():
            continue
        passed, cost = source.passed[other], source.cost_usd[other]
        ranking = np.nan_to_num(np.nanmean(passed, axis=0), nan=-1.0)
        top = measures.point(_leader(passed, ranking), passed, cost)
        points = [measures.point(c[other], passed, cost) for c in held.curves[name]]
        kept = [i for i, p in enumerate(points) if p.quality >= share * top.quality]
        if kept:
            picked = min(kept, key=lambda i: (points[i].cost_usd, i))
            choice[mine] = held.curves[name][picked][mine]
        else:
            choice[mine] = _leader(source.passed[mine], ranking)
    return _against(measures.point(choice, source.passed, source.cost_usd), best)


def _leader(passed: NDArray[np.float64], ranking: NDArray[np.float64]) -> Choice:
    """Return, per problem, the one of those who tried it that stands first in `ranking`."""
    first: Choice = np.argmax(np.where(np.isnan(passed), -np.inf, ranking[None, :]), axis=1)
    return first


def _leads(source: folds.Source, held: contest.Contest) -> dict[str, tuple[float, float, float]]:
    ours = held.curves["routerd"]
    # A random mix lies on the line between its ends; its ends and a coin stand for it.
    coin = np.random.default_rng(measures.SEED).random((9, len(held.always_best)))
    random = [
        np.where(row < share, held.always_best, held.always_cheapest)
        for share, row in zip(np.linspace(0.1, 0.9, 9), coin, strict=True)
    ]
    rivals = {
        **{name: list(choices) for name, choices in held.curves.items() if name != "routerd"},
        "random": [held.always_cheapest, *random, held.always_best],
    }
    return {
        name: measures.lead(ours, choices, held.always_best, source.passed, source.cost_usd)
        for name, choices in rivals.items()
    }


def pair_of(
    source: folds.Source, held: contest.Contest, tariffs: Mapping[str, Tariff]
) -> dict[str, Any] | None:
    """Return APGR between the local model nearest to 7B and the best model of the cloud.

    Without a local model the weak one is the cloud's worst; None where there are no two.
    """
    means = np.nanmean(source.passed, axis=0)
    zones = [tariffs[model].zone for model in source.models]
    cloud = [i for i, zone in enumerate(zones) if zone == "cloud"]
    local = [i for i, zone in enumerate(zones) if zone == "device"]
    if not cloud or len(source.models) < 2:
        return None
    strong = max(cloud, key=lambda i: means[i])

    def distance(i: int) -> float:
        return abs(tariffs[source.models[i]].parameters_b - WEAK_SIZE_B)

    if local:
        weak = min(local, key=lambda i: (distance(i), -means[i]))
    else:
        weak = min(cloud, key=lambda i: means[i])
    both = ~np.isnan(source.passed[:, [weak, strong]]).any(axis=1)
    value = None
    if weak != strong and both.any():
        pair = [weak, strong]
        value = measures.apgr(held.chances[both][:, pair], source.passed[both][:, pair])
    return {"weak": source.models[weak], "strong": source.models[strong], "apgr": value}


def _mean(sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return means over sources of the headline figures.

    A point of a curve is chosen on other folds than it is judged by; `in_hindsight` takes the best
    on the problems themselves, where a strategy that falls short counts 0.
    """
    mean: dict[str, Any] = {"cost_cut": {}}
    for share in (f"{share:.2f}" for share in SHARES):
        rows = [source["cost_cut"][share] for source in sources]
        hindsight = rows[0]["in_hindsight"] if rows else {}
        mean["cost_cut"][share] = {
            **{
                name: {key: _average([r[name][key] for r in rows]) for key in _TOLD}
                for name in hindsight
            },
            **{name: _average([r[name] or 0.0 for r in rows]) for name in ("random", "oracle")},
            "in_hindsight": {
                name: _average([r["in_hindsight"][name] or 0.0 for r in rows]) for name in hindsight
            },
        }
    values = [s["apgr"]["apgr"] for s in sources if s["apgr"] and s["apgr"]["apgr"] is not None]
    return {**mean, "apgr": _average(values)}


def _average(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None

"""A decision's reasons in words; what it gets is the JSON of `endpoints.views.explained`.

Rows of an older daemon lack some keys; then less is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from routerd.cli.render import counted

TERMS = ("complexity", "history", "cost", "latency", "availability")
NAMED = 3
SMALLEST_USD = 0.0001
# Neighbours that weigh less together change nothing in the third digit.
SLIGHT = 0.05
# A weight that outweighs all others together is not what somebody would set.
MOST_WEIGHT = 1.0
# What a person would have to change, for whom a rule kept out and who would have led.
_LIFTED = {
    "usable": "were it usable",
    "offline": "offline mode off",
    "local-only": "auto instead of auto:local",
    "policy": "without your policy's rule",
    "screening": "without what was found in it",
    "capability": "without the need for it",
    "context": "with a larger window",
    "circuit": "were it not resting",
    "budget": "with money left",
    "native": "without content of another dialect",
}


def money(usd: float) -> str:
    """Return an amount with as many digits as tell something."""
    if 0 < usd < SMALLEST_USD:
        return f"<${SMALLEST_USD:.4f}"
    return "free" if usd == 0 else f"${usd:.2f}" if usd >= 1 else f"${usd:.4f}"


def understood(made: Mapping[str, Any]) -> str:
    """Return what was understood of the request, and how sure."""
    seen = made["features"]
    parts = [f"{seen['task']} ({seen['task_confidence']:.0%} sure)"]
    parts.append(f"complexity {seen['complexity']:.2f}")
    if seen["language"] != "none":
        parts.append(str(seen["language"]))
    parts.append(f"about {seen['input_tokens']:,} tokens in")
    parts.append(str(seen.get("latency_class", "interactive")))
    return " · ".join(parts)


def circumstances(made: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (heading, words) of all that went into the choice besides the scores."""
    yield "asked for", _asked(made)
    if needs := _needs(made["features"]["needs"]):
        yield "needs", needs
    if hard := made.get("explanation", {}).get("difficulty"):
        yield "difficulty", difficulty(hard)
    if made.get("policy_rules"):
        yield "your rules", ", ".join(made["policy_rules"])
    if made.get("findings"):
        yield "screening", screening(made)
    if session := conversation(made.get("session") or {}):
        yield "session", session
    if made.get("explored"):
        yield "exploring", str(made["explored"])


def _asked(made: Mapping[str, Any]) -> str:
    if made.get("pinned"):
        return f"{made['pinned']} by name, so nothing else was weighed"
    text = f"{made['requested_model']} · profile {made['profile']}"
    if made.get("floor"):
        text += f" · quality floor {made['floor']:.2f} of the best"
    known = made["requested_model"].partition(":")[0] in ("auto", "routerd", "routerd-auto", "")
    return text if known else f"{text} (no such model here, so routerd chose)"


def _needs(needs: Mapping[str, Any]) -> str:
    words = {"tools": "tool calls", "vision": "images", "json_schema": "JSON by a schema",
             "fim": "fill in the middle", "embeds": "embeddings"}  # fmt: skip
    parts = [text for key, text in words.items() if needs.get(key)]
    if needs.get("native"):
        parts.append(f"the {needs['native']} dialect")
    if needs.get("context_tokens"):
        parts.append(f"{needs['context_tokens']:,} tokens of window")
    return ", ".join(parts)


def difficulty(hard: Mapping[str, float]) -> str:
    """Return the difficulty and what it is made of."""
    parts = {
        "by its complexity": hard["complexity"],
        "by doubt about the reading": hard["doubt"],
        "by its length": hard["length"],
        "learnt of such tasks": hard["learnt"],
    }
    told = ", ".join(f"{value:+.2f} {name}" for name, value in parts.items() if abs(value) >= 0.005)
    text = f"{sum(parts.values()):+.2f} on the scale of abilities: {told}"
    if abs(hard["similar"]) >= 0.005:
        text += f"; similar past tasks proved {abs(hard['similar']):.2f} "
        text += "harder" if hard["similar"] > 0 else "easier"
    return text


def screening(made: Mapping[str, Any]) -> str:
    """Return what was found in the request and what became of it."""
    names = sorted({finding["detector"] for finding in made["findings"]})
    verdicts = {
        "allow": "allowed to leave",
        "mask": "masked on the way out, restored in the answer",
        "stay-local": "kept on this machine",
        "ask": "stopped until you approve it",
        "block": "stopped",
    }
    return f"{', '.join(names)} found: {verdicts.get(made['screened'], made['screened'])}"


def conversation(held: Mapping[str, Any]) -> str:
    """Return what the conversation so far did to the choice; '' where it did nothing."""
    action = held.get("action", "")
    if action in ("", "first"):
        return "first turn: the scores decide" if action else ""
    text = str(action).replace("_", " ")
    if held.get("before") and action != "kept":
        text += f" from {held['before']}"
    text += f": {held['because']}" if held.get("because") else ""
    signs = ", ".join(held.get("evidence", ())).replace("_", " ")
    if signs and signs not in text:
        text += f" (seen: {signs})"
    if held.get("rung") is not None:
        text += f"; from now on ability {held['rung']:.2f} at least"
    return text


def sources(made: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, str]:
    """Return, for each term of a candidate, where its value comes from."""
    told = entry.get("sources")
    if told is None:
        return dict(zip(TERMS, [*entry["notes"], "", ""][:5], strict=False))
    hard = made["explanation"]["difficulty"]
    read = hard["complexity"] + hard["doubt"] + hard["length"] + hard["learnt"]
    return {
        "complexity": f"{_ability(told)}, against a difficulty of {read:+.2f}",
        "history": _history(made, told),
        "cost": _cost(made, entry, told),
        "latency": _latency(entry, told),
        "availability": f"health {entry['health']:.2f} by checks and live answers",
    }


def _ability(told: Mapping[str, Any]) -> str:
    text = f"ability {told['known']:.2f} ± {told['known_sd']:.2f} by name and size"
    if abs(told["learnt"]) >= 0.005:
        text += f", {told['learnt']:+.2f} learnt from {told['answers']:.0f} answers"
    return text


def _history(made: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    count = len(made["features"]["neighbours"])
    if not count:
        return "no similar past task yet, so as the complexity says"
    own = told["similar"]
    if not own:
        return f"{counted(count, 'similar past task')}, none of them its own"
    text = f"{own} of {counted(count, 'similar past task')} its own"
    if told["similar_weight"] < SLIGHT:
        return f"{text}, too unlike this one to weigh"
    share = told["similar_well"] / told["similar_weight"]
    weigh = f"they weigh {told['similar_weight']:.1f}, the fit {told['fit_weight']:.0f}"
    return f"{text}, {share:.0%} went well ({weigh})"


def _cost(made: Mapping[str, Any], entry: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    dearest = max(made["candidates"], key=lambda e: e["expected_cost_usd"])
    usd = entry["expected_cost_usd"]
    text = money(usd)
    if usd:
        text += f": {money(told['input_usd'])} to read {told['input_tokens']:,} tokens"
        text += f", {money(told['output_usd'])} to write about {told['output_tokens']:,}"
    if dearest["model"] != entry["model"] and dearest["expected_cost_usd"] > usd:
        text += f"; {dearest['model']} would be {money(dearest['expected_cost_usd'])}"
    return text


def _latency(entry: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    parts = {
        "loading": told["load_s"],
        "reading": told["prefill_s"],
        "first token": told["ttft_s"],
        f"writing {told['output_tokens']:,} tokens": told["output_s"],
    }
    said = ", ".join(f"{name} {s:.1f}" for name, s in parts.items() if s and s >= 0.05)
    text = f"about {entry['expected_seconds']:.1f} s" + (f": {said}" if said else "")
    if told["swap_s"]:
        text += f"; loading it costs others {told['swap_s']:.0f} s"
    return text


def rival(told: Mapping[str, Any]) -> str:
    """Return who was next, how far, and by which terms."""
    shares = {term: value for term, value in told["by_term"].items() if abs(value) >= 0.0005}
    order = sorted(shares.items(), key=lambda share: -abs(share[1]))
    parts = ", ".join(f"{term} {-value:+.3f}" for term, value in order)
    if told["behind"] < 0:
        head = f"{told['model']} scores {-told['behind']:.3f} more"
    else:
        head = f"next: {told['model']}, {told['behind']:.3f} behind"
    head += f" ({parts})" if parts else ""
    return head if told["above_floor"] else f"{head}, and it is below the quality floor"


def changes(
    found: Sequence[Mapping[str, Any]], exclusions: Sequence[Mapping[str, Any]] = ()
) -> Iterator[tuple[str, str]]:
    """Yield (what had to be different, who would have led), the nearest weights first."""
    why = {one["model"]: one["reason"] for one in exclusions}
    weights = [c for c in found if c["kind"] == "weight" and c["at"] <= MOST_WEIGHT]
    weights.sort(key=lambda c: abs(c["at"] - c["now"]) / max(c["now"], 0.01))
    order = ("exploration", "conversation", "residency", "admission", "complexity", "floor")
    for kind in order:
        for change in found:
            if change["kind"] == kind:
                yield _changed(change, why), change["winner"]
    for change in weights[:NAMED]:
        yield _changed(change, why), change["winner"]


def _changed(change: Mapping[str, Any], why: Mapping[str, str]) -> str:
    kind, what = change["kind"], change["what"]
    if kind == "admission":
        reason = why.get(change["winner"], "") if what in ("usable", "policy") else ""
        text = f"{_LIFTED[what]} ({reason})" if reason else _LIFTED[what]
        return f"{text}: {change['at']:.3f} to {change['now']:.3f}"
    if kind == "conversation":
        return f"a new conversation (here: {what})" if what else "a new conversation"
    if kind == "exploration":
        return "nothing to be learnt of the other"
    if kind == "residency":
        return f"both loaded already (here the warm one {what})"
    now = f"read as {change['now']:.2f}" if kind == "complexity" else f"now {change['now']:.2f}"
    name = f"{what} weight" if kind == "weight" else what
    return f"{name} {change['at']:.2f} {change['bound']} ({now})"


def grouped(exclusions: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return (reason, models), those of one reason together, the largest group first."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in exclusions:
        groups.setdefault((one["rule"], one["reason"]), []).append(one["model"])
    order = sorted(groups.items(), key=lambda group: -len(group[1]))
    return [(reason, models) for (_, reason), models in order]


def floor(made: Mapping[str, Any]) -> str:
    """Return what the quality floor asks for."""
    most = max(entry["p_success"] for entry in made["candidates"])
    if not made.get("floor"):
        return "below the floor:"
    return f"below the floor ({made['floor'] * most:.2f}):"


def listed(models: Sequence[str]) -> str:
    """Return names, the first few of many."""
    shown = ", ".join(models[:NAMED])
    return shown if len(models) <= NAMED else f"{shown} and {len(models) - NAMED} more"


def sums(outcome: Mapping[str, Any], baseline: str | None) -> str:
    """Return tokens, cost, and cost against the baseline."""
    usage = outcome["usage"]
    count = [f"{n:,}" if n >= 0 else "?" for n in (usage["input_tokens"], usage["output_tokens"])]
    cached = usage.get("cached_tokens", 0)
    text = f"{count[0]} tokens in"
    text += f" ({cached:,} cached)" if cached and cached > 0 else ""
    text += f", {count[1]} out, {money(outcome['cost_usd'])}"
    saved = outcome.get("baseline_cost_usd", 0.0) - outcome["cost_usd"]
    if outcome.get("baseline_cost_usd", 0.0) > 0 and baseline:
        compared = f"saved {money(saved)}" if saved >= 0 else f"{money(-saved)} more"
        text += f"; {compared} against {baseline}"
    return text

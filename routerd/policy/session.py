"""What a conversation does to a decision: keep its model, price a switch, latch an escalation.

Pure. The ranking comes in as `decide` made it and goes out with the one who answers first. The
rules, in order (design.md says why):

    pinned by the client            its word goes before the conversation
    no model yet                    the ranking's first
    the model may no longer answer  forced: the best that reaches the rung
    a tool call is open             kept, whatever is better
    signed thinking is in play      kept
    evidence is latched             the best that reaches the rung, switching is not priced
    else                            the best, if it is ahead by more than the lost prefix costs
"""

from collections.abc import Sequence
from dataclasses import replace

from routerd.core.decision import Decision, Ranked
from routerd.core.session import Action, Hold, Signs, Standing
from routerd.policy import scores

# Logits above the model that failed; half of what a model of twice the size has.
STEP_UP = 0.12
# Turns of the user without evidence before a latch is let go.
CALM_TURNS = 3
# A lead in the total smaller than this is noise, not a reason to change horses.
SLACK = 0.02
# Abilities that differ less than this are the same rung.
SAME_RUNG = 0.05


def settle(decision: Decision, standing: Standing, signs: Signs) -> Decision:
    """Return the decision with the conversation taken into account; `hold` says what was done."""
    if not standing.model or decision.pinned or not decision.ranked:
        return replace(decision, hold=Hold("first" if not standing.model else ""))
    holder = next((e for e in decision.ranked if e.candidate.name == standing.model), None)
    rung = _rung(decision, standing, signs, holder)
    hold = Hold(before=standing.model, rung=rung, evidence=signs.against)
    if holder is None:
        why = f"{standing.model} can't answer this turn"
        return _led(
            decision, _reaching(decision, rung), replace(hold, action="forced", because=why)
        )
    if signs.tool_open or signs.signed:
        what = "a tool call is open" if signs.tool_open else "its signed thinking is in play"
        return _led(decision, [holder], replace(hold, action="kept", because=what, bound=True))
    return _at_boundary(decision, holder, standing, hold)


def _rung(
    decision: Decision, standing: Standing, signs: Signs, holder: Ranked | None
) -> float | None:
    """Return the least ability from now on; None where nothing is latched."""
    if signs.against:
        present = _ability(decision, holder) + STEP_UP if holder else None
        known = [value for value in (present, standing.rung) if value is not None]
        return max(known, default=None)
    return None if signs.calm_turns > CALM_TURNS else standing.rung


def _at_boundary(decision: Decision, holder: Ranked, standing: Standing, hold: Hold) -> Decision:
    at = _ability(decision, holder)
    allowed = _reaching(decision, hold.rung)
    best = allowed[0]
    if hold.rung is not None and at < hold.rung:
        if _ability(decision, best) > at:
            words = ", ".join(hold.evidence).replace("_", " ") or "earlier evidence"
            return _led(decision, allowed, replace(hold, action="escalated", because=words))
        why = "no model is stronger than this one"
        return _led(decision, [holder], replace(hold, action="kept", because=why))
    if best is holder:
        return _led(decision, [holder], replace(hold, action="kept", because="still the best"))
    return _if_worth_it(decision, holder, best, standing, hold)


def _if_worth_it(
    decision: Decision, holder: Ranked, best: Ranked, standing: Standing, hold: Hold
) -> Decision:
    """Switch only where the lead is larger than what the lost prefix is worth."""
    staying = total_when_staying(decision, holder, standing.cached_tokens)
    if holder.above_floor and best.total <= staying + SLACK:
        why = (
            f"{best.candidate.name} is ahead by {best.total - holder.total:.3f}, less than the "
            f"{staying - holder.total + SLACK:.3f} that {standing.cached_tokens} cached tokens weigh"
        )
        return _led(decision, [holder], replace(hold, action="kept", because=why))
    lower = _ability(decision, best) < _ability(decision, holder) - SAME_RUNG
    action: Action = "stepped_down" if lower else "switched"
    why = f"ahead by {best.total - staying:.3f} with {standing.cached_tokens} cached tokens lost"
    if not holder.above_floor:
        why = f"{holder.candidate.name} fell below the quality floor"
    return _led(decision, [best], replace(hold, action=action, because=why))


def total_when_staying(decision: Decision, holder: Ranked, cached_tokens: int) -> float:
    """Return the holder's total where `cached_tokens` of the prompt needn't be read again.

    Money: they cost the cached price. Time: they need no prefill.
    """
    candidate = holder.candidate
    cached = max(0, min(cached_tokens, decision.features.input_tokens))
    price = candidate.price
    cheaper = price.input - price.cached_input if price.cached_input > 0 else 0.0
    usd = max(0.0, holder.expected_cost_usd - cached * max(0.0, cheaper) / 1e6)
    dearest = max(entry.expected_cost_usd for entry in decision.ranked)
    seconds = holder.expected_seconds - cached / max(candidate.prefill_tokens_per_s, 1.0)
    latency = scores.latency(max(0.0, seconds), decision.features.latency_class)
    weights, terms = decision.weights, holder.terms
    gained = weights.cost * (scores.cost(usd, dearest) - terms.cost)
    return holder.total + gained + weights.latency * (latency - terms.latency)


def _reaching(decision: Decision, rung: float | None) -> Sequence[Ranked]:
    """Return those that reach the rung in their order; where none does, the strongest."""
    if rung is None:
        return decision.ranked
    reaching = [entry for entry in decision.ranked if _ability(decision, entry) >= rung]
    if reaching:
        return reaching
    return [max(decision.ranked, key=lambda entry: _ability(decision, entry))]


def _ability(decision: Decision, entry: Ranked) -> float:
    return scores.ability(entry.candidate, decision.features)


def _led(decision: Decision, first: Sequence[Ranked], hold: Hold) -> Decision:
    """Return the decision with `first` before the others, each group in its order."""
    names = {entry.candidate.name for entry in first}
    rest = [entry for entry in decision.ranked if entry.candidate.name not in names]
    return replace(decision, ranked=(*first, *rest), hold=hold)

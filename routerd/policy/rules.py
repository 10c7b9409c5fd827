"""May this candidate answer this request? One function a rule, each with its reason in words.

A rule returns the reason for refusing, or None. `RULES` is the whole list, in the order in which
a person would ask; the first refusal is the one that is told.
"""

from collections.abc import Callable
from dataclasses import dataclass

from routerd.core.candidate import Candidate
from routerd.core.features import Features
from routerd.policy import budgets, scores
from routerd.policy.ruling import Ruling, refusal, subject_of, unpriced


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules may look at besides the candidate.

    `real_model_found`: some candidate that is not the built-in plumbing check could answer.
    `ruling`: what the user's policy, the screening and the budgets say of this request.
    """

    features: Features
    offline: bool = False
    local_only: bool = False
    pinned: str = ""
    real_model_found: bool = False
    ruling: Ruling | None = None
    max_output_tokens: int | None = None


def _pinned(candidate: Candidate, now: Circumstances) -> str | None:
    if now.pinned and candidate.name != now.pinned:
        return f"the client asked for {now.pinned}"
    return None


def _usable(candidate: Candidate, _: Circumstances) -> str | None:
    if not candidate.usable:
        return candidate.unusable_reason or "the engine says it can't be used"
    return None


def _offline(candidate: Candidate, now: Circumstances) -> str | None:
    if now.offline and candidate.leaves_machine:
        return f"offline mode is on and zone {candidate.zone} leaves this machine"
    return None


def _local_only(candidate: Candidate, now: Circumstances) -> str | None:
    if now.local_only and candidate.leaves_machine:
        return f"auto:local was asked for and zone {candidate.zone} leaves this machine"
    return None


def _policy(candidate: Candidate, now: Circumstances) -> str | None:
    if now.ruling is None or not now.ruling.rules:
        return None
    output = scores.expected_output_tokens(now.features, now.max_output_tokens)
    usd = scores.expected_cost_usd(candidate, now.features.input_tokens, output)
    return refusal(subject_of(candidate, now.ruling, usd), now.ruling)


def _screening(candidate: Candidate, now: Circumstances) -> str | None:
    """What may not leave stays here; block and ask stop a request altogether."""
    ruling = now.ruling
    if ruling is None or ruling.screened in ("allow", "mask"):
        return None
    stopped = ruling.screened in ("block", "ask")
    if not candidate.leaves_machine and not stopped:
        return None
    names = sorted({finding.detector for finding in ruling.findings})
    what = f"{', '.join(names)} in the request and the policy says {ruling.screened}"
    code = ruling.approval
    return f"{what}; `routerd policy approve {code}` lets it leave masked" if code else what


def _budget(candidate: Candidate, now: Circumstances) -> str | None:
    ruling = now.ruling
    if ruling is None or ruling.budget_left is None:
        return None
    if unpriced(candidate):
        return f"its price is not known, so budget {ruling.budget_name} could not be kept"
    usd = budgets.dearest_usd(candidate, now.features.input_tokens, now.max_output_tokens)
    # Not "more than": a price that is no number must not pass.
    if usd <= 0 or usd <= ruling.budget_left:
        return None
    return (
        f"it can cost up to ${usd:.4f} and budget {ruling.budget_name} "
        f"has ${max(ruling.budget_left, 0.0):.4f} left"
    )


def _capability(candidate: Candidate, now: Circumstances) -> str | None:
    needs, able = now.features.needs, candidate.capabilities
    missing = [
        text
        for needed, has, text in (
            (needs.tools, able.tools, "tool calls"),
            (needs.vision, able.vision, "images"),
            (needs.json_schema, able.json_schema, "JSON schema output"),
            (needs.fim, able.fim, "fill in the middle"),
        )
        if needed and not has
    ]
    return f"can't do {', '.join(missing)}, which the request needs" if missing else None


def _kind(candidate: Candidate, now: Circumstances) -> str | None:
    embeds, wanted = candidate.capabilities.embeddings, now.features.needs.embeds
    by_name = candidate.embeds_by_name and now.pinned == candidate.name
    if embeds == wanted or (wanted and by_name):
        return None
    return "it does not make embeddings" if wanted else "it makes embeddings, not answers"


def _native(candidate: Candidate, now: Circumstances) -> str | None:
    dialect = now.features.needs.native
    if dialect and dialect not in candidate.speaks:
        return f"the request holds content that only the {dialect} dialect can say"
    return None


def _context(candidate: Candidate, now: Circumstances) -> str | None:
    needed = now.features.needs.context_tokens
    if candidate.context_tokens and needed > candidate.context_tokens:
        return (
            f"the request needs about {needed} tokens of context, "
            f"{candidate.context_tokens} are in effect"
        )
    return None


def _circuit(candidate: Candidate, _: Circumstances) -> str | None:
    if candidate.circuit_open:
        return "it failed several times in a row and is resting"
    return None


def _plumbing(candidate: Candidate, now: Circumstances) -> str | None:
    if candidate.plumbing and now.real_model_found and not now.pinned:
        return "it only checks the plumbing, and a real model is there"
    return None


Rule = Callable[[Candidate, Circumstances], str | None]
RULES: tuple[tuple[str, Rule], ...] = (
    ("pinned", _pinned),
    # Before what the engine says: offline a cloud can't be asked whether it is well.
    ("offline", _offline),
    ("usable", _usable),
    ("local-only", _local_only),
    ("policy", _policy),
    ("screening", _screening),
    ("capability", _capability),
    ("kind", _kind),
    ("native", _native),
    ("context", _context),
    ("circuit", _circuit),
    ("budget", _budget),
    ("plumbing", _plumbing),
)
# Rules that are the user's will rather than the state of the world: exit code 4, HTTP 403.
POLICY_RULES = frozenset({"offline", "local-only", "policy", "screening", "budget"})


def first_refusal(candidate: Candidate, now: Circumstances) -> tuple[str, str] | None:
    """Return (rule, reason) of the first rule that refuses, or None where all agree."""
    for name, rule in RULES:
        reason = rule(candidate, now)
        if reason is not None:
            return name, reason
    return None

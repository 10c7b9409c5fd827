"""What the audit log is told of a request: digests, numbers and names, never a word of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routerd.core import traffic
from routerd.core.decision import Decision
from routerd.core.errors import RouterdError
from routerd.core.outcome import Outcome
from routerd.core.policy import Finding
from routerd.core.ports import AuditSink
from routerd.core.request import Request
from routerd.core.traffic import Traffic
from routerd.journey.attempts import Journal


class AuditUnwritable(RouterdError):
    """The audit log can't be written, so nothing may leave this machine."""

    status_hint = 503


@dataclass(frozen=True, slots=True)
class Audit:
    """Writes two entries a request at most: before anything leaves, and at the end."""

    sink: AuditSink | None = None

    def begin(self) -> Traffic:
        """Start to count what leaves for the request that this task works on."""
        counted = Traffic()
        traffic.CURRENT.set(counted)
        return counted

    async def before(self, decision: Decision, request: Request, known: Mapping[str, Any]) -> None:
        """Have it on disk that a request may leave, before it does. `known`: see `facts_of`.

        Raises: AuditUnwritable; what can't be accounted for does not leave.
        """
        beyond = [e.candidate for e in decision.ranked if e.candidate.leaves_machine]
        if self.sink is None or not beyond:
            return
        facts = {
            **decided(decision, request, known),
            "may_leave_to": sorted({candidate.name for candidate in beyond}),
        }
        if not await self.sink.written("decided", facts):
            raise AuditUnwritable(
                "The audit log can't be written, so nothing is sent beyond this machine. "
                "Free some disk space, or ask for auto:local."
            )

    def after(
        self,
        decision: Decision,
        outcome: Outcome,
        request: Request,
        known: Mapping[str, Any],
        journal: Journal,
        counted: Traffic,
    ) -> None:
        """Queue the entry of how it ended, with where the answer came from."""
        if self.sink is None:
            return
        winner = journal.winner.candidate if journal.winner else None
        answer = journal.assembler.text
        facts = {
            **decided(decision, request, known),
            "model": outcome.model,
            "provider": winner.provider if winner else "",
            "zone": winner.zone if winner else "",
            "finish": outcome.finish,
            "error": outcome.error[:200],
            "bytes_out": counted.bytes_out,
            "servers": sorted(counted.servers),
            "answer_digest": _digest(answer) if answer else "",
            "input_tokens": outcome.usage.input_tokens,
            "output_tokens": outcome.usage.output_tokens,
            "cost_usd": outcome.cost_usd,
            "attempts": [a.model for a in outcome.attempts],
        }
        self.sink.put("answered", facts)


def decided(decision: Decision, request: Request, known: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was decided and on what grounds."""
    chosen = decision.chosen
    reading = decision.features.reading
    return {
        "decision": decision.id,
        "prompt_digest": known["digest"],
        "client": request.client,
        "workspace": request.workspace,
        "session": request.session_key,
        "dialect": request.dialect,
        "requested_model": decision.requested_model,
        "task": reading.task,
        "complexity": round(reading.complexity, 4),
        "language": reading.language,
        "estimated_input_tokens": decision.features.input_tokens,
        "policy_rules": list(decision.policy_rules),
        "chosen": chosen.candidate.name if chosen else "",
        "chosen_zone": chosen.candidate.zone if chosen else "",
        "screened": decision.screened,
        "findings": [_told(finding) for finding in decision.findings[:100]],
    }


def _told(finding: Finding) -> Mapping[str, Any]:
    return {"kind": finding.kind, "detector": finding.detector, "message": finding.message}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

"""Answered requests and unit vectors for the tests of storage."""

import numpy as np
import numpy.typing as npt

from routerd.core.candidate import Candidate
from routerd.core.decision import Decision, Exclusion, Ranked, Terms
from routerd.core.features import Features, Needs, Reading
from routerd.core.outcome import Attempt, Outcome
from routerd.core.response import Usage

FACTS = {
    "session": "s-1",
    "client": "editor",
    "workspace": "/home/me/project",
    "dialect": "openai",
    "digest": "ab" * 32,
}


def unit_vectors(count: int, *, seed: int = 7) -> npt.NDArray[np.float32]:
    """Return `count` unit vectors in clusters, as embeddings of tasks lie."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((40, 384))
    rows = centres[random.integers(0, 40, count)] + 0.5 * random.standard_normal((count, 384))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def embedding(seed: int) -> bytes:
    """Return one unit vector as storage takes it."""
    return unit_vectors(1, seed=seed).tobytes()


def decision(identity: str, vector: bytes = b"") -> Decision:
    """Return a decision with one ranked and one excluded candidate."""
    model = Candidate("ollama", "small:3b", abilities={"debugging": -0.5})
    other = Candidate("team", "large", zone="network", context_tokens=8192)
    terms = Terms(0.9, 0.8, 1.0, 0.7, 1.0)
    ranked = Ranked(model, terms, 0.86, 0.8, 0.0, 2.5, notes=("warm", "no price"))
    return Decision(
        id=identity,
        features=Features(
            Reading("debugging", 0.93, 0.41, "python", vector), 1200, Needs(tools=True)
        ),
        ranked=(ranked,),
        exclusions=(Exclusion(other, "offline", "it is not on this machine"),),
        weights=Terms(0.35, 0.25, 0.2, 0.15, 0.05),
        profile="balanced",
        baseline="anthropic/claude-sonnet",
        decide_ms=4.2,
    )


def outcome(
    identity: str, *, success: float | None = 1.0, model: str = "ollama/small:3b"
) -> Outcome:
    """Return what came of it: an answer, a failure (0.0), or a client that went away (None)."""
    finish = {1.0: "stop", 0.0: "failed", None: "cancelled"}[success]
    return Outcome(
        decision_id=identity,
        finish=finish,
        attempts=(Attempt(model, 0.0, 2.0, 0.3),),
        model=model,
        usage=Usage(1200, 300, 100),
        cost_usd=0.0,
        baseline_cost_usd=0.01,
        ttft_s=0.3,
        duration_s=2.0,
        success=success,
    )

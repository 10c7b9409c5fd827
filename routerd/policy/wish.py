"""What the requested model name means; knows names and candidates, nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from routerd.core.candidate import Candidate
from routerd.core.config import Profile, Weights
from routerd.core.errors import NotFound

BUILT_IN_PROFILES: Mapping[str, Profile] = {
    "cheap": Profile(0.75, Weights(0.25, 0.20, 0.40, 0.10, 0.05)),
    "balanced": Profile(0.90, Weights()),
    "best": Profile(0.98, Weights(0.55, 0.30, 0.02, 0.08, 0.05)),
    "fast": Profile(0.75, Weights(0.25, 0.15, 0.10, 0.45, 0.05)),
}
_SUFFIXES = {"fast": "fast", "cheap": "cheap", "best": "best"}


@dataclass(frozen=True, slots=True)
class Wish:
    """The client's wish in routerd's terms; empty strings where it has none."""

    pinned: str = ""
    profile: str = ""
    local_only: bool = False
    baseline: str = ""


def read(requested: str, candidates: Iterable[Candidate], *, strict: bool) -> Wish:
    """Return what `requested` asks for.

    `auto`, `auto:fast|cheap|best|local`, `provider/model`, or a bare model name that exactly one
    provider has. Any other name is `auto`, with that name as the baseline for savings, so that a
    tool which insists on a famous name works unchanged.
    Raises: NotFound for such another name when `strict`.
    """
    name = requested.strip()
    head, _, suffix = name.partition(":")
    if head in ("auto", "routerd", "routerd-auto", ""):
        # Ollama's clients put a tag behind a name without one.
        suffix = "" if suffix == "latest" else suffix
        if suffix == "local":
            return Wish(local_only=True)
        if not suffix or suffix in _SUFFIXES:
            return Wish(profile=_SUFFIXES.get(suffix, ""))
    known = list(candidates)
    if any(candidate.name == name for candidate in known):
        return Wish(pinned=name)
    same = [candidate.name for candidate in known if candidate.model == name]
    if len(same) == 1:
        return Wish(pinned=same[0])
    if strict:
        if same:
            raise NotFound(f"Several providers have '{name[:100]}'; say {' or '.join(same)}.")
        raise NotFound(
            f"There is no model '{name[:100]}' (strict_models is on); "
            "`routerd models` lists what there is, `auto` lets routerd choose."
        )
    return Wish(baseline=name[:200])

"""A model that could answer, and what is known of it right now."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Zone = Literal["device", "network", "cloud"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the model and its engine can do, as the engine reports it."""

    tools: bool = False
    vision: bool = False
    json_schema: bool = False
    fim: bool = False
    thinking: bool = False
    embeddings: bool = False


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; zero for a model on the user's own machine."""

    input: float = 0.0
    cached_input: float = 0.0
    output: float = 0.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model at one provider.

    `context_tokens` is the window in effect, not the model card's; 0 means unknown.
    `abilities` maps a task to a logit on the scale of `policy.scores`; `ability` stands in for
    tasks it lacks. `abilities_sd` is how uncertain they are, in the same unit.
    `load_s` is the time to load a cold model; `ttft_s` and `tokens_per_s` are running means.
    `speaks` names the client dialects whose bytes its backend takes as they are.
    `size_bytes` is the size of the weights; `swap_s` what loading it costs others, in seconds of
    their own reloading; both 0 where unknown or nothing. `max_output_tokens` is the most it writes at once, 0 where unknown.
    `embeds_by_name`: a model for answers that makes embeddings too, for whoever asks it by name.
    `usable` is False for a model that exists but can't answer now; `unusable_reason` says why.
    """

    provider: str
    model: str
    zone: Zone = "device"
    ability: float = 0.0
    abilities: Mapping[str, float] = field(default_factory=dict)
    ability_sd: float = 1.0
    context_tokens: int = 0
    capabilities: Capabilities = Capabilities()
    price: Price = Price()
    warm: bool = False
    load_s: float = 0.0
    ttft_s: float = 0.5
    prefill_tokens_per_s: float = 500.0
    tokens_per_s: float = 20.0
    health: float = 1.0
    circuit_open: bool = False
    parameters_b: float = 0.0
    quantisation: str = ""
    max_output_tokens: int = 0
    loaded_tokens: int = 0
    size_bytes: int = 0
    swap_s: float = 0.0
    plumbing: bool = False
    embeds_by_name: bool = False
    usable: bool = True
    unusable_reason: str = ""
    speaks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name a client may pin: provider/model."""
        return f"{self.provider}/{self.model}"

    @property
    def leaves_machine(self) -> bool:
        """Whether a request to it goes beyond this machine."""
        return self.zone != "device"

"""Agent sessions as a client plays them: turns, tools, signed thinking, a user who asks again.

Models are simulated: a turn goes well with sigma(ability - difficulty). The journey is the real one.
What counts as an unsafe switch is decided here, from the transcript alone.
"""

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from routerd.core.candidate import Candidate, Capabilities, Price
from routerd.core.features import Reading
from routerd.core.ports import Sessions
from routerd.core.request import (
    Message,
    Request,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
)
from routerd.core.response import Chunk, Finish, TextDelta, ToolCallDelta, Usage
from routerd.core.status import EngineStatus
from routerd.journey.attempts import Journal
from routerd.journey.route import Journey
from routerd.policy.decide import Stance
from routerd.policy.odds import sigmoid
from tests.fakes.rooms import FixedCatalogue, ListMemory

TOOLS = (
    Tool("run", "run a command", {"type": "object"}),
    Tool("edit_file", "change a file", {"type": "object"}),
)
CAN = Capabilities(tools=True, thinking=True)
# ability, price and speed of three rungs: this machine, a small cloud model, a large one.
MODELS = (
    Candidate("sim", "local-7b", ability=1.0, capabilities=CAN, warm=True, tokens_per_s=40),
    Candidate(
        "sim",
        "cloud-small",
        "cloud",
        ability=2.3,
        capabilities=CAN,
        warm=True,
        tokens_per_s=90,
        prefill_tokens_per_s=4000,
        price=Price(0.8, 0.08, 4.0),
    ),
    Candidate(
        "sim",
        "cloud-large",
        "cloud",
        ability=3.8,
        capabilities=CAN,
        warm=True,
        tokens_per_s=60,
        prefill_tokens_per_s=4000,
        price=Price(3.0, 0.3, 15.0),
    ),
)
THINKER = "sim/cloud-large"
ANSWER_TOKENS = 300


@dataclass(slots=True)
class Tally:
    """What a number of sessions came to; `unsafe` must be 0."""

    sessions: int = 0
    requests: int = 0
    turns: int = 0
    done: int = 0
    switches: int = 0
    unsafe: int = 0
    cost_usd: float = 0.0
    by_model: dict[str, int] = field(default_factory=dict)


class _Stage:
    """The provider and the classifier of one simulation; the ask itself says how hard it is."""

    name, kind = "sim", "simulated"

    async def discover(self) -> tuple[EngineStatus, tuple[Candidate, ...]]:
        return EngineStatus("sim", "simulated", "device", "memory", True, len(MODELS)), MODELS

    async def stream(self, request: Request, candidate: Candidate) -> AsyncGenerator[Chunk]:
        usage = Usage(request.estimated_tokens, ANSWER_TOKENS)
        wants_tool = request.messages[0].text.endswith("!")
        if wants_tool:
            yield ToolCallDelta(0, "call", "run", "{}")
            yield Finish("tool_calls", usage)
        else:
            yield TextDelta("done")
            yield Finish("stop", usage)

    async def read(self, request: Request) -> Reading:
        asks = [m.text for m in request.messages if m.role == "user" and "#" in m.text]
        return Reading("debugging", 0.9, float(asks[-1].split("#")[1]), "python")


class Client:
    """Plays sessions against one journey and tallies."""

    def __init__(
        self, sessions: Sessions | None, seed: int, models: Sequence[Candidate] = MODELS
    ) -> None:
        stage = _Stage()
        catalogue = FixedCatalogue(stage, listed=models)
        self._journey = Journey(stage, ListMemory(), catalogue, Stance(), sessions=sessions)
        self._random = random.Random(seed)  # a simulation
        self._models = {candidate.name: candidate for candidate in models}
        self.tally = Tally()

    async def play(self, name: str) -> None:
        """Play one session from its first ask to its last."""
        self.tally.sessions += 1
        talk = [Message("system", (Text(f"You are an agent. {name}"),))]
        author, read_before = "", 0
        for turn in range(self._random.randint(3, 8)):
            complexity = round(min(1.0, max(0.0, self._random.gauss(0.45, 0.22))), 2)
            ask = (
                f"{name}: change number {turn} in module {self._random.random():.6f} #{complexity}#"
            )
            done = False
            for attempt in range(3):
                text = ask if not attempt else f"That still doesn't work. {ask}"
                talk.append(Message("user", (Text(text),)))
                author, read_before, done = await self._turn(talk, author, read_before, complexity)
                if done:
                    break
            self.tally.turns += 1
            self.tally.done += done

    async def _turn(
        self, talk: list[Message], author: str, read_before: int, complexity: float
    ) -> tuple[str, int, bool]:
        """Return who answered last, how many tokens it has read, and whether the turn went well."""
        calls = self._random.randint(0, 5)
        well = 0.0
        for step in range(calls + 1):
            more = step < calls
            winner = await self._ask(talk, more)
            if author and winner != author:
                self.tally.switches += 1
                self.tally.unsafe += _unsafe(talk)
            tokens = Request(tuple(talk), tools=TOOLS).estimated_tokens
            self._pay(winner, tokens, read_before if winner == author else 0)
            author, read_before = winner, tokens
            chance = sigmoid(self._models[winner].ability - (-2.0 + 6.0 * complexity))
            good = self._random.random() < chance
            well = float(good)
            talk += _said(winner, more, good, self._random.random() < 0.3)
        return author, read_before, bool(well)

    async def _ask(self, talk: list[Message], more: bool) -> str:
        # The last mark of the system text tells the stage whether a tool is to be called.
        system = Text(talk[0].text.rstrip("!") + ("!" if more else ""))
        messages = (replace(talk[0], parts=(system,)), *talk[1:])
        request = Request(messages, tools=TOOLS, client="agent")
        journal = Journal()
        async with aclosing(self._journey.answer(request, journal)) as chunks:
            async for _ in chunks:
                continue
        assert journal.winner is not None
        name = journal.winner.candidate.name
        self.tally.requests += 1
        self.tally.by_model[name] = self.tally.by_model.get(name, 0) + 1
        return name

    def _pay(self, winner: str, tokens: int, cached: int) -> None:
        price = self._models[winner].price
        fresh = max(0, tokens - cached)
        usd = fresh * price.input + cached * price.cached_input + ANSWER_TOKENS * price.output
        self.tally.cost_usd += usd / 1e6


def _said(winner: str, more: bool, good: bool, signs: bool) -> list[Message]:
    """Return what the transcript gains: the model's turn and, after a tool call, its result."""
    thought = (Thinking("hm", "sealed"),) if winner == THINKER and signs else ()
    if not more:
        return [Message("assistant", (*thought, Text("That should do it. " + "word " * 60)))]
    result = "3 passed in 0.1 s" if good else "Traceback (most recent call last):\nValueError: no"
    call = ToolCall("call", "run", "{}")
    return [
        Message("assistant", (*thought, call)),
        Message("tool", (ToolResult("call", result + "\n" + "line of output\n" * 80),)),
    ]


def _unsafe(talk: Sequence[Message]) -> bool:
    """Whether another model may not take over here: the last turn of the model called a tool, or
    reasoning sealed for one model is part of the transcript."""
    spoken = [m for m in talk if m.role == "assistant"]
    calls = bool(spoken) and any(isinstance(part, ToolCall) for part in spoken[-1].parts)
    sealed = any(isinstance(p, Thinking) and p.signature for m in talk for p in m.parts)
    return calls or sealed

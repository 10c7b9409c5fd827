"""routerd's MCP server: its tools, over the same journey as every other door.

Importing this costs 0.8 s (the MCP SDK), so `mcp_door` does it at the first connection.
"""

import time
from contextlib import aclosing
from typing import Annotated, Any, Literal

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, ToolAnnotations
from pydantic import Field
from typing_extensions import override

from routerd import __version__
from routerd.core.errors import RouterdError
from routerd.core.request import Limits, Message, Request, Text
from routerd.core.response import Progress, TextDelta
from routerd.endpoints import mcp_resources, views, watching_routes
from routerd.endpoints.answering import PLUMBING_NOTICE
from routerd.endpoints.house import House
from routerd.endpoints.mcp_shapes import (
    Answered,
    Decided,
    Judged,
    Mode,
    ModelInfo,
    Models,
    Read,
    Savings,
    Why,
)
from routerd.journey.attempts import Journal
from routerd.storage.statistics import MOST_DAYS

# Clients cut a silent tool call at 60 s, and the specification asks for signs of life.
PROGRESS_EVERY_S = 5.0
_READS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
Prompt = Annotated[str, Field(description="What you want, as you would type it", min_length=1)]
Model = Annotated[
    str, Field(description="auto, auto:fast, auto:cheap, auto:best, auto:local, or provider/model")
]


def _request(prompt: str, model: str, system: str = "", max_tokens: int | None = None) -> Request:
    turns = [Message("system", (Text(system),))] if system else []
    return Request(
        messages=(*turns, Message("user", (Text(prompt),))),
        dialect="mcp",
        requested_model=model,
        wants_stream=True,
        limits=Limits(max_output_tokens=max_tokens),
        client="mcp",
    )


async def _collect(house: House, request: Request, context: Context) -> Journal:
    """Run the journey, telling the client every few seconds that it is alive."""
    journal = Journal()
    began_s = time.monotonic()
    latest = "deciding"

    async def tell() -> None:
        while True:
            await anyio.sleep(PROGRESS_EVERY_S)
            passed_s = time.monotonic() - began_s
            await context.report_progress(passed_s, None, f"{latest}, {passed_s:.0f} s")

    async with anyio.create_task_group() as group:
        group.start_soon(tell)
        async with aclosing(house.current().journey.answer(request, journal)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Progress):
                    latest = chunk.message
                    await context.report_progress(time.monotonic() - began_s, None, latest)
                elif isinstance(chunk, TextDelta) and journal.winner:
                    latest = f"{journal.winner.candidate.name} is writing"
        group.cancel_scope.cancel()
    return journal


def _flatten(error: BaseException) -> BaseException:
    """Return the error inside a task group's wrapping."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


class _Server(MCPServer):
    """The SDK's server, which answers an unknown prompt as if it had failed itself."""

    @override
    async def get_prompt(self, name: str, *rest: Any, **more: Any) -> Any:
        if name not in {prompt.name for prompt in await self.list_prompts()}:
            raise MCPError(INVALID_PARAMS, f"There is no prompt {name[:100]!r}.")
        return await super().get_prompt(name, *rest, **more)


def build(house: House) -> MCPServer:
    """Return the server; it keeps no state of its own."""
    server = _Server(
        "routerd",
        title="routerd",
        version=__version__,
        instructions=(
            "routerd answers with the best model this machine may use and can say why. "
            "Use `ask` for an answer, `route` to see the choice without asking anyone."
        ),
        log_level="WARNING",
    )

    @server.tool(
        title="Ask a model",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=True),
    )
    async def ask(
        prompt: Prompt,
        context: Context,
        model: Model = "auto",
        system: Annotated[str, Field(description="System prompt")] = "",
        max_tokens: Annotated[
            int | None, Field(ge=1, description="Bound of the answer, in tokens")
        ] = None,
    ) -> Answered:
        """Answer a request with the model routerd chooses: local first, cloud only if allowed."""
        request = _request(prompt, model, system, max_tokens)
        try:
            journal = await _collect(house, request, context)
        except* RouterdError as group:
            raise ToolError(str(_flatten(group))) from None
        return _answered(journal)

    _add_reading_tools(server, house)
    _add_savings(server, house)
    _add_feedback(server, house)
    _add_mode(server, house)
    mcp_resources.add(server, house)
    return server


def _answered(journal: Journal) -> Answered:
    decision, winner = journal.decision, journal.winner
    if decision is None or winner is None:
        raise ToolError("No answer came, and no error either; this is a fault of routerd.")
    response = journal.assembler.response(winner.candidate.name)
    return Answered(
        text=response.text,
        model=response.model,
        decision=decision.id,
        reason=decision.reason,
        finish=response.finish,
        input_tokens=response.usage.input_tokens,
        output_tokens=response.usage.output_tokens,
        notice=PLUMBING_NOTICE if winner.candidate.plumbing else "",
    )


def _add_reading_tools(server: MCPServer, house: House) -> None:
    @server.tool(title="Show the decision", annotations=_READS)
    async def route(prompt: Prompt, model: Model = "auto") -> Decided:
        """Show which model would answer and why, with all scores; nobody is asked."""
        try:
            made = await house.current().journey.decide(_request(prompt, model))
        except RouterdError as error:
            raise ToolError(error.message) from None
        return Decided.model_validate(views.decision(made))

    @server.tool(title="Classify a request", annotations=_READS)
    async def classify(prompt: Prompt) -> Read:
        """Tell task, complexity and language of a request, as understood on this machine."""
        reading = await house.current().journey.understanding.read(_request(prompt, "auto"))
        return Read.model_validate(views.reading(reading))

    @server.tool(title="List models", annotations=_READS)
    async def models() -> Models:
        """List every known model with zone, context in effect and whether it can be used."""
        status = await house.status()
        return Models(
            models=[
                ModelInfo.model_validate(model, from_attributes=True) for model in status.models
            ]
        )

    @server.tool(title="Explain a decision", annotations=_READS)
    async def why(
        decision: Annotated[str, Field(description="Decision id, or `last`")] = "last",
    ) -> Why:
        """Explain a past decision: candidates, terms, exclusions, and what came of it."""
        try:
            found = await house.decision(decision)
        except RouterdError as error:
            raise ToolError(error.message) from None
        return Why.model_validate(views.why(*found))


def _add_savings(server: MCPServer, house: House) -> None:
    @server.tool(title="Show what was saved", annotations=_READS)
    async def savings(
        days: Annotated[int, Field(ge=1, le=MOST_DAYS, description="How many days back")] = 30,
    ) -> Savings:
        """Tell what was paid and saved against the baseline model, over some days and by model."""
        try:
            return Savings.model_validate(await watching_routes.statistics(house, days))
        except RouterdError as error:
            raise ToolError(error.message) from None


def _add_mode(server: MCPServer, house: House) -> None:
    @server.tool(
        title="Go offline",
        annotations=ToolAnnotations(
            read_only_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )
    async def set_mode(
        mode: Annotated[Literal["offline"], Field(description="What to switch to")],
    ) -> Mode:
        """Keep everything on this machine from now on; only a person at it can end that."""
        # No "online": whoever can make a model call tools must not be able to open the door.
        try:
            house.set_offline(True, f"mcp {mode}")
        except RouterdError as error:
            raise ToolError(error.message) from None
        return Mode(offline=True)


def _add_feedback(server: MCPServer, house: House) -> None:
    @server.tool(
        title="Judge an answer",
        annotations=ToolAnnotations(
            read_only_hint=False, idempotent_hint=True, open_world_hint=False
        ),
    )
    async def feedback(
        value: Annotated[float, Field(ge=0.0, le=1.0, description="0 bad, 1 good")],
        decision: Annotated[str, Field(description="Decision id, or `last`")] = "last",
    ) -> Judged:
        """Tell how good an answer was; later choices of models learn from it."""
        try:
            return Judged.model_validate(await house.feedback(decision, value))
        except RouterdError as error:
            raise ToolError(error.message) from None

"""Request to Features: the classifier's reading, similar past tasks, and what the answer needs."""

import time

from routerd.core.features import Features, LatencyClass, Needs, Neighbour, Reading
from routerd.core.ports import Memory, Understanding
from routerd.core.request import CHARACTERS_PER_TOKEN, Image, Request

NEIGHBOURS = 16
# Room kept for the answer where the client sets no bound, and the most that a bound counts for:
# clients send 32 000 as a matter of course, and would lose every local model by it.
ANSWER_TOKENS, MOST_ANSWER_TOKENS = 512, 2048
# A line or two in the middle of known code: small models are made for it.
FIM_COMPLEXITY = 0.2


def needs_of(request: Request) -> Needs:
    """Return what a model must be able to do to answer."""
    limits = request.limits
    if request.embeds:
        # Each text has the window to itself.
        longest = max((len(message.text) for message in request.messages), default=0)
        return Needs(embeds=True, context_tokens=int(longest / CHARACTERS_PER_TOKEN))
    return Needs(
        tools=bool(request.tools) and request.tool_choice != "none",
        vision=any(isinstance(part, Image) for m in request.messages for part in m.parts),
        json_schema=request.response_format.kind == "json_schema",
        fim=request.suffix is not None,
        native=request.dialect if request.native_only else "",
        context_tokens=request.estimated_tokens
        + min(limits.max_output_tokens or ANSWER_TOKENS, MOST_ANSWER_TOKENS),
    )


async def understand(
    request: Request,
    understanding: Understanding,
    memory: Memory,
    inherited: Reading | None = None,
) -> Features:
    """Return the features; a late or missing model or index leaves its part empty.

    A turn that asks nothing of its own has the reading that it `inherited`, and no neighbours: the model
    that called the tools goes on, so there is nothing to choose by them.
    """
    began_s = time.perf_counter()
    if request.embeds:
        reading = Reading()
    elif inherited is not None:
        reading = inherited
    elif request.suffix is None:
        reading = await understanding.read(request)
    else:
        # A gap to be filled is a completion by construction; every keystroke may ask for one.
        reading = Reading("completion", 1.0, FIM_COMPLEXITY)
    neighbours: tuple[Neighbour, ...] = ()
    if reading.embedding and inherited is None:
        neighbours = await memory.nearest(
            reading.embedding, workspace=request.workspace, k=NEIGHBOURS
        )
    latency_class: LatencyClass = "completion" if reading.task == "completion" else "interactive"
    return Features(
        reading=reading,
        input_tokens=request.estimated_tokens,
        needs=needs_of(request),
        latency_class=latency_class,
        neighbours=neighbours,
        understand_ms=(time.perf_counter() - began_s) * 1e3,
    )

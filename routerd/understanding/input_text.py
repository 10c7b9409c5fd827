"""Builds the text the classifier reads: the last user intent, with what its turn brings along.

Training calls the same function, so what the model was taught on is what it is given. Nothing else
of the conversation is read: while an agent works on an ask, the ask is what is wanted. Tool results
and the session's first request were read once, and moved one reading in three, mostly away from
what people say. Pure; its cost is bounded by windows, whatever the size of the request.
"""

import re
from collections.abc import Iterator

from routerd.core.request import Message, Request, Text, ToolResult
from routerd.understanding.control_turns import is_steering
from routerd.understanding.fim_markers import has_fim_markers
from routerd.understanding.wrappers import Stripped, strip_wrappers

# Characters, chosen so that a long ask alone is about the 192 tokens the model reads; it decides the
# task, and longer windows read no better.
ASK_HEAD, ASK_TAIL = 450, 350
CODE_HEAD, CODE_TAIL = 250, 100
CONTEXT_HEAD, CONTEXT_TAIL = 150, 50

MAX_TURNS_BACK, MAX_MESSAGES_BACK = 8, 1000
"""Steering turns, and messages of any kind, looked at on the way back to the last ask. An agent may
work on one for hundreds of messages, many with a reminder that its tool put beside a result."""
MAX_PARTS = 16

_FENCE = re.compile(
    r"(?:```|~~~)[ \t]*([\w+#.-]{0,20})[^\n]{0,200}\n(.*?)(?:```|~~~|\Z)", re.DOTALL
)
_REPEATED = re.compile(r"([^\w\s])\1{3,}")


def build_input(request: Request) -> str:
    """Return the text to classify, at most about 1,400 characters; '' when nobody asked anything.

    Order: prose of the last turn that asks something, its code, what tools attached to it.
    """
    turn = _intent(request.messages)
    if turn is None:
        return ""
    prose, code = _split_fences(turn.ask or turn.context)
    context = turn.context if turn.ask else ""
    pieces = [
        _window(prose, ASK_HEAD, ASK_TAIL),
        _labelled("code", _window(code, CODE_HEAD, CODE_TAIL)),
        _labelled("selected", _window(context, CONTEXT_HEAD, CONTEXT_TAIL)),
    ]
    text = "\n".join(piece for piece in pieces if piece)
    # Lone surrogates (broken clients send them) would make the tokenizer raise.
    return text.encode("utf-8", "replace").decode("utf-8")


def is_control_turn(request: Request) -> bool:
    """Whether the last turn asks nothing new: "yes", "continue", "2", or tool results only."""
    for message in reversed(request.messages):
        if message.role == "tool":
            return True
        if message.role == "user":
            text = _stripped(message)
            if text is None:
                return any(isinstance(part, ToolResult) for part in message.parts)
            return not text.context and is_steering(text.ask)
    return False


def is_fim(request: Request) -> bool:
    """Whether the request is fill-in-the-middle by its markers: a completion, no model needed."""
    for message in reversed(request.messages):
        if message.role == "user":
            texts = [part.text for part in message.parts if isinstance(part, Text)]
            return len(texts) == 1 and has_fim_markers(texts[0])
    return False


def _intent(messages: tuple[Message, ...]) -> Stripped | None:
    """Return the last turn that asks something, else the last user turn with any text."""
    last: Stripped | None = None
    for looked_at, turn in enumerate(_user_turns(messages)):
        if turn.context or not is_steering(turn.ask):
            return turn
        last = last or turn
        if looked_at + 1 >= MAX_TURNS_BACK:
            break
    return last


def _user_turns(messages: tuple[Message, ...]) -> Iterator[Stripped]:
    """Yield user turns that hold words, the last first, wrappers taken off."""
    for message in reversed(messages[-MAX_MESSAGES_BACK:]):
        if message.role == "user":
            text = _stripped(message)
            if text is not None and (text.ask or text.context):
                yield text


def _stripped(message: Message) -> Stripped | None:
    """Sort a turn's text parts; None where it holds none (tool results or images only)."""
    texts = [part.text for part in message.parts if isinstance(part, Text)]
    if not texts:
        return None
    if len(texts) > MAX_PARTS:
        texts = texts[: MAX_PARTS // 4] + texts[-3 * MAX_PARTS // 4 :]
    sorted_parts = [strip_wrappers(text) for text in texts]
    return Stripped(
        ask="\n".join(part.ask for part in sorted_parts if part.ask),
        context="\n".join(part.context for part in sorted_parts if part.context),
    )


def _split_fences(text: str) -> tuple[str, str]:
    """Part prose from fenced code; a fence's language tag is kept as a word before its code."""
    if "```" not in text and "~~~" not in text:
        return text, ""
    code = " ".join(f"{fence[1]} {fence[2]}" for fence in _FENCE.finditer(text))
    return _FENCE.sub(" ", text), code


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""


def _window(text: str, head: int, tail: int) -> str:
    """Return `text` on one line, its middle left out where it is longer than head + tail."""
    text = _REPEATED.sub(r"\1\1\1", " ".join(text.split()))
    if len(text) <= head + tail:
        return text
    return f"{text[:head]} ... {text[len(text) - tail :]}" if tail else text[:head]

"""Builds the text the classifier reads: the last user intent first, then its context.

Training calls the same function, so what the model was taught on is what it is given. Pure; its
cost is bounded by windows, whatever the size of the request, and system prompts are never looked
at.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from routerd.core.request import Message, Request, Text, ToolResult
from routerd.understanding.control_turns import is_steering
from routerd.understanding.fim_markers import has_fim_markers
from routerd.understanding.wrappers import Stripped, strip_wrappers

# Characters, chosen so that all together is about the 256 tokens the model reads; the ask gets
# the larger share because it decides the task.
ASK_HEAD, ASK_TAIL = 450, 350
CODE_HEAD, CODE_TAIL = 250, 100
CONTEXT_HEAD, CONTEXT_TAIL = 150, 50
RESULT_CHARACTERS = 120
EARLIER_HEAD, EARLIER_TAIL = 150, 50
SHORT_ASK = 80
"""An ask below this many characters is read together with the session's first request."""

MAX_TURNS_BACK = 8
MAX_PARTS = 16
MAX_RESULTS = 2

_FENCE = re.compile(
    r"(?:```|~~~)[ \t]*([\w+#.-]{0,20})[^\n]{0,200}\n(.*?)(?:```|~~~|\Z)", re.DOTALL
)
_REPEATED = re.compile(r"([^\w\s])\1{3,}")
_TROUBLE = re.compile(
    r"^.*(?:error|exception|traceback|failed|failure|panic|fatal|assert|not found).*$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A user turn that was looked at; `index` is its place among the messages."""

    index: int
    text: Stripped

    @property
    def steers(self) -> bool:
        return not self.text.context and is_steering(self.text.ask)


def build_input(request: Request) -> str:
    """Return the text to classify, at most about 1,900 characters; '' when nobody asked anything.

    Order: prose of the last turn that asks something, its code, what tools attached to it, a
    digest of the tool results after it, and the session's first request when the ask is short.
    """
    turn = _intent(request.messages)
    if turn is None:
        return ""
    prose, code = _split_fences(turn.text.ask or turn.text.context)
    context = turn.text.context if turn.text.ask else ""
    pieces = [
        _window(prose, ASK_HEAD, ASK_TAIL),
        _labelled("code", _window(code, CODE_HEAD, CODE_TAIL)),
        _labelled("selected", _window(context, CONTEXT_HEAD, CONTEXT_TAIL)),
        *_results_digest(request.messages[turn.index + 1 :]),
    ]
    if len(turn.text.ask) < SHORT_ASK:
        earlier = _first_request(request.messages[: turn.index])
        pieces.append(_labelled("earlier", _window(earlier, EARLIER_HEAD, EARLIER_TAIL)))
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


def _intent(messages: tuple[Message, ...]) -> _Turn | None:
    """Return the last turn that asks something, else the last user turn with any text."""
    last: _Turn | None = None
    for looked_at, turn in enumerate(_user_turns(range(len(messages) - 1, -1, -1), messages)):
        if not turn.steers:
            return turn
        last = last or turn
        if looked_at + 1 >= MAX_TURNS_BACK:
            break
    return last


def _first_request(messages: tuple[Message, ...]) -> str:
    """Return the ask that opened the session, '' where there is none before the intent."""
    for looked_at, turn in enumerate(_user_turns(range(len(messages)), messages)):
        if not turn.steers and turn.text.ask:
            return turn.text.ask
        if looked_at + 1 >= MAX_TURNS_BACK:
            break
    return ""


def _user_turns(indices: Iterable[int], messages: tuple[Message, ...]) -> Iterator[_Turn]:
    """Yield user turns that hold text, wrappers taken off."""
    for index in indices:
        if messages[index].role == "user":
            text = _stripped(messages[index])
            if text is not None:
                yield _Turn(index, text)


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


def _results_digest(messages: tuple[Message, ...]) -> Iterator[str]:
    """Yield a line for each of the last tool results: its trouble if it shows any, else its start."""
    results = [
        part
        for message in messages[-2 * MAX_RESULTS :]
        for part in message.parts[-MAX_RESULTS:]
        if isinstance(part, ToolResult)
    ]
    for result in results[-MAX_RESULTS:]:
        head, tail = result.text[:2000], result.text[2000:][-2000:]
        trouble = _TROUBLE.search(tail) or _TROUBLE.search(head)
        label = "error" if result.is_error or trouble else "result"
        yield _labelled(label, _window(trouble[0] if trouble else head, RESULT_CHARACTERS, 0))


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""


def _window(text: str, head: int, tail: int) -> str:
    """Return `text` on one line, its middle left out where it is longer than head + tail."""
    text = _REPEATED.sub(r"\1\1\1", " ".join(text.split()))
    if len(text) <= head + tail:
        return text
    return f"{text[:head]} ... {text[len(text) - tail :]}" if tail else text[:head]

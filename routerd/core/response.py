"""What a model gives back, as a stream of chunks or whole."""

from dataclasses import dataclass
from typing import Literal

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens counted by the engine; -1 where it didn't say.

    `input_tokens` counts those read from a cache and those written to one, too.
    """

    input_tokens: int = -1
    output_tokens: int = -1
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More answer text."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More reasoning; `signature` comes with its last piece, where its maker signs it.

    `redacted`: there is no text, and `signature` holds what only its maker can read.
    """

    text: str
    signature: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A tool call begins (id and name set) or its JSON arguments go on; `index` tells which."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Nothing of the answer yet, but something worth telling: a model is loading, say."""

    message: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The answer is complete. A stream that ends without it has failed."""

    reason: FinishReason
    usage: Usage = Usage()
    stop_sequence: str = ""


Chunk = TextDelta | ThinkingDelta | ToolCallDelta | Progress | Finish


@dataclass(frozen=True, slots=True)
class CompletedToolCall:
    """A whole tool call; `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer."""

    model: str
    text: str
    finish: FinishReason
    usage: Usage = Usage()
    thinking: str = ""
    tool_calls: tuple[CompletedToolCall, ...] = ()


class Assembler:
    """Puts chunks together into a Response; knows whether the stream really ended."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._calls: dict[int, list[str]] = {}
        self.finish: Finish | None = None

    def add(self, chunk: Chunk) -> None:
        """Take the next chunk."""
        match chunk:
            case TextDelta(text=text):
                self._text.append(text)
            case ThinkingDelta(text=text):
                self._thinking.append(text)
            case ToolCallDelta():
                call = self._calls.setdefault(chunk.index, ["", "", ""])
                call[0] = call[0] or chunk.id
                call[1] = call[1] or chunk.name
                call[2] += chunk.arguments
            case Finish():
                self.finish = chunk
            case _:
                return  # progress is nothing of the answer

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._text)

    @property
    def tool_calls(self) -> tuple[CompletedToolCall, ...]:
        """The tool calls so far, in order."""
        return tuple(CompletedToolCall(*self._calls[index]) for index in sorted(self._calls))

    def response(self, model: str) -> Response:
        """Return the whole answer.

        Raises: ValueError when no Finish has been seen: an unfinished answer must never pass
        for a whole one.
        """
        if self.finish is None:
            raise ValueError("the stream has no finish; it is not a complete answer")
        return Response(
            model=model,
            text=self.text,
            finish=self.finish.reason,
            usage=self.finish.usage,
            thinking="".join(self._thinking),
            tool_calls=self.tool_calls,
        )

"""Takes findings out of a request and puts them back into the answer; pure.

A placeholder is a word that models copy unchanged and that is the same for the same text within
one run of the daemon, so that a conversation stays consistent and prompt caches keep hitting.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from routerd.core.policy import Finding
from routerd.core.request import Message, Part, Request, Text, Thinking, ToolCall, ToolResult
from routerd.core.response import Chunk, Finish, Progress, TextDelta, ThinkingDelta, ToolCallDelta

PREFIX = "MASKED_"


def text_of(part: Part) -> str:
    """Return the text of a part that a model reads; '' for an image."""
    match part:
        case Text(text=text) | Thinking(text=text) | ToolResult(text=text):
            return text
        case ToolCall(arguments=arguments):
            return arguments
        case _:
            return ""


def placeholder(finding: Finding) -> str:
    """Return the word that stands for a finding."""
    name = "".join(c if c.isalnum() else "_" for c in finding.detector)
    return f"{PREFIX}{name}_{finding.digest[:12]}"


@dataclass(frozen=True, slots=True)
class Masked:
    """A request without its findings, and what each placeholder stands for."""

    request: Request
    originals: Mapping[str, str] = field(repr=False)


def mask(request: Request, findings: Sequence[Finding]) -> Masked:
    """Return the request with every finding replaced.

    The body as it came is dropped, because it holds what must not leave.
    """
    originals: dict[str, str] = {}
    places: dict[tuple[int, int], list[Finding]] = {}
    for finding in findings:
        places.setdefault((finding.message, finding.part), []).append(finding)
    messages = tuple(
        _masked_message(number, message, places, originals)
        for number, message in enumerate(request.messages)
    )
    suffix = request.suffix
    if suffix and (found := places.get((len(request.messages), 0))):
        suffix = text_of(_masked_part(Text(suffix), found, originals))
    return Masked(replace(request, messages=messages, suffix=suffix, raw=b""), originals)


def _masked_message(
    number: int,
    message: Message,
    places: Mapping[tuple[int, int], list[Finding]],
    originals: dict[str, str],
) -> Message:
    parts = []
    for index, part in enumerate(message.parts):
        found = places.get((number, index))
        parts.append(_masked_part(part, found, originals) if found else part)
    return replace(message, parts=tuple(parts))


def _masked_part(part: Part, findings: Sequence[Finding], originals: dict[str, str]) -> Part:
    text = text_of(part)
    pieces, at = [], 0
    for finding in sorted(findings, key=lambda f: (f.start, -f.end)):
        if finding.start < at:
            continue  # it lies within the one before
        word = placeholder(finding)
        original = text[finding.start : finding.end]
        originals[word] = _unescaped(original) if isinstance(part, ToolCall) else original
        pieces += [text[at : finding.start], word]
        at = finding.end
    masked = "".join([*pieces, text[at:]])
    match part:
        case ToolCall():
            return replace(part, arguments=masked)
        case Thinking():
            # The signature is of the old text; without its text it means nothing.
            return replace(part, text=masked, signature="")
        case Text() | ToolResult():
            return replace(part, text=masked)
        case _:
            return part


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        return text


class Restorer:
    """Puts the originals back into a stream of chunks, across their borders.

    What could be the beginning of a placeholder is held back until it is decided; nothing else is.
    """

    def __init__(self, originals: Mapping[str, str]) -> None:
        self._originals = originals
        self._words = sorted(originals, key=len, reverse=True)
        self._held = ""
        self._channel: Chunk = TextDelta("")
        self.restored = 0

    def restore(self, chunk: Chunk) -> Iterator[Chunk]:
        """Yield what can be passed on now."""
        if isinstance(chunk, Progress):
            yield chunk
            return
        if not _same_channel(chunk, self._channel):
            yield from self.rest()
        if isinstance(chunk, Finish):
            yield chunk
            return
        self._channel = chunk
        text = self._held + _delta(chunk)
        cut = len(text) - self._undecided(text)
        self._held = text[cut:]
        opens = isinstance(chunk, ToolCallDelta) and (chunk.id or chunk.name)
        if cut or opens:
            yield _with(chunk, self._replaced(text[:cut], chunk))

    def rest(self) -> Iterator[Chunk]:
        """Yield what is still held back, as it is."""
        if self._held:
            held, self._held = self._held, ""
            yield _with(_opened(self._channel), self._replaced(held, self._channel))

    def _undecided(self, text: str) -> int:
        """Return how many characters at the end may be the beginning of a placeholder."""
        longest = max((len(word) for word in self._words), default=0)
        for size in range(min(longest - 1, len(text)), 0, -1):
            tail = text[-size:]
            if any(word.startswith(tail) for word in self._words):
                return size
        return 0

    def _replaced(self, text: str, chunk: Chunk) -> str:
        for word in self._words:
            if word in text:
                original = self._originals[word]
                if isinstance(chunk, ToolCallDelta):
                    original = json.dumps(original, ensure_ascii=False)[1:-1]
                self.restored += text.count(word)
                text = text.replace(word, original)
        return text


def _same_channel(one: Chunk, other: Chunk) -> bool:
    if isinstance(one, ToolCallDelta) and isinstance(other, ToolCallDelta):
        return one.index == other.index
    return type(one) is type(other)


def _delta(chunk: Chunk) -> str:
    match chunk:
        case TextDelta(text=text) | ThinkingDelta(text=text):
            return text
        case ToolCallDelta(arguments=arguments):
            return arguments
        case _:
            return ""


def _with(chunk: Chunk, text: str) -> Chunk:
    match chunk:
        case TextDelta() | ThinkingDelta():
            return replace(chunk, text=text)
        case ToolCallDelta():
            return replace(chunk, arguments=text)
        case _:
            return chunk


def _opened(chunk: Chunk) -> Chunk:
    """Return the channel's chunk without what opened it, which has gone out already."""
    return replace(chunk, id="", name="") if isinstance(chunk, ToolCallDelta) else chunk

"""What a client asked for, in one form whatever dialect it was written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
Dialect = Literal[
    "openai",
    "mcp",
    "cli",
    "anthropic",
    "openai_responses",
    "openai_completions",
    "ollama",
    "ollama_generate",
]
# How much a model shall think before it answers; "" leaves the engine's default.
Effort = Literal["", "none", "minimal", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """An inline image. `data` is base64; remote URLs are refused at the door, never fetched."""

    media_type: str
    data: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A model's reasoning; `signature` binds it to the model that wrote it.

    `redacted`: there is no text, and `signature` holds what only its maker can read.
    """

    text: str
    signature: str = ""
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool. `arguments` is JSON text, exactly as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back."""

    call_id: str
    text: str
    is_error: bool = False


Part = Text | Image | Thinking | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation."""

    role: Role
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """All plain text of the turn, parts joined by newlines."""
        return "\n".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `schema` is JSON Schema of its arguments.

    `custom`: its client wants free text instead, which stands in the one argument `input`.
    `namespace`: the group its client put it in; `name` then begins with it (`GROUP__NAME`).
    `strict`: its client demands arguments that fit the schema.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    custom: bool = False
    namespace: str = ""
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """The shape the answer must have."""

    kind: Literal["text", "json_object", "json_schema"] = "text"
    name: str = "answer"
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Sampling settings and bounds; None leaves the engine's default."""

    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    top_k: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


# English prose has about four characters a token and code about three, over the tokenizers of
# the local families; too many counted is a refusal too early, too few a truncated prompt.
CHARACTERS_PER_TOKEN = 3.3
# What Ollama counts for one; others count 85 to 1 600.
IMAGE_TOKENS = 768


@dataclass(frozen=True, slots=True)
class Request:
    """Everything the journey needs to know about one request.

    `raw` is the body as it came, for byte passthrough; it is kept out of `repr` because it holds
    the prompt. Whoever changes what will be sent must empty it.
    `suffix`: a fill-in-the-middle request; the one user message is what stands before the gap, and
    this what stands after it. `logprobs`: wanted, with so many alternatives for each token.
    `left_out`: tools that are offered by the provider of the client's dialect alone; another model
    simply does not have them. `native_only`: content that nobody but a speaker of the client's
    dialect can read, named; any other model may not answer. `embeds`: no answer is wanted but a
    vector for each message. `dialect_headers` belong to `raw` (lower-case names, `anthropic-beta`):
    a backend of the same dialect gets those it knows.
    """

    messages: tuple[Message, ...]
    dialect: Dialect = "openai"
    requested_model: str = "auto"
    wants_stream: bool = False
    wants_usage: bool = True
    tools: tuple[Tool, ...] = ()
    tool_choice: str = ""
    response_format: ResponseFormat = ResponseFormat()
    limits: Limits = Limits()
    client: str = "unknown"
    session_key: str = ""
    workspace: str = ""
    raw: bytes = field(default=b"", repr=False)
    effort: Effort = ""
    parallel_tools: bool = True
    suffix: str | None = field(default=None, repr=False)
    logprobs: int | None = None
    left_out: tuple[str, ...] = ()
    native_only: str = ""
    embeds: bool = False
    dialect_headers: tuple[tuple[str, str], ...] = ()

    @property
    def characters(self) -> int:
        """Length of all text the model will read, in characters."""
        total = 0
        for message in self.messages:
            for part in message.parts:
                match part:
                    case Text(text=text) | Thinking(text=text) | ToolResult(text=text):
                        total += len(text)
                    case ToolCall(arguments=arguments):
                        total += len(arguments)
                    case _:
                        continue  # images are counted by the engines alone
        total += len(self.suffix or "")
        return total + sum(len(str(tool.schema)) + len(tool.description) for tool in self.tools)

    @property
    def estimated_tokens(self) -> int:
        """Size of the input in tokens, estimated from its length; engines count exactly."""
        images = sum(isinstance(part, Image) for m in self.messages for part in m.parts)
        text = int(self.characters / CHARACTERS_PER_TOKEN)
        return text + 4 * len(self.messages) + IMAGE_TOKENS * images

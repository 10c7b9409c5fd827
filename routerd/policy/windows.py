"""How large a context window a request needs, and which one to ask an engine for."""

from routerd.core.request import (
    CHARACTERS_PER_TOKEN,
    IMAGE_TOKENS,
    Image,
    Request,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)

# Below this a reload for a few hundred tokens would cost more than the memory it saves.
SMALLEST_WINDOW = 4096
# What an answer gets where the client sets no bound.
USUAL_OUTPUT = 1024
# Each message is framed by marks of its own, and the template says a few words before the first.
PER_MESSAGE, TEMPLATE = 8, 64


def input_tokens(request: Request) -> int:
    """Return a cautious estimate of the input's tokens: too many rather than too few.

    A character outside ASCII is often a token by itself (Chinese, emoji), sometimes more; the
    estimate of `Request.estimated_tokens` counts it like any other.
    """
    total = float(TEMPLATE)
    for message in request.messages:
        total += PER_MESSAGE
        for part in message.parts:
            match part:
                case Text(text=text) | Thinking(text=text) | ToolResult(text=text):
                    total += text_tokens(text)
                case ToolCall(name=name, arguments=arguments):
                    total += text_tokens(name + arguments)
                case Image():
                    total += IMAGE_TOKENS
    for tool in request.tools:
        total += text_tokens(tool.name + tool.description + str(tool.schema))
    return int(total) + 1


def text_tokens(text: str) -> float:
    """Return how many tokens a text has at most, as a rule."""
    plain = len(text) if text.isascii() else sum(1 for character in text if character < "\x80")
    return plain / CHARACTERS_PER_TOKEN + 1.5 * (len(text) - plain)


def needed_tokens(request: Request) -> int:
    """Return the window for input and answer together."""
    return input_tokens(request) + (request.limits.max_output_tokens or USUAL_OUTPUT)


def window_for(needed_tokens: int, loaded_tokens: int, trained_tokens: int) -> int:
    """Return the window to ask for.

    The loaded window if it is large enough (another would reload the model), else the next
    doubling of `SMALLEST_WINDOW`, never more than the model was trained for.
    """
    if loaded_tokens >= needed_tokens:
        return loaded_tokens
    window = SMALLEST_WINDOW
    while window < needed_tokens:
        window *= 2
    return min(window, trained_tokens) if trained_tokens else window

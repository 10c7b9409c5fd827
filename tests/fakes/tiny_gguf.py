"""Tiny models that real llama.cpp loads in milliseconds and that say what a test wants."""

from pathlib import Path

from models.plumbing.make_gguf import write_gguf

REPLY = "Hello from the tiny model; it says one thing to everybody."
# Asks for tools and marks calls the way Qwen and Hermes do.
HERMES_TEMPLATE = (
    "{% if tools %}<tools>{% for tool in tools %}{{ tool | tojson }}{% endfor %}</tools>\n"
    'Answer <tool_call>{"name": ..., "arguments": ...}</tool_call>{% endif %}'
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}"
    "{% for call in message.tool_calls or [] %}<tool_call>"
    '{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}'
    "</tool_call>{% endfor %}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
# Writes past reasoning as DeepSeek and Qwen 3 do; OPENING is what the model is handed to begin.
THINKING_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{% if message.reasoning_content %}<think>\n"
    "{{ message.reasoning_content }}\n</think>\n\n{% endif %}{{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>OPENING{% endif %}"
)


def make(path: Path, reply: str = REPLY, **more: object) -> Path:
    """Write a model that answers `reply`; `more` as in make_gguf.write_gguf."""
    write_gguf(path, reply, **more)  # type: ignore[arg-type]
    return path

"""Takes lines out of prompts that change with every request and mean nothing to a model.

Claude Code puts a line `x-anthropic-billing-header: …` before its system prompt. It changes with
every request, so an engine that keeps the prompt's prefix in a cache would read all of it anew
each time: minutes on a laptop. Anthropic's own servers take it out themselves, and there the body
is passed on as it came.
"""

_MARK = "x-anthropic-billing-header:"


def without(text: str) -> str:
    """Return the text without such lines."""
    if _MARK not in text.lower():
        return text
    kept = [line for line in text.split("\n") if not line.strip().lower().startswith(_MARK)]
    return "\n".join(kept).lstrip("\n")

"""How each model family is asked to fill a gap in code: pure text, by the model's name.

Sources: the model cards of Qwen2.5-Coder, CodeGemma, StarCoder, Granite Code, Stable Code,
DeepSeek-Coder, Code Llama and Codestral.
"""

import re
from dataclasses import dataclass
from typing import Any

from routerd.core.request import Request


@dataclass(frozen=True, slots=True)
class FimPrompt:
    """A template with {prefix} and {suffix}, and the marks at which an answer ends."""

    template: str
    stops: tuple[str, ...] = ()

    def render(self, prefix: str, suffix: str) -> str:
        """Return the prompt; marks inside the code are left as they are."""
        head, _, rest = self.template.partition("{prefix}")
        if "{suffix}" in head:
            before, _, between = head.partition("{suffix}")
            return f"{before}{suffix}{between}{prefix}{rest}"
        between, _, end = rest.partition("{suffix}")
        return f"{head}{prefix}{between}{suffix}{end}"


_BARS = FimPrompt(
    "<|fim_prefix|>{prefix}<|fim_suffix|>{suffix}<|fim_middle|>",
    ("<|endoftext|>", "<|fim_pad|>", "<|file_sep|>", "<|file_separator|>", "<|im_end|>"),
)
_PLAIN = FimPrompt(
    "<fim_prefix>{prefix}<fim_suffix>{suffix}<fim_middle>", ("<|endoftext|>", "<file_sep>")
)
_DEEPSEEK = FimPrompt(
    "<｜fim▁begin｜>{prefix}<｜fim▁hole｜>{suffix}<｜fim▁end｜>",  # noqa: RUF001  # its own marks
    ("<｜end▁of▁sentence｜>",),  # noqa: RUF001
)
_CODE_LLAMA = FimPrompt("<PRE> {prefix} <SUF>{suffix} <MID>", ("<EOT>",))
_CODESTRAL = FimPrompt("[SUFFIX]{suffix}[PREFIX]{prefix}", ("</s>",))

# The first that fits; chat-only kin (Devstral, Llama) fit none.
_FAMILIES: tuple[tuple[re.Pattern[str], FimPrompt], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), prompt)
    for pattern, prompt in (
        (r"codeqwen|starcoder|granite.*code|stable-?code|santacoder", _PLAIN),
        (r"qwen(2\.5|3).*coder|codegemma", _BARS),
        (r"deepseek.*coder", _DEEPSEEK),
        (r"code-?llama", _CODE_LLAMA),
        (r"codestral", _CODESTRAL),
    )
)


def find(model: str) -> FimPrompt | None:
    """Return how the model is asked, None where its family can't fill gaps."""
    return next((prompt for pattern, prompt in _FAMILIES if pattern.search(model)), None)


def completion_body(request: Request, fim: FimPrompt) -> dict[str, Any]:
    """Return what an OpenAI completions endpoint is asked to fill a gap, but for the model's name."""
    limits = request.limits
    prefix = "".join(message.text for message in request.messages)
    fields: dict[str, Any] = {
        "prompt": fim.render(prefix, request.suffix or ""),
        "max_tokens": limits.max_output_tokens,
        "temperature": limits.temperature,
        "top_p": limits.top_p,
        "seed": limits.seed,
        "stop": [*limits.stop, *fim.stops],
    }
    return {name: value for name, value in fields.items() if value is not None}

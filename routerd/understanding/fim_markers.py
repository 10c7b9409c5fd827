"""Recognises fill-in-the-middle prompts by the markers code models are trained with.

Looks at text alone; people who ask about such markers in prose must not be caught.
"""

import re

WINDOW_CHARACTERS = 16_000

# One family per line: what stands before the prefix, the suffix, the middle.
_FAMILIES = (
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("<|fim_begin|>", "<|fim_hole|>", "<|fim_end|>"),
    ("<\uff5cfim\u2581begin\uff5c>", "<\uff5cfim\u2581hole\uff5c>", "<\uff5cfim\u2581end\uff5c>"),
    ("<PRE>", "<SUF>", "<MID>"),
    ("[PREFIX]", "[SUFFIX]", "[MIDDLE]"),
    ("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
)
_EDGE_CHARACTERS = 400
"""Engines put a path or repository line before the first marker; deeper than this is prose."""
_LEAD_IN = re.compile(r"(?:\s*(?:#|//|--|/\*|\+{3,}|<)[^\n]{0,300}(?:\n|$))*\s*")


def has_fim_markers(text: str) -> bool:
    """Whether `text` is a fill-in-the-middle prompt: two markers of one family, one at an edge."""
    if len(text) > 2 * WINDOW_CHARACTERS:
        text = text[:WINDOW_CHARACTERS] + text[-WINDOW_CHARACTERS:]
    for family in _FAMILIES:
        present = [marker for marker in family if marker in text]
        if len(present) >= 2 and _at_edge(text, present):
            return True
    return False


def _at_edge(text: str, markers: list[str]) -> bool:
    if text.rstrip().endswith(tuple(markers)):
        return True
    head = text[:_EDGE_CHARACTERS]
    first = min((at for at in map(head.find, markers) if at >= 0), default=-1)
    return first >= 0 and _LEAD_IN.fullmatch(head[:first]) is not None

"""Passes JSON on byte for byte, with only a top-level member's value replaced.

For a client and a backend of one dialect: fields that routerd does not know, number formats and
the order of keys survive, and so does a backend's cache of the prompt.
"""

import re

from routerd.dialects import strict_json

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_VALUE = re.compile(rb'\s*:\s*("(?:[^"\\]|\\.)*"|null|true|false|-?[0-9][0-9.eE+-]*)', re.DOTALL)
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')


def _spans(data: bytes, key: bytes) -> list[tuple[int, int]]:
    """Return where the plain values of a top-level member stand; a key may come twice."""
    depth, spans, quoted = 0, [], b'"' + key + b'"'
    for token in _TOKEN.finditer(data):
        text = token[0]
        if text in (b"{", b"["):
            depth += 1
        elif text in (b"}", b"]"):
            depth -= 1
        elif depth == 1 and text == quoted and (value := _VALUE.match(data, token.end())):
            spans.append(value.span(1))
    return spans


def with_member(data: bytes, key: str, value: str) -> bytes:
    """Return the JSON object with its top-level `key` set to the text `value`.

    `data` must be a JSON object that has been parsed already.
    """
    quoted = strict_json.dumps(value)
    spans = _spans(data, key.encode())
    if not spans:
        return with_first(data, strict_json.dumps(key) + b":" + quoted)
    for start, end in reversed(spans):
        data = data[:start] + quoted + data[end:]
    return data


def with_first(data: bytes, member: bytes) -> bytes:
    """Return the JSON object with a member put before all others."""
    head, _, rest = data.partition(b"{")
    return head + b"{" + member + (b"" if rest.lstrip().startswith(b"}") else b",") + rest


def chat_request(raw: bytes, model: str, *, stream: bool, has_usage: bool) -> bytes | None:
    """Return a chat completion's body for `model`, usage asked for; None where it can't be kept.

    `has_usage`: the client's own body asks for usage.
    """
    body = with_member(raw, "model", model)
    if not stream:
        return body
    if b'"stream_options"' not in raw:
        return with_first(body, b'"stream_options":{"include_usage":true}')
    return body if has_usage else None


def only_usage(data: bytes) -> bool:
    """Whether a chunk of a chat completion holds nothing but the token counts."""
    return _NO_CHOICES.search(data) is not None

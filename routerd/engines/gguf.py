"""Reads what a GGUF file says about itself, without any library; never loads weights.

The file is untrusted: every length is bounded before it is believed, and nothing is mapped, so a
file that shrinks meanwhile is an error here and not a signal. Source: the GGUF specification in
ggml's docs/gguf.md, versions 2 and 3.
"""

import math
import re
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from routerd.engines.gguf_types import BLOCKS, FILE_TYPES, TENSOR_TYPES

MAX_HEADER_BYTES = 128 << 20
MAX_ENTRIES = 100_000
MAX_ARRAY_TEXTS = 2_000_000
MAX_TEXT_BYTES = 4 << 20
MAX_DIMENSIONS = 4
WINDOW_BYTES = 1 << 20

_FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_FIM_KEYS = frozenset(
    f"tokenizer.ggml.{name}_token_id"
    for name in ("fim_pre", "fim_suf", "fim_mid", "prefix", "suffix", "middle")
)
_TEXT_KEYS = frozenset(
    ("general.architecture", "general.name", "general.size_label", "tokenizer.chat_template")
)

Value = str | int | float | bool

# What a file of vectors says of how a text's tokens become one: the format's own numbers.
_POOLINGS = {0: "none", 1: "mean", 2: "cls", 3: "last", 4: "rank"}
# Encoders that were always for vectors, also in files from before the entry was written.
_ENCODERS = re.compile(r"bert|embedding", re.IGNORECASE)


class GgufInvalid(ValueError):
    """The file can't be a usable GGUF model; the message says why."""


@dataclass(frozen=True, slots=True)
class GgufMetadata:
    """What the header tells. `context_tokens` is the trained window, 0 where it isn't said.

    `parameters_b` is in thousand millions, 0.0 unknown. `pooling` is how a text's vectors become
    one: none, mean, cls, last, rank (a model that scores pairs), '' where nothing is said.
    """

    name: str
    architecture: str
    context_tokens: int
    parameters_b: float
    quantisation: str
    size_bytes: int
    chat_template: str
    fim: bool
    split_count: int = 1
    pooling: str = ""

    @property
    def embeds(self) -> bool:
        """Whether the model was made for embeddings, and not for answers."""
        if self.pooling in ("mean", "cls", "last"):
            return True
        return self.pooling != "rank" and bool(_ENCODERS.search(self.architecture))

    @property
    def mentions_tools(self) -> bool:
        """Whether the chat template knows of tools."""
        return "tools" in self.chat_template

    @property
    def hermes_tool_calls(self) -> bool:
        """Whether calls are JSON between <tool_call> marks (Qwen 2.5 and 3, Hermes)."""
        # Qwen3-Coder writes XML between the same marks: <function=name><parameter=...>.
        return "<tool_call>" in self.chat_template and "<function=" not in self.chat_template

    @property
    def thinks(self) -> bool:
        """Whether the chat template knows of reasoning."""
        return "<think>" in self.chat_template


@dataclass(frozen=True, slots=True)
class _Tensor:
    elements: int
    kind: int
    offset_bytes: int

    @property
    def end_bytes(self) -> int:
        """Where its data end, counted from the start of all data; a lower bound if unknown."""
        block, size_bytes = BLOCKS.get(self.kind, (1, 0))
        return self.offset_bytes + self.elements // block * size_bytes


def read_metadata(path: Path) -> GgufMetadata:
    """Return the metadata of `path`.

    Raises: GgufInvalid for a file that is no GGUF, damaged or cut short; OSError.
    """
    size_bytes = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        window = _Window(file, min(size_bytes, MAX_HEADER_BYTES), size_bytes)
        tensor_count, pair_count = _preamble(window)
        if tensor_count > MAX_ENTRIES or pair_count > MAX_ENTRIES:
            raise GgufInvalid(
                f"its header is damaged: it claims {tensor_count} tensors and {pair_count} entries"
            )
        fields = dict(_pair(window) for _ in range(pair_count))
        tensors = [_tensor(window) for _ in range(tensor_count)]
    _check_length(fields, tensors, window.position, size_bytes)
    return _metadata(fields, tensors, size_bytes)


def _preamble(window: "_Window") -> tuple[int, int]:
    if window.take(4) != b"GGUF":
        raise GgufInvalid("it is no GGUF file: the first four bytes are others")
    version = int(window.number("I"))
    if version.bit_length() > 16:
        raise GgufInvalid("it is a big-endian GGUF file, which llama.cpp here can't use")
    if version not in (2, 3):
        raise GgufInvalid(f"GGUF version {version} is not known; versions 2 and 3 are")
    return int(window.number("Q")), int(window.number("Q"))


def _pair(window: "_Window") -> tuple[str, Value]:
    """Return one entry; arrays and texts of no use are passed over and stand as their length."""
    key = window.text()
    kind = int(window.number("I"))
    if kind == _STRING and key in _TEXT_KEYS:
        return key, window.text()
    if kind == _STRING:
        return key, window.skip_array(_STRING, 1)
    if kind == _ARRAY:
        return key, window.skip_array(int(window.number("I")), int(window.number("Q")))
    if kind in _FIXED:
        return key, window.number(_FIXED[kind])
    raise GgufInvalid(f"its header is damaged: an entry has the unknown type {kind}")


def _tensor(window: "_Window") -> _Tensor:
    window.skip(int(window.number("Q")))
    dimensions = int(window.number("I"))
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise GgufInvalid(f"its header is damaged: a tensor has {dimensions} dimensions")
    elements = math.prod(int(window.number("Q")) for _ in range(dimensions))
    return _Tensor(elements, int(window.number("I")), int(window.number("Q")))


def _check_length(
    fields: dict[str, Value], tensors: list[_Tensor], header_bytes: int, size_bytes: int
) -> None:
    """Find a download that stopped half-way."""
    alignment = _whole(fields.get("general.alignment")) or 32
    start = -(-header_bytes // alignment) * alignment
    end = start + max((tensor.end_bytes for tensor in tensors), default=0)
    if end > size_bytes:
        raise GgufInvalid(
            f"it is cut short: {size_bytes} bytes of at least {end}; download it again"
        )


def _metadata(fields: dict[str, Value], tensors: list[_Tensor], size_bytes: int) -> GgufMetadata:
    architecture = str(fields.get("general.architecture", ""))
    if not architecture:
        raise GgufInvalid("it doesn't name its architecture")
    return GgufMetadata(
        name=str(fields.get("general.name", "")),
        architecture=architecture,
        context_tokens=_whole(fields.get(f"{architecture}.context_length")),
        parameters_b=_parameters_b(fields, tensors),
        quantisation=_quantisation(fields, tensors),
        size_bytes=size_bytes,
        chat_template=str(fields.get("tokenizer.chat_template", "")),
        fim=any(key in fields for key in _FIM_KEYS),
        split_count=max(1, _whole(fields.get("split.count"))),
        pooling=_pooling(fields.get(f"{architecture}.pooling_type")),
    )


def _parameters_b(fields: dict[str, Value], tensors: list[_Tensor]) -> float:
    """Count the weights; the label ("8x7B") stands in where the file is one part of several."""
    if _whole(fields.get("split.count")) > 1:
        label = str(fields.get("general.size_label", ""))
        found = re.search(r"(?:(\d+)x)?(\d+(?:\.\d+)?)([KMBT])", label, re.ASCII)
        if found:
            unit = {"K": 1e-6, "M": 1e-3, "B": 1.0, "T": 1e3}[found[3]]
            return int(found[1] or 1) * float(found[2]) * unit
    return sum(tensor.elements for tensor in tensors) / 1e9


def _pooling(value: Value | None) -> str:
    known = isinstance(value, int) and not isinstance(value, bool)
    return _POOLINGS.get(int(value), "") if known and value is not None else ""


def _quantisation(fields: dict[str, Value], tensors: list[_Tensor]) -> str:
    kind = fields.get("general.file_type")
    if isinstance(kind, int) and kind in FILE_TYPES:
        return FILE_TYPES[kind]
    weights: Counter[int] = Counter()
    for tensor in tensors:
        weights[tensor.kind] += tensor.elements
    return TENSOR_TYPES.get(weights.most_common(1)[0][0], "") if weights else ""


def _whole(value: Value | None) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 31
    return value if isinstance(value, int) and is_whole else 0


class _Window:
    """Reads a file forwards in pieces; every step past the limit is an error."""

    def __init__(self, file: BinaryIO, limit_bytes: int, size_bytes: int) -> None:
        self._file = file
        self._limit = limit_bytes
        self._size = size_bytes
        self._buffer = b""
        self._at = 0
        self._start = 0

    @property
    def position(self) -> int:
        """Bytes consumed so far."""
        return self._start + self._at

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if self._at + count > len(self._buffer):
            self._fill(count)
        raw = self._buffer[self._at : self._at + count]
        self._at += count
        return raw

    def number(self, code: str) -> int | float | bool:
        """Return the next value of a `struct` format."""
        value: int | float | bool = struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]
        return value

    def text(self) -> str:
        """Return the next text; bytes that are no UTF-8 are replaced."""
        return self.take(self._text_length()).decode("utf-8", errors="replace")

    def skip(self, count: int) -> None:
        """Pass over `count` bytes."""
        if self._at + count <= len(self._buffer):
            self._at += count
            return
        target = self.position + count
        self._refuse_beyond(target)
        self._file.seek(target)
        self._start, self._at, self._buffer = target, 0, b""

    def skip_array(self, kind: int, count: int) -> int:
        """Pass over an array's elements; return how many there were."""
        if kind in _FIXED:
            self.skip(count * struct.calcsize("<" + _FIXED[kind]))
            return count
        if kind != _STRING:
            raise GgufInvalid(
                f"its header is damaged: an array has the unknown element type {kind}"
            )
        if count > MAX_ARRAY_TEXTS:
            raise GgufInvalid(f"its header is damaged: an array claims {count} texts")
        self._skip_texts(count)
        return count

    def _skip_texts(self, count: int) -> None:
        # A vocabulary has up to 500 000 texts: one call each would take 0.23 s instead of 0.06.
        length_at = struct.Struct("<Q").unpack_from
        while count:
            if self._at + 8 > len(self._buffer):
                self._fill(8)
            buffer, at, last = self._buffer, self._at, len(self._buffer) - 8
            while count and at <= last:
                length: int = length_at(buffer, at)[0]
                if length > MAX_TEXT_BYTES:
                    raise GgufInvalid(f"its header is damaged: a text claims {length} bytes")
                at += 8 + length
                count -= 1
            self.skip(at - self._at)

    def _text_length(self) -> int:
        count = int(self.number("Q"))
        if count > MAX_TEXT_BYTES:
            raise GgufInvalid(f"its header is damaged: a text claims {count} bytes")
        return count

    def _fill(self, count: int) -> None:
        self._refuse_beyond(self.position + count)
        rest = self._buffer[self._at :]
        wanted = max(count, WINDOW_BYTES) - len(rest)
        self._start, self._at = self.position, 0
        self._buffer = rest + (self._file.read(wanted) or b"")
        if len(self._buffer) < count:
            raise GgufInvalid("it ends in the middle of its header; download it again")

    def _refuse_beyond(self, target: int) -> None:
        if target > self._size:
            raise GgufInvalid("it ends in the middle of its header; download it again")
        if target > self._limit:
            raise GgufInvalid(f"its header is larger than {MAX_HEADER_BYTES >> 20} MiB")

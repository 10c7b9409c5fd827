"""Builds routerd's plumbing model: a GGUF whose weights are worked out, not trained.

Attention and feed-forward outputs are zero, so what leaves the last layer is the embedding of the
last token alone; the output matrix is a table "after this token comes that one". Real llama.cpp
therefore answers any prompt with the same text, piece by piece, then stops. Standard library only.

    python models/plumbing/make_gguf.py models/plumbing/plumbing.gguf
"""

import hashlib
import random
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

REPLY = (
    "This is routerd's built-in plumbing check: your request went through the whole path and "
    "came back. It is not a model for real work; add one with Ollama, LM Studio or a GGUF file."
)
TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
BOS, EOS, FIRST_BYTE = 1, 2, 3
HEADS, ALIGNMENT_BYTES = 4, 32
# The successor's logit; the rest have 0. At temperature 2 it is still 20, so p > 0.999999.
LOGIT = 40.0

Tensor = tuple[str, tuple[int, ...], list[float]]
"""Name, dimensions with the innermost first, values."""

# Value types and token types of the GGUF format.
_U32, _I32, _F32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6


def segment(reply: str) -> list[str]:
    """Cut `reply` into pieces, none twice, because a piece can have one successor only.

    A piece is a word with the space before it, or several words where one alone was used before.
    Raises: ValueError where no such cut exists.
    """
    words = [" " + word for word in reply.split(" ")]
    words[0] = words[0][1:]
    pieces: list[str] = []
    pending = ""
    for word in words:
        pending += word
        if pending not in pieces:
            pieces.append(pending)
            pending = ""
    while pending:
        if not pieces:
            raise ValueError("the reply can't be cut into different pieces")
        pending = pieces.pop() + pending
        if pending not in pieces:
            pieces.append(pending)
            pending = ""
    return pieces


class Vocabulary:
    """A SentencePiece vocabulary: 3 specials, 256 bytes, the space, then the reply's pieces.

    `chain` holds the token ids of the reply in order. Characters beyond the basic plane (emoji)
    are spelled in byte tokens while these are unused, as real vocabularies spell rare characters.
    """

    def __init__(self, reply: str) -> None:
        self.texts = ["<unk>", "<s>", "</s>", *(f"<0x{value:02X}>" for value in range(256)), "▁"]
        self.types = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, _NORMAL]
        self.chain: list[int] = []
        for piece in segment(reply):
            self._spell(piece)

    def _spell(self, piece: str) -> None:
        head = piece.rstrip("".join(char for char in piece if ord(char) > 0xFFFF))
        tail = [FIRST_BYTE + value for value in piece[len(head) :].encode()]
        if len(set(tail)) < len(tail) or set(tail) & set(self.chain):
            head, tail = piece, []
        text = head.replace(" ", "▁")
        if text and text not in self.texts:
            self.texts.append(text)
            self.types.append(_NORMAL)
        self.chain += [self.texts.index(text)] if text else []
        self.chain += tail

    @property
    def scores(self) -> list[float]:
        """Merge scores; earlier pieces win."""
        return [-float(max(0, index - 258)) for index in range(len(self.texts))]


def write_gguf(
    path: Path,
    reply: str = REPLY,
    *,
    context_tokens: int = 32768,
    name: str = "plumbing-check",
    chat_template: str = TEMPLATE,
    endless: bool = False,
    random_seed: int | None = None,
    extra: Mapping[str, str | int] | None = None,
) -> None:
    """Write the model; `endless` starts the reply anew instead of stopping.

    `random_seed` gives seeded random weights instead. `extra` adds metadata (text or u32).
    """
    vocabulary = Vocabulary(reply)
    width = 64 * (1 + (len(vocabulary.chain) + 1) // 64)
    metadata = _metadata(vocabulary, width, context_tokens, name, chat_template)
    metadata += [_field(key, value) for key, value in (extra or {}).items()]
    tensors = _tensors(vocabulary, width, endless, random_seed)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata)) + b"".join(metadata)
    body = b""
    for label, dims, values in tensors:
        head += _text(label) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, 0, len(body))
        body += _aligned(_floats(values))
    path.write_bytes(_aligned(head) + body)


def _metadata(
    vocabulary: Vocabulary, width: int, context_tokens: int, name: str, chat_template: str
) -> list[bytes]:
    count = len(vocabulary.texts)
    return [
        _field("general.architecture", "llama"),
        _field("general.name", name),
        _field("general.license", "cc0-1.0"),
        _field("general.file_type", 0),
        _field("llama.context_length", context_tokens),
        _field("llama.embedding_length", width),
        _field("llama.block_count", 1),
        _field("llama.feed_forward_length", width),
        _field("llama.attention.head_count", HEADS),
        _field("llama.attention.head_count_kv", HEADS),
        _field("llama.rope.dimension_count", width // HEADS),
        _field("llama.attention.layer_norm_rms_epsilon", 1e-5),
        _field("llama.vocab_size", count),
        _field("tokenizer.ggml.model", "llama"),
        _field("tokenizer.ggml.pre", "default"),
        _list("tokenizer.ggml.tokens", _STRING, count, b"".join(map(_text, vocabulary.texts))),
        _list("tokenizer.ggml.scores", _F32, count, _floats(vocabulary.scores)),
        _list(
            "tokenizer.ggml.token_type", _I32, count, struct.pack(f"<{count}i", *vocabulary.types)
        ),
        _field("tokenizer.ggml.bos_token_id", BOS),
        _field("tokenizer.ggml.eos_token_id", EOS),
        _field("tokenizer.ggml.unknown_token_id", 0),
        _field("tokenizer.ggml.add_bos_token", True),
        _field("tokenizer.ggml.add_eos_token", False),
        _field("tokenizer.chat_template", chat_template),
    ]


def _tensors(
    vocabulary: Vocabulary, width: int, endless: bool, random_seed: int | None
) -> list[Tensor]:
    rows = len(vocabulary.texts)
    if random_seed is None:
        embedding, output = _successor_table(vocabulary, width, endless)
        fill = _zeros
    else:
        dice = random.Random(random_seed)  # noqa: S311 - weights, not secrets

        def fill(count: int) -> list[float]:
            return [dice.gauss(0.0, 0.3) for _ in range(count)]

        embedding, output = fill(rows * width), fill(rows * width)
    ones = [1.0] * width
    names = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
    return [
        ("token_embd.weight", (width, rows), embedding),
        ("blk.0.attn_norm.weight", (width,), ones),
        ("blk.0.ffn_norm.weight", (width,), ones),
        *((f"blk.0.{name}.weight", (width, width), fill(width * width)) for name in names),
        ("output_norm.weight", (width,), ones),
        ("output.weight", (width, rows), output),
    ]


def _successor_table(
    vocabulary: Vocabulary, width: int, endless: bool
) -> tuple[list[float], list[float]]:
    """Return embedding and output matrix, rows x width.

    Axis 0 means "nothing of the reply yet"; axis i + 1 means "piece i was the last one". Output
    row t has weight on the axis after which token t is due.
    """
    chain = vocabulary.chain
    embedding = _zeros(len(vocabulary.texts) * width)
    output = _zeros(len(vocabulary.texts) * width)
    for token in range(len(vocabulary.texts)):
        axis = chain.index(token) + 1 if token in chain else 0
        embedding[token * width + axis] = 1.0
    # The RMS norm scales a one-hot vector to sqrt(width).
    weight = LOGIT / width**0.5
    for place, token in enumerate(chain):
        output[token * width + place] = weight
    last = chain[0] if endless else EOS
    output[last * width + len(chain)] = weight
    return embedding, output


def _zeros(count: int) -> list[float]:
    return [0.0] * count


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _field(key: str, value: str | bool | int | float) -> bytes:
    """Return one key-value pair; int is written as u32, float as f32."""
    match value:
        case str():
            return _text(key) + struct.pack("<I", _STRING) + _text(value)
        case bool():
            return _text(key) + struct.pack("<I?", _BOOL, value)
        case int():
            return _text(key) + struct.pack("<II", _U32, value)
        case float():
            return _text(key) + struct.pack("<If", _F32, value)


def _list(key: str, kind: int, count: int, raw: bytes) -> bytes:
    return _text(key) + struct.pack("<IIQ", _ARRAY, kind, count) + raw


def _floats(values: list[float]) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def _aligned(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % ALIGNMENT_BYTES)


def _main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("plumbing.gguf")
    write_gguf(target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    print(f"{target}: {target.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    _main()

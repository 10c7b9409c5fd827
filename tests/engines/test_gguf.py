import struct
import time
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routerd.engines.gguf import GgufInvalid, GgufMetadata, read_metadata
from routerd.engines.gguf_types import BLOCKS, FILE_TYPES, TENSOR_TYPES
from tests.fakes import tiny_gguf


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.make(tmp_path_factory.mktemp("gguf") / "tiny.gguf", name="Tiny One")


def written(path: Path, **fields: object) -> Path:
    """Write a code model's header with the independent `gguf` package."""
    writer = gguf.GGUFWriter(str(path), "qwen3")
    writer.add_uint32("tokenizer.ggml.fim_pre_token_id", 7)
    for key, value in fields.items():
        getattr(writer, f"add_{key}")(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_model_is_described(tiny: Path) -> None:
    found = read_metadata(tiny)
    assert found == GgufMetadata(
        name="Tiny One",
        architecture="llama",
        context_tokens=32768,
        parameters_b=sum(int(t.n_elements) for t in gguf.GGUFReader(tiny).tensors) / 1e9,
        quantisation="F32",
        size_bytes=tiny.stat().st_size,
        chat_template=found.chat_template,
        fim=False,
    )
    assert "assistant" in found.chat_template
    assert (found.mentions_tools, found.hermes_tool_calls, found.thinks) == (False, False, False)


def test_a_file_of_the_gguf_package_is_read_the_same(tmp_path: Path) -> None:
    path = written(
        tmp_path / "q.gguf",
        name="Qwen",
        context_length=40960,
        file_type=15,
        token_list=[f"token{number}".encode() for number in range(50_000)],
        token_merges=[f"a{number} b" for number in range(50_000)],
        token_scores=[0.5] * 50_000,
        chat_template="{% if tools %}<tool_call>{% endif %}<think>",
    )
    found = read_metadata(path)
    assert (found.name, found.context_tokens, found.quantisation) == ("Qwen", 40960, "Q4_K_M")
    assert found.fim
    assert found.mentions_tools
    assert found.hermes_tool_calls
    assert found.thinks


def test_xml_tool_calls_between_the_same_marks_are_told_apart(tmp_path: Path) -> None:
    template = "{% if tools %}<tool_call><function=name></function></tool_call>{% endif %}"
    found = read_metadata(written(tmp_path / "coder.gguf", chat_template=template))
    assert found.mentions_tools
    assert not found.hermes_tool_calls


@pytest.mark.parametrize(
    ("label", "size_b"), [("8x7B", 56.0), ("1.7B", 1.7), ("500M", 0.5), ("large", 0.0)]
)
def test_the_size_of_one_part_of_several_is_read_off_its_label(
    tmp_path: Path, label: str, size_b: float
) -> None:
    path = tiny_gguf.make(
        tmp_path / "part.gguf", extra={"split.count": 3, "general.size_label": label}
    )
    assert read_metadata(path).split_count == 3
    assert read_metadata(path).parameters_b == pytest.approx(size_b, abs=1e-4)


def test_the_tables_agree_with_the_gguf_package() -> None:
    for kind, sizes in gguf.GGML_QUANT_SIZES.items():
        if kind.value in BLOCKS:
            assert BLOCKS[kind.value] == sizes, kind
            assert TENSOR_TYPES[kind.value] == kind.name
    for number, name in FILE_TYPES.items():
        theirs = gguf.LlamaFileType(number).name
        assert theirs.removeprefix("ALL_").removeprefix("MOSTLY_") == name


def _with(raw: bytes, at: int, replacement: bytes) -> bytes:
    return raw[:at] + replacement + raw[at + len(replacement) :]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda raw: b"", "middle of its header"),
        (lambda raw: raw[:3], "middle of its header"),
        (lambda raw: b"PK\x03\x04" + raw[4:], "no GGUF file"),
        (lambda raw: _with(raw, 4, struct.pack("<I", 1)), "version 1"),
        (lambda raw: _with(raw, 4, struct.pack(">I", 3)), "big-endian"),
        (lambda raw: _with(raw, 8, struct.pack("<Q", 2**40)), "claims 1099511627776 tensors"),
        (lambda raw: _with(raw, 24, struct.pack("<Q", 2**62)), "a text claims"),
        (lambda raw: raw[:1000], "middle of its header"),
        (lambda raw: raw[:-4096], "cut short"),
        (lambda raw: raw.replace(b"general.architecture", b"general.architectura"), "architecture"),
    ],
)
def test_a_damaged_file_is_refused_in_words(
    tiny: Path, tmp_path: Path, damage: object, told: str
) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(damage(tiny.read_bytes()))  # type: ignore[operator]
    with pytest.raises(GgufInvalid, match=told):
        read_metadata(path)


@pytest.mark.parametrize(
    ("architecture", "pooling", "told", "embeds"),
    [
        ("llama", None, "", False),
        ("llama", 0, "none", False),
        ("llama", 3, "last", True),
        ("bert", None, "", True),
        ("bert", 4, "rank", False),
        ("gemma-embedding", 1, "mean", True),
        ("llama", 99, "", False),
    ],
)
def test_what_a_model_is_for_is_told_by_its_pooling_and_its_family(
    tmp_path: Path, architecture: str, pooling: int | None, told: str, embeds: bool
) -> None:
    key = f"{architecture}.pooling_type"
    extra = {"general.architecture": architecture, **({} if pooling is None else {key: pooling})}
    # The last entry of a key counts.
    found = read_metadata(tiny_gguf.make(tmp_path / "m.gguf", extra=extra))
    assert (found.pooling, found.embeds) == (told, embeds)


def test_huge_claims_are_refused_at_once(tmp_path: Path) -> None:
    def claim(kind: int, count: int) -> bytes:
        key = b"tokenizer.ggml.tokens"
        pair = struct.pack("<Q", len(key)) + key + struct.pack("<IIQ", 9, kind, count)
        return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + pair

    for kind, count in ((8, 2**40), (12, 2**60), (9, 5), (99, 5), (0, 2**63)):
        path = tmp_path / "claim.gguf"
        path.write_bytes(claim(kind, count))
        began_s = time.monotonic()
        with pytest.raises(GgufInvalid):
            read_metadata(path)
        assert time.monotonic() - began_s < 1


@settings(max_examples=150, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
@given(flips=st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 255)), max_size=6))
def test_flipped_bytes_give_metadata_or_a_refusal(tiny: Path, flips: list[tuple[int, int]]) -> None:
    raw = bytearray(tiny.read_bytes())
    for at, value in flips:
        raw[at] = value
    path = tiny.with_name("flipped.gguf")
    path.write_bytes(raw)
    try:
        found = read_metadata(path)
    except GgufInvalid:
        return
    assert found.size_bytes == len(raw)
    assert 0 <= found.context_tokens < 2**31


@settings(max_examples=100, deadline=1000)
@given(raw=st.binary(max_size=400))
def test_any_bytes_after_the_magic_give_a_refusal(tiny: Path, raw: bytes) -> None:
    path = tiny.with_name("noise.gguf")
    path.write_bytes(b"GGUF\x03\0\0\0" + raw)
    with pytest.raises(GgufInvalid):
        read_metadata(path)

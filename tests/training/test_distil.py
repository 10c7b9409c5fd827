"""A tiny language model goes through all that the large one does: read, taught, writing, labelling."""

import gzip
import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs torch, which only a training extra installs")
pytest.importorskip("gguf", reason="the large model's file is read with gguf, a training extra")

# All of these need torch, so they wait for the checks above.
import torch
from gguf import GGUFWriter
from tokenizers import pre_tokenizers

from models.training import distil
from models.training.language_model import load_language_model
from models.training.large import LargePlan, opinions, teach_large
from models.training.rows import Origin, Row
from models.training.soft_labels import load_generated, with_teacher
from models.training.writer import OnlyTaught, brief_of, rounded, topic_of
from routerd.core.features import TASKS

CONTROL, NORMAL = 3, 1
WIDTH, INNER, HEADS, LAYERS = 32, 64, 4, 2


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file in the form of Qwen2's, of bytes as pieces and random weights."""
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), "Ġt", "Ġte"]
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    writer = GGUFWriter(path, "qwen2")
    writer.add_block_count(LAYERS)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS // 2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(1e6)
    writer.add_token_list([*pieces, *special])
    writer.add_token_types([NORMAL] * len(pieces) + [CONTROL] * len(special))
    writer.add_token_merges(["Ġ t", "Ġt e"])
    chance = np.random.default_rng(1)
    half = WIDTH // 2
    shapes = {
        **{f"attn_{part}.weight": (WIDTH, WIDTH) for part in ("q", "output")},
        **{f"attn_{part}.weight": (half, WIDTH) for part in ("k", "v")},
        "attn_q.bias": (WIDTH,),
        "attn_k.bias": (half,),
        "attn_v.bias": (half,),
        "ffn_gate.weight": (INNER, WIDTH),
        "ffn_up.weight": (INNER, WIDTH),
        "ffn_down.weight": (WIDTH, INNER),
        "attn_norm.weight": (WIDTH,),
        "ffn_norm.weight": (WIDTH,),
    }
    tensors = {f"blk.{n}.{name}": shape for n in range(LAYERS) for name, shape in shapes.items()}
    tensors |= {"output_norm.weight": (WIDTH,)}
    tensors |= {name: (len(pieces) + 3, WIDTH) for name in ("token_embd.weight", "output.weight")}
    for name, shape in tensors.items():
        writer.add_tensor(name, chance.normal(0, 0.1, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def row(text: str, task: str, origin: Origin = "written") -> Row:
    return Row(text, TASKS.index(task), 0.25, 1, "a/b", origin, origin, 1.0)


def test_pieces_of_the_file_give_the_text_back_and_marks_are_one_piece(weights: Path) -> None:
    _, tokenizer = load_language_model(weights)
    text = "<|im_start|>user\nfix the tests für 中文<|im_end|>"
    ids = tokenizer.encode(text).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text
    assert ids[0] == tokenizer.token_to_id("<|im_start|>")
    assert tokenizer.encode("a test").tokens == ["a", "Ġte", "s", "t"]


def test_the_finer_copy_of_the_pieces_is_used_for_reading_and_writing(weights: Path) -> None:
    model, _ = load_language_model(weights)
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()
    assert not any(parameter.is_meta for parameter in model.parameters())


def test_another_architecture_is_refused_by_name(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "other.gguf", "llama")
    writer.add_tensor("x", np.zeros(4, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ValueError, match="llama"):
        load_language_model(tmp_path / "other.gguf")


def test_what_is_taught_is_learnt_and_padding_does_not_matter(weights: Path) -> None:
    model, tokenizer = load_language_model(weights)
    rows = [row("fix this bug", "debugging"), row("write a test", "testing")] * 16
    plan = LargePlan(epochs=30, batch=8, rate=1e-2, head_rate=1e-2, smoothing=0.0)
    reader = teach_large(rows, model, tokenizer, plan, device="cpu")
    texts = ["fix this bug", "write a test"]
    said = opinions(reader, tokenizer, texts)
    assert [TASKS[at] for at in said.task.argmax(1)] == ["debugging", "testing"]
    assert np.allclose(said.task.sum(1), 1.0, atol=1e-3)
    alone = opinions(reader, tokenizer, texts[:1]).task[0]
    beside = opinions(reader, tokenizer, [texts[0], "x" * 150]).task[0]
    assert np.allclose(alone, beside, atol=0.02)


def test_the_command_writes_prompts_and_labels_that_teach(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [row(f"fix bug {n} in login", "debugging", "harvested") for n in range(8)]
    some += [row(f"write test {n} for cart", "testing") for n in range(8)]
    held_out = [row("explain this", "explanation", "held_out")]
    monkeypatch.setattr(distil, "load_rows", lambda: [*held_out, *some])
    argv = f"distil --weights {weights} --work {tmp_path} --out {tmp_path} --count 40 --device cpu"
    monkeypatch.setattr(sys, "argv", argv.split())
    distil.main()
    records = [
        json.loads(line)
        for line in gzip.decompress((tmp_path / "generated.jsonl.gz").read_bytes()).splitlines()
    ]
    assert all(len(record["text"]) >= distil.SHORTEST for record in records)
    rows, soft = with_teacher(some, 0.5, tmp_path)
    assert len(rows) == len(soft.task) == len(some) + len(records)
    assert np.allclose(soft.task.sum(1), 1.0, atol=1e-5)
    assert soft.share.tolist() == [0.5] * len(some) + [1.0] * len(records)
    assert [r.task for r in load_generated(tmp_path)[0]] == soft.task[len(some) :].argmax(
        1
    ).tolist()


def test_repeats_addresses_secrets_and_steering_turns_are_not_kept() -> None:
    known = {"fixthebug"}
    texts = ["Fix the bug!", "add a test", "Add a test.", "mail me@b.org", "yes", "ok", "x"]
    texts += ["see https://a.org", "push with ghp_" + "Ab1" * 12, "open /home/anna/notes.md"]
    assert distil.chosen(texts, known) == ["add a test", "open /home/user/notes.md"]


def test_a_brief_tells_manner_length_and_topic() -> None:
    brief = brief_of(row("修复 login bug now", "debugging", "real"), ["redis"])
    assert brief == (
        "kind: debugging; language: python; words: 4; manner: people; in Chinese; about: redis"
    )
    assert [rounded(n) for n in (0, 5, 7, 100)] == [1, 4, 6, 96]


def test_topics_are_words_of_the_text() -> None:
    words = topic_of("the parser of config files", random.Random(1))
    assert words
    assert set(words) <= {"parser", "config", "files"}


def test_the_writers_pieces_stay_within_what_was_taught() -> None:
    scores = OnlyTaught([1, 3], 5, "cpu")(torch.zeros(1, 1), torch.zeros(2, 5))
    assert torch.isinf(scores[:, [0, 2, 4]]).all()
    assert (scores[:, [1, 3]] == 0).all()

"""Vectors through a real daemon and real llama.cpp, by the clients' own libraries."""

import math
from collections.abc import Iterator
from pathlib import Path

import ollama
import openai
import pytest

from routerd.engines.bindings import installed_binding
from tests.fakes import tiny_embedder, tiny_gguf
from tests.fakes.daemon import QUIET, Daemon

pytestmark = pytest.mark.skipif(not installed_binding(), reason="no llama.cpp binding is installed")


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    home: Path = tmp_path_factory.mktemp("home")
    (home / "models").mkdir(mode=0o700)
    tiny_embedder.bert(home / "models" / "tiny-bert.gguf", context_tokens=256)
    tiny_gguf.make(home / "models" / "chat.gguf")
    with Daemon(home, QUIET) as running:
        yield running


@pytest.fixture
def client(daemon: Daemon) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key=daemon.token, max_retries=0) as opened:
        yield opened


def test_openais_client_gets_unit_vectors_in_order_with_the_tokens_they_took(
    client: openai.OpenAI,
) -> None:
    # The library asks for base64 unless told otherwise; both forms are the same numbers.
    coded = client.embeddings.create(model="auto", input=["sort code", "cat"])
    plain = client.embeddings.create(model="auto", input=["sort code"], encoding_format="float")
    assert coded.model == "llamacpp/tiny-bert"
    assert [item.index for item in coded.data] == [0, 1]
    assert coded.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert math.fsum(x * x for x in coded.data[1].embedding) == pytest.approx(1.0, abs=1e-4)
    assert (coded.usage.prompt_tokens, plain.usage.total_tokens) == (7, 4)


def test_fewer_dimensions_are_given_and_more_are_refused(client: openai.OpenAI) -> None:
    short = client.embeddings.create(model="auto", input="cat", dimensions=8)
    assert len(short.data[0].embedding) == 8
    assert math.fsum(x * x for x in short.data[0].embedding) == pytest.approx(1.0, abs=1e-4)
    with pytest.raises(openai.BadRequestError, match="have 32 dimensions, not 64"):
        client.embeddings.create(model="auto", input="cat", dimensions=64)


def test_a_text_that_is_too_long_is_refused_in_words(client: openai.OpenAI) -> None:
    # By its length in characters it would fit: the model's own count is what refuses it.
    with pytest.raises(openai.APIStatusError, match=r"302 tokens.*holds 256") as caught:
        client.embeddings.create(model="auto", input="x " * 300)
    assert caught.value.status_code == 400


def test_a_chat_model_makes_vectors_only_for_who_names_it(client: openai.OpenAI) -> None:
    named = client.embeddings.create(model="llamacpp/chat", input="hello")
    assert named.model == "llamacpp/chat"
    assert len(named.data[0].embedding) == 64
    # And an embedding model never answers a chat.
    answer = client.chat.completions.create(
        model="auto", messages=[{"role": "user", "content": "hello"}]
    )
    assert answer.choices[0].message.content == tiny_gguf.REPLY


def test_ollamas_client_gets_the_same(daemon: Daemon, client: openai.OpenAI) -> None:
    headers = {"authorization": f"Bearer {daemon.token}"}
    with ollama.Client(host=daemon.url, headers=headers, trust_env=False) as theirs:
        told = theirs.embed(model="llamacpp/tiny-bert", input=["sort code", "cat"])
        ours = client.embeddings.create(model="auto", input=["sort code", "cat"])
        assert [list(v) for v in told.embeddings] == [
            pytest.approx(item.embedding, abs=1e-6) for item in ours.data
        ]
        assert told.prompt_eval_count == 7
        old = theirs.embeddings(model="llamacpp/tiny-bert", prompt="cat")
        assert list(old.embedding) == pytest.approx(ours.data[1].embedding, abs=1e-6)
        assert "embedding" in theirs.show("llamacpp/tiny-bert").capabilities

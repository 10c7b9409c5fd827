"""Measures what must not matter: rounding to int8, and how a prompt is typed or wrapped."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.augment import typo
from models.training.embed import MAX_TOKENS
from models.training.export import tokenizer_json
from models.training.finetune import predict
from models.training.wide import Reader
from routerd.core.request import Message, Request, Text
from routerd.understanding.input_text import build_input
from routerd.understanding.onnx_session import OnnxSession
from routerd.understanding.tokens import TokenReader

SEED = 11
TYPO_SHARE = 0.03
_REMINDER = "<system_reminder>The files below changed on disk.</system_reminder>\n"

REWORDINGS: dict[str, Callable[[str, random.Random], str]] = {
    "lower case": lambda text, _: text.lower(),
    "upper case": lambda text, _: text.upper(),
    "typos": lambda text, source: typo(text, source, share=TYPO_SHARE),
    "no end mark": lambda text, _: text.rstrip(" .!?"),
    "greeting": lambda text, _: f"Hi there! {text}",
    "politeness": lambda text, _: f"{text} - thanks a lot in advance",
    "editor's wrapper": lambda text, _: f"{_REMINDER}<user_query>\n{text}\n</user_query>",
}


def agreement_under_rewording(graph: Path, texts: Sequence[str]) -> dict[str, float]:
    """Return the share of `texts` whose task stays the same, by kind of rewording."""
    source = random.Random(SEED)  # noqa: S311  # Variety, not secrecy.
    plain = read_tasks(graph, texts)
    shares = {}
    for name, reword in REWORDINGS.items():
        changed = read_tasks(graph, [_built(reword(text, source)) for text in texts])
        shares[name] = round(float((plain == changed).mean()), 4)
    shares["mean"] = round(float(np.mean(list(shares.values()))), 4)
    return shares


def int8_agreement(network: Reader, graph: Path, texts: Sequence[str]) -> float:
    """Return the share of `texts` that the exported graph and the network read alike.

    Only texts within the length that was taught are compared: beyond it the daemon reads more.
    """
    fitting = [text for text in texts if len(text) < 300]
    mine = predict(network, fitting)[1].argmax(axis=1)
    return round(float((mine == read_tasks(graph, fitting)).mean()), 4)


def read_tasks(graph: Path, texts: Sequence[str]) -> NDArray[np.int64]:
    """Return task indices as the daemon's session reads them."""
    session = OnnxSession(graph.read_bytes(), threads=1)
    tokens = TokenReader(tokenizer_json().encode(), MAX_TOKENS)
    return np.asarray([int(session.run(tokens.encode(text)).task.argmax()) for text in texts])


def _built(prompt: str) -> str:
    return build_input(Request(messages=(Message("user", (Text(prompt),)),)))

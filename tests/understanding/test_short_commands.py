"""What people type into an editor's prompt box in a few words, read by the shipped model."""

from pathlib import Path

from routerd.core.request import Message, Request, Text
from routerd.understanding.classifier import OnnxUnderstanding
from tests.understanding.tiny_model import REAL_MODEL

LINES = (Path(__file__).parent / "short_commands.tsv").read_text(encoding="utf-8").splitlines()


def test_at_least_92_of_100_short_commands_are_read_right() -> None:
    understanding = OnnxUnderstanding(REAL_MODEL)
    understanding.load()
    wrong = []
    for task, prompt in (line.split("\t") for line in LINES):
        request = Request((Message("user", (Text(prompt),)),))
        if understanding.read_now(request).task != task:
            wrong.append((prompt, task))
    understanding.close()
    assert len(LINES) > 150
    assert len(wrong) <= 0.08 * len(LINES), wrong


def test_a_system_prompt_of_20_000_tokens_does_not_move_the_answer() -> None:
    understanding = OnnxUnderstanding(REAL_MODEL)
    understanding.load()
    ask = Message("user", (Text("write pytest tests for the date parser in dates.py"),))
    system = Message("system", (Text("You fix bugs and explain errors. " * 2600),))
    alone = understanding.read_now(Request((ask,)))
    below = understanding.read_now(Request((system, ask)))
    understanding.close()
    assert alone == below

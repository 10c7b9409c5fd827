"""What a requested model name means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routerd.core.candidate import Candidate
from routerd.core.errors import NotFound
from routerd.policy import wish
from routerd.policy.wish import Wish

KNOWN = (
    Candidate("ollama", "qwen:7b"),
    Candidate("lmstudio", "qwen:7b"),
    Candidate("ollama", "llama/3:8b"),
    Candidate("ollama", "auto"),
)


@pytest.mark.parametrize(
    ("requested", "meant"),
    [
        ("auto", Wish()),
        ("", Wish()),
        ("  auto  ", Wish()),
        ("routerd", Wish()),
        ("routerd-auto", Wish()),
        ("auto:", Wish()),
        ("auto:latest", Wish()),
        ("auto:fast", Wish(profile="fast")),
        ("auto:cheap", Wish(profile="cheap")),
        ("auto:best", Wish(profile="best")),
        ("routerd:best", Wish(profile="best")),
        ("auto:local", Wish(local_only=True)),
        ("auto:nonsense", Wish(baseline="auto:nonsense")),
        ("ollama/qwen:7b", Wish(pinned="ollama/qwen:7b")),
        ("ollama/auto", Wish(pinned="ollama/auto")),
        ("llama/3:8b", Wish(pinned="ollama/llama/3:8b")),
        ("qwen:7b", Wish(baseline="qwen:7b")),
        ("gpt-4o", Wish(baseline="gpt-4o")),
        ("AUTO", Wish(baseline="AUTO")),
    ],
)
def test_a_name_means_this(requested: str, meant: Wish) -> None:
    assert wish.read(requested, KNOWN, strict=False) == meant


@pytest.mark.parametrize("requested", ["auto", "auto:local", "ollama/qwen:7b", "llama/3:8b"])
def test_names_that_are_known_are_fine_when_strict(requested: str) -> None:
    assert wish.read(requested, KNOWN, strict=True) == wish.read(requested, KNOWN, strict=False)


def test_an_unknown_name_is_not_found_when_strict() -> None:
    with pytest.raises(NotFound, match="There is no model 'gpt-4o'"):
        wish.read("gpt-4o", KNOWN, strict=True)


def test_a_name_that_two_providers_have_is_told_with_both_when_strict() -> None:
    with pytest.raises(NotFound, match="say ollama/qwen:7b or lmstudio/qwen:7b"):
        wish.read("qwen:7b", KNOWN, strict=True)


@given(requested=st.text() | st.sampled_from(["auto:", "auto:x", "ollama/", "/", ":"]))
def test_any_name_is_at_most_one_wish(requested: str) -> None:
    meant = wish.read(requested, KNOWN, strict=False)
    assert sum(map(bool, (meant.pinned, meant.profile, meant.local_only, meant.baseline))) <= 1
    assert len(meant.baseline) <= 200
    assert meant.profile in {"", *wish.BUILT_IN_PROFILES}
    assert meant.pinned in {"", *(candidate.name for candidate in KNOWN)}

"""Lines that change with every request go; everything else stays."""

import pytest

from routerd.dialects.billing import without

LINE = "x-anthropic-billing-header: cc_version=2.1.197; cch=0f3a1"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("You are an agent.", "You are an agent."),
        (LINE, ""),
        (f"{LINE}\nYou are an agent.\n", "You are an agent.\n"),
        (f"a\n  {LINE.upper()}\nb", "a\nb"),
        (f"the header {LINE} is one", f"the header {LINE} is one"),
    ],
)
def test_only_whole_lines_go(text: str, kept: str) -> None:
    assert without(text) == kept

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROOFS = re.findall(r'\]\((tests/[\w/]+\.py) "(\w+)"\)', README)
PICTURES = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)


def test_every_test_that_the_readme_names_is_there() -> None:
    assert len(PROOFS) > 50
    for path, name in PROOFS:
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), (path, name)


@pytest.mark.parametrize("path", PICTURES)
def test_every_picture_of_the_readme_is_there(path: str) -> None:
    assert (ROOT / path).stat().st_size > 1000

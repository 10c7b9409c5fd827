"""One key of config.toml changed, the rest as it was."""

from pathlib import Path

import pytest

from routerd.core.errors import ConfigInvalid
from routerd.settings import edit, load

WRITTEN = """# my settings
port = 7500   # not the usual one

[[provider]]
name = "team"   # the box under the desk
kind = "openai_compatible"
base_url = "http://10.0.0.4:8000/v1"
zone = "network"
"""


def test_comments_and_everything_else_stay_and_the_key_lies_above_the_tables(
    tmp_path: Path,
) -> None:
    path = tmp_path / "config.toml"
    path.write_text(WRITTEN, encoding="utf-8")
    edit.set_key(path, "profile", "best")
    assert path.read_text("utf-8") == 'profile = "best"\n\n' + WRITTEN
    edit.set_key(path, "profile", "cheap")
    assert path.read_text("utf-8") == 'profile = "cheap"\n\n' + WRITTEN
    found = load.load(path)
    assert (found.profile, found.port, found.provider[0].zone) == ("cheap", 7500, "network")


def test_a_file_that_is_not_there_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    edit.set_key(path, "profile", "best")
    assert load.load(path).profile == "best"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_to_dotfiles_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.toml", tmp_path / "config.toml"
    real.write_text(WRITTEN, encoding="utf-8")
    link.symlink_to(real)
    edit.set_key(link, "profile", "best")
    assert link.is_symlink()
    assert load.load(real).profile == "best"


@pytest.mark.parametrize(
    ("text", "value"), [(WRITTEN, "no-such-profile"), ("port = ", "best"), ("prot = 1\n", "best")]
)
def test_what_would_not_be_valid_is_not_written(tmp_path: Path, text: str, value: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid):
        edit.set_key(path, "profile", value)
    assert path.read_text("utf-8") == text

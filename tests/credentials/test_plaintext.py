"""Keys in plain text are found where tools and people leave them."""

from pathlib import Path

import pytest

from routerd.credentials.plaintext import MAX_BYTES, find

TAIL = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4"


def _write(home: Path, name: str, text: str) -> None:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("vendor", "line"),
    [
        ("anthropic", f'{{"env": {{"ANTHROPIC_API_KEY": "sk-ant-api03-{TAIL}"}}}}'),
        ("openai", f'"OPENAI_API_KEY": "sk-proj-{TAIL}"'),
        ("openrouter", f"export OPENROUTER_API_KEY=sk-or-v1-{TAIL}"),
        ("gemini", f"GEMINI_API_KEY=AIza{TAIL}{TAIL[:7]}"),
        ("groq", f"GROQ=gsk_{TAIL}"),
        ("xai", f"key: xai-{TAIL}"),
        ("mistral", f"export MISTRAL_API_KEY='{TAIL}'"),
        ("deepseek", f'"deepseek_api_key": "{TAIL}"'),
    ],
)
def test_every_vendors_keys_are_told_apart(tmp_path: Path, vendor: str, line: str) -> None:
    _write(tmp_path, ".env", f"# mine\n{line}\n")
    (found,) = find(tmp_path)
    assert (found.vendor, found.path, found.line) == (vendor, tmp_path / ".env", 2)
    assert found.secret in line
    assert found.secret not in repr(found)


def test_files_of_tools_are_looked_into_and_nothing_is_changed(tmp_path: Path) -> None:
    text = f'{{"models": [{{"apiKey": "sk-ant-api03-{TAIL}"}}]}}'
    for name in (".continue/config.json", ".claude/settings.json", ".codex/auth.json"):
        _write(tmp_path, name, text)
    assert len(find(tmp_path)) == 3
    assert (tmp_path / ".codex/auth.json").read_text("utf-8") == text


def test_what_is_no_key_or_no_file_is_passed_over(tmp_path: Path) -> None:
    _write(
        tmp_path, ".env", "sk-short\nOPENAI_API_KEY=$(keyring get)\ntask-ant-hill-of-words-here\n"
    )
    (tmp_path / ".zshrc").mkdir()
    _write(tmp_path, ".bashrc", f"sk-ant-{TAIL}" + " " * MAX_BYTES)
    assert find(tmp_path) == []

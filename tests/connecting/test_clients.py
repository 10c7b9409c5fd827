"""Every client's plan on every system: files where the tool looks, in the form it reads."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from routerd.connecting import jsonc, yaml_text
from routerd.connecting.clients import CLIENTS, Daemon, Plan, Surroundings
from routerd.connecting.edits import apply

TOKEN = "rd-" + "c" * 40
URL = "http://127.0.0.1:7411"
DAEMON = Daemon(7411, TOKEN, "/opt/routerd", {"ROUTERD_HOME": "/h"}, 65_536)


def _plan(client: str, system: str = "linux", home: Path = Path("/u"), **variables: str) -> Plan:
    return CLIENTS[client](Surroundings(home, system, variables), DAEMON)


def _files(plan: Plan) -> dict[str, Any]:
    """Return what each file holds when it is new: path -> value."""
    readers = {"jsonc": jsonc.loads, "toml": tomllib.loads, "yaml": yaml_text.loads}
    return {
        change.path.as_posix(): readers[change.form](apply("", change.form, change.edits)[0])
        for change in plan.changes
    }


def test_all_thirteen_are_known() -> None:
    assert set(CLIENTS) == {
        "cursor",
        "windsurf",
        "vscode",
        "zed",
        "continue",
        "cline",
        "claude-code",
        "codex",
        "cody",
        "aider",
        "jetbrains",
        "junie",
        "opencode",
    }


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("client", CLIENTS)
def test_every_plan_can_be_written_into_new_files(client: str, system: str) -> None:
    plan = _plan(client, system)
    found = _files(plan)
    assert len(found) == len(plan.changes)
    assert found or plan.by_hand
    holds_token = TOKEN in json.dumps(found)
    assert plan.uses_token or not holds_token
    if "routerd" not in json.dumps(found):
        assert client in ("aider", "jetbrains")


@pytest.mark.parametrize(
    ("client", "path", "keys"),
    [
        ("cursor", "/u/.cursor/mcp.json", ("mcpServers",)),
        ("windsurf", "/u/.codeium/windsurf/mcp_config.json", ("mcpServers",)),
        ("vscode", "/u/.config/Code/User/mcp.json", ("servers",)),
        ("zed", "/u/.config/zed/settings.json", ("context_servers",)),
        ("cline", "/u/.cline/data/settings/cline_mcp_settings.json", ("mcpServers",)),
        ("claude-code", "/u/.claude.json", ("mcpServers",)),
        ("codex", "/u/.codex/config.toml", ("mcp_servers",)),
        ("cody", "/u/.config/Code/User/settings.json", ("cody.mcpServers",)),
    ],
)
def test_mcp_is_a_command_that_needs_no_token(
    client: str, path: str, keys: tuple[str, ...]
) -> None:
    value = _files(_plan(client))[path]
    for key in keys:
        value = value[key]
    server = value["routerd"]
    assert (server["command"], server["args"]) == ("/opt/routerd", ["mcp"])
    assert server["env"] == {"ROUTERD_HOME": "/h"}
    assert TOKEN not in json.dumps(server)


def test_claude_code_gets_the_bare_address_and_no_changing_line() -> None:
    env = _files(_plan("claude-code"))["/u/.claude/settings.json"]["env"]
    assert env == {
        "ANTHROPIC_BASE_URL": URL,
        "ANTHROPIC_AUTH_TOKEN": TOKEN,
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
    }


def test_codex_speaks_responses_with_its_token_in_a_header() -> None:
    config = _files(_plan("codex"))["/u/.codex/config.toml"]
    provider = config["model_providers"][config["model_provider"]]
    assert (provider["base_url"], provider["wire_api"]) == (f"{URL}/v1", "responses")
    assert provider["http_headers"] == {"Authorization": f"Bearer {TOKEN}"}
    moved = _files(_plan("codex", CODEX_HOME="/c"))
    assert list(moved) == ["/c/config.toml"]


def test_vs_code_and_opencode_and_zed_are_told_the_window() -> None:
    (entry,) = _files(_plan("vscode"))["/u/.config/Code/User/chatLanguageModels.json"]
    assert entry["models"][0]["url"] == f"{URL}/v1/chat/completions"
    assert entry["models"][0]["maxInputTokens"] == 65_536
    opencode = _files(_plan("opencode"))["/u/.config/opencode/opencode.jsonc"]
    assert opencode["provider"]["routerd"]["models"]["auto"]["limit"]["context"] == 65_536
    zed = _files(_plan("zed"))["/u/.config/zed/settings.json"]
    told = zed["language_models"]["openai_compatible"]["routerd"]
    assert (told["api_url"], told["available_models"][0]["max_tokens"]) == (f"{URL}/v1", 65_536)


def test_aider_junie_and_continue_get_address_and_token() -> None:
    assert _files(_plan("aider"))["/u/.aider.conf.yml"] == {
        "openai-api-base": f"{URL}/v1",
        "openai-api-key": TOKEN,
        "model": "openai/auto",
    }
    junie = _files(_plan("junie"))["/u/.junie/models/routerd.json"]
    assert (junie["baseUrl"], junie["apiKey"]) == (f"{URL}/v1/responses", TOKEN)
    files = _files(_plan("continue"))
    assert files["/u/.continue/config.yaml"]["version"] == "1.0.0"
    assert files["/u/.continue/config.yaml"]["models"][0]["apiBase"] == f"{URL}/v1"
    assert files["/u/.continue/mcpServers/routerd.yaml"]["mcpServers"][0]["args"] == ["mcp"]


def test_an_opencode_file_that_is_there_is_the_one_to_change(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text("{}", encoding="utf-8")
    assert _plan("opencode", home=tmp_path).changes[0].path == folder / "opencode.json"


@pytest.mark.parametrize(
    ("system", "variables", "folder"),
    [
        ("linux", {}, "/u/.config"),
        ("linux", {"XDG_CONFIG_HOME": "/x"}, "/x"),
        ("darwin", {}, "/u/Library/Application Support"),
        ("win32", {}, "/u/AppData/Roaming"),
        ("win32", {"APPDATA": "/r"}, "/r"),
    ],
)
def test_each_system_has_its_folder(system: str, variables: dict[str, str], folder: str) -> None:
    assert Surroundings(Path("/u"), system, variables).applications.as_posix() == folder


def test_a_configuration_of_continue_keeps_its_own_name() -> None:
    (change, _) = _plan("continue").changes
    text, _ = apply("name: Mine\nversion: 2.0.0\nmodels: []\n", "yaml", change.edits)
    assert text.startswith("name: Mine\nversion: 2.0.0\n")
    assert text.count("name: ") == 2
    assert "schema: " in text

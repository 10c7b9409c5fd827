"""The coding tools that routerd can be written into: where their settings are, and what they need.

MCP goes over stdio wherever a tool can start a command: that needs no token in its settings and
starts the daemon. Models go over HTTP, with a token of the tool's own.

Source: each tool's documentation of its settings, as of November 2026.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from routerd.connecting.edits import Edit, FileChange


@dataclass(frozen=True, slots=True)
class Surroundings:
    """This user's machine. `system` is sys.platform; `variables` the environment."""

    home: Path
    system: str
    variables: Mapping[str, str]

    @property
    def applications(self) -> Path:
        """Where graphical applications keep their settings."""
        if self.system == "darwin":
            return self.home / "Library" / "Application Support"
        if self.system == "win32":
            told = self.variables.get("APPDATA")
            return Path(told) if told else self.home / "AppData" / "Roaming"
        told = self.variables.get("XDG_CONFIG_HOME")
        return Path(told) if told else self.home / ".config"


@dataclass(frozen=True, slots=True)
class Daemon:
    """What clients need to know. `context_tokens` is the largest window, 0 unknown."""

    port: int
    token: str
    command: str
    environment: Mapping[str, str]
    context_tokens: int = 0

    @property
    def url(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def window(self) -> int:
        """A window to tell clients that must have one."""
        return self.context_tokens or 32_768

    def server(self, **more: Any) -> dict[str, Any]:
        """Return an MCP server as most clients write it."""
        told: dict[str, Any] = {"command": self.command, "args": ["mcp"]}
        if self.environment:
            told["env"] = dict(self.environment)
        return {**told, **more}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done for one client. `by_hand` is what only a person can do there."""

    changes: tuple[FileChange, ...] = ()
    by_hand: tuple[str, ...] = ()
    uses_token: bool = False


def _mcp(path: Path, value: Mapping[str, Any], *keys: str) -> FileChange:
    return FileChange(path, "jsonc", (Edit((*(keys or ("mcpServers",)), "routerd"), dict(value)),))


def _cursor(here: Surroundings, daemon: Daemon) -> Plan:
    return Plan(
        (_mcp(here.home / ".cursor" / "mcp.json", daemon.server()),),
        (
            "Cursor sends its model requests through its own servers, which can't reach this "
            "machine; routerd serves it over MCP.",
        ),
    )


def _windsurf(here: Surroundings, daemon: Daemon) -> Plan:
    path = here.home / ".codeium" / "windsurf" / "mcp_config.json"
    return Plan((_mcp(path, daemon.server()),))


def _vscode(here: Surroundings, daemon: Daemon) -> Plan:
    folder = here.applications / "Code" / "User"
    model = {
        "id": "auto",
        "name": "routerd auto",
        "url": f"{daemon.url}/v1/chat/completions",
        "toolCalling": True,
        "vision": True,
        "maxInputTokens": daemon.window,
        "maxOutputTokens": 8192,
    }
    provider = {
        "name": "routerd",
        "vendor": "customendpoint",
        "apiKey": daemon.token,
        "apiType": "chat-completions",
        "models": [model],
    }
    return Plan(
        (
            _mcp(folder / "mcp.json", daemon.server(type="stdio"), "servers"),
            FileChange(folder / "chatLanguageModels.json", "jsonc", (Edit((), provider, "name"),)),
        ),
        ("Where VS Code asks for the key of routerd, `routerd connect vscode --print` shows it.",),
        uses_token=True,
    )


def _zed(here: Surroundings, daemon: Daemon) -> Plan:
    folder = here.home / ".config" if here.system == "darwin" else here.applications
    name = "Zed" if here.system == "win32" else "zed"
    model = {
        "name": "auto",
        "display_name": "routerd auto",
        "max_tokens": daemon.window,
        "capabilities": {"tools": True, "images": True},
    }
    server = daemon.server(source="custom")
    api = {"api_url": f"{daemon.url}/v1", "available_models": [model]}
    return Plan(
        (
            FileChange(
                folder / name / "settings.json",
                "jsonc",
                (
                    Edit(("context_servers", "routerd"), server),
                    Edit(("language_models", "openai_compatible", "routerd"), api),
                ),
            ),
        ),
        (
            "Zed keeps keys in the system's keychain: paste the token in its agent settings, or set "
            "ROUTERD_API_KEY; `routerd connect zed --print` shows it.",
        ),
        uses_token=True,
    )


def _continue(here: Surroundings, daemon: Daemon) -> Plan:
    folder = here.home / ".continue"
    model = {
        "name": "routerd",
        "provider": "openai",
        "model": "auto",
        "apiBase": f"{daemon.url}/v1",
        "apiKey": daemon.token,
        "roles": ["chat", "edit", "apply"],
    }
    server = {"name": "routerd", **daemon.server()}
    # It reads no file without them.
    head = {"name": "Local Config", "version": "1.0.0", "schema": "v1"}
    needed = (Edit((key,), value, where_missing=True) for key, value in head.items())
    return Plan(
        (
            FileChange(folder / "config.yaml", "yaml", (*needed, Edit(("models",), model, "name"))),
            FileChange(
                folder / "mcpServers" / "routerd.yaml",
                "yaml",
                (
                    Edit(("name",), "routerd"),
                    Edit(("version",), "1.0.0"),
                    Edit(("schema",), "v1"),
                    Edit(("mcpServers",), [server]),
                ),
            ),
        ),
        uses_token=True,
    )


def _cline(here: Surroundings, daemon: Daemon) -> Plan:
    told = here.variables.get("CLINE_MCP_SETTINGS_PATH")
    usual = here.home / ".cline" / "data" / "settings" / "cline_mcp_settings.json"
    path = Path(told) if told else usual
    return Plan(
        (_mcp(path, daemon.server(disabled=False, autoApprove=[])),),
        (
            f"In Cline's panel choose the API provider OpenAI Compatible with base URL "
            f"{daemon.url}/v1 and model auto; `routerd connect cline --print` shows the key.",
        ),
        uses_token=True,
    )


def _claude_code(here: Surroundings, daemon: Daemon) -> Plan:
    env = {
        "ANTHROPIC_BASE_URL": daemon.url,
        "ANTHROPIC_AUTH_TOKEN": daemon.token,
        # Its line changes with every request, and with it every local cache of the prompt.
        "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
    }
    edits = tuple(Edit(("env", name), value) for name, value in env.items())
    return Plan(
        (
            FileChange(here.home / ".claude" / "settings.json", "jsonc", edits),
            _mcp(here.home / ".claude.json", daemon.server(type="stdio")),
        ),
        ("Unset ANTHROPIC_API_KEY in the shells that start Claude Code: it goes before.",),
        uses_token=True,
    )


def _codex(here: Surroundings, daemon: Daemon) -> Plan:
    told = here.variables.get("CODEX_HOME")
    provider = {
        "name": "routerd",
        "base_url": f"{daemon.url}/v1",
        "wire_api": "responses",
        "http_headers": {"Authorization": f"Bearer {daemon.token}"},
    }
    return Plan(
        (
            FileChange(
                (Path(told) if told else here.home / ".codex") / "config.toml",
                "toml",
                (
                    # For a model that it knows by name, Codex sends tools of its own kind.
                    Edit(("model",), "auto"),
                    Edit(("model_provider",), "routerd"),
                    Edit(("model_providers", "routerd"), provider),
                    Edit(("mcp_servers", "routerd"), daemon.server()),
                ),
            ),
        ),
        uses_token=True,
    )


def _cody(here: Surroundings, daemon: Daemon) -> Plan:
    path = here.applications / "Code" / "User" / "settings.json"
    return Plan(
        (_mcp(path, daemon.server(), "cody.mcpServers"),),
        ("Cody's models come from its Sourcegraph instance; routerd serves it over MCP.",),
    )


def _aider(here: Surroundings, daemon: Daemon) -> Plan:
    edits = (
        Edit(("openai-api-base",), f"{daemon.url}/v1"),
        Edit(("openai-api-key",), daemon.token),
        Edit(("model",), "openai/auto"),
    )
    return Plan(
        (FileChange(here.home / ".aider.conf.yml", "yaml", edits),),
        ("Aider has no MCP.",),
        uses_token=True,
    )


def _jetbrains(_: Surroundings, daemon: Daemon) -> Plan:
    return Plan(
        (),
        (
            "JetBrains keeps these settings to itself. Settings > Tools > AI Assistant > Models & "
            f"API keys > OpenAI-compatible: URL {daemon.url}/v1; and > Model Context Protocol: "
            "what `routerd connect jetbrains --print` shows.",
        ),
        uses_token=True,
    )


def _junie(here: Surroundings, daemon: Daemon) -> Plan:
    values = {
        "id": "auto",
        "baseUrl": f"{daemon.url}/v1/responses",
        "apiType": "OpenAIResponses",
        "apiKey": daemon.token,
    }
    edits = tuple(Edit((name,), value) for name, value in values.items())
    return Plan(
        (FileChange(here.home / ".junie" / "models" / "routerd.json", "jsonc", edits),),
        ("Junie's MCP servers are added in its own settings; `--print` shows the entry.",),
        uses_token=True,
    )


def _opencode(here: Surroundings, daemon: Daemon) -> Plan:
    folder = (here.home / ".config" if here.system == "darwin" else here.applications) / "opencode"
    plain = folder / "opencode.json"
    path = plain if plain.exists() else folder / "opencode.jsonc"
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "routerd",
        "options": {"baseURL": f"{daemon.url}/v1", "apiKey": daemon.token},
        "models": {"auto": {"limit": {"context": daemon.window, "output": 8192}}},
    }
    return Plan(
        (FileChange(path, "jsonc", (Edit(("provider", "routerd"), provider),)),),
        ("Choose the model routerd/auto in opencode.",),
        uses_token=True,
    )


CLIENTS: Mapping[str, Callable[[Surroundings, Daemon], Plan]] = {
    "cursor": _cursor,
    "windsurf": _windsurf,
    "vscode": _vscode,
    "zed": _zed,
    "continue": _continue,
    "cline": _cline,
    "claude-code": _claude_code,
    "codex": _codex,
    "cody": _cody,
    "aider": _aider,
    "jetbrains": _jetbrains,
    "junie": _junie,
    "opencode": _opencode,
}

"""Statuses for the tests of the tray."""

from dataclasses import replace
from typing import Any

from routerd.core.status import (
    EngineStatus,
    ModelStatus,
    RecentDecision,
    RefusedEgress,
    RunningRequest,
    Savings,
    Status,
)

LOCAL = Status(
    state="ready",
    version="1",
    pid=4,
    uptime_s=10.0,
    home="/home/ann/.local/share/routerd",
    base_url="http://127.0.0.1:7411/v1",
    mcp_url="",
    mcp_socket="",
    offline=False,
    offline_layer="",
    profile="balanced",
    classifier="ready",
    engines=(EngineStatus("ollama", "ollama", "device", "http://127.0.0.1:11434", True, 2),),
    profiles=("cheap", "balanced", "best", "fast"),
    cloud_reason="no cloud has a key",
)
CLOUD = replace(LOCAL, cloud_allowed=True, cloud_reason="")
OFFLINE = replace(LOCAL, offline=True, offline_layer="the kernel", cloud_reason="offline")
BUSY = replace(
    CLOUD, running=(RunningRequest("d1", "anthropic/claude-opus", "cloud", "review", 0.0),)
)
PAUSED = replace(CLOUD, paused=True, paused_left_s=1500.0)
REFUSED = RefusedEgress(2, 1_700_000_000.0, "api.openai.com", "offline mode is on")
DECISIONS = (
    RecentDecision("d3", 1_700_000_300.0, "review", "", "device", "no candidate", "failed"),
    RecentDecision("d2", 1_700_000_200.0, "testing", "anthropic/claude", "cloud", "score", "stop"),
    RecentDecision("d1", 1_700_000_100.0, "debugging", "ollama/qwen", "device", "score", "stop"),
)
SAVED = Savings(0.424, 12.3, "USD")


def model(name: str, **more: Any) -> ModelStatus:
    """Return a loaded model of this machine."""
    provider = name.partition("/")[0]
    return replace(
        ModelStatus(name, provider, "device", 32768, (), True, True, "", 7.0, 1.0, 40.0),
        loaded_tokens=8192,
        **more,
    )

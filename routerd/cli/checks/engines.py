"""Engines and their models: found, reachable, recent enough, with windows that hold an agent's work."""

from collections.abc import Iterator, Mapping
from typing import Any

import anyio
import psutil

from routerd.cli.checks.finding import Finding, Scene
from routerd.cli.render import counted
from routerd.core.errors import RouterdError
from routerd.dialects import strict_json
from routerd.network.offline import LoopbackOnly, is_loopback
from routerd.network.outbound import HttpOutbound

# What an agent's prompt with its tools takes before the work begins.
USABLE_WINDOW = 16_384
# Ollama says what a model can do from 0.6.4 on, and which window is in effect from 0.10.0 on.
OLDEST_OLLAMA, OLLAMA_WITH_WINDOWS = (0, 6, 4), (0, 10, 0)
ASK_S = 3.0
_START = {
    "ollama": "ollama serve",
    "lmstudio": "lms server start",
    "openai_compatible": "start the server, or take its [[provider]] out of config.toml",
}
GET_A_MODEL = "ollama pull qwen2.5-coder:7b"


def engines(scene: Scene) -> Iterator[Finding]:
    """Which engines are there, and why not the others?"""
    configured = {provider.name for provider in scene.config.provider}
    for engine in scene.seen.get("engines", ()):
        name, detail = engine["name"], engine["detail"]
        if engine["up"] and engine["models"]:
            models = counted(engine["models"], "model")
            yield Finding("ok", f"{name} at {engine['address']}: {models}")
        elif engine["kind"] == "llamacpp":
            yield Finding("note", f"the embedded engine has no model ({detail or 'none found'})")
        elif name not in configured and "refused the connection" in detail:
            yield Finding("note", f"{name} is not running ({engine['address']})")
        else:
            key = f"routerd keys set {name}" if engine["zone"] == "cloud" else ""
            yield Finding(
                "warning",
                f"{name} can't be used: {detail}",
                "its models are left out of every choice",
                key or _START.get(engine["kind"], "routerd models --refresh"),
            )


def models(scene: Scene) -> Iterator[Finding]:
    """Is there a model for work?"""
    found = scene.seen.get("models", ())
    usable = [m for m in found if m["usable"] and "embeddings" not in m["capabilities"]]
    real = [model for model in usable if not model["plumbing"]]
    if not real:
        only = "only the plumbing check answers" if usable else "no model can answer"
        yield Finding("problem", only, "it is not a model for work" * bool(usable), GET_A_MODEL)
        return
    here = [model for model in real if model["zone"] == "device"]
    what = f"{counted(len(real), 'model')} can answer, {len(here)} on this machine"
    if here:
        yield Finding("ok", what)
    else:
        yield Finding("note", what, "offline mode leaves nobody to answer", GET_A_MODEL)


def versions(scene: Scene) -> Iterator[Finding]:
    """Is Ollama recent enough to say what routerd needs to know?"""
    for engine in scene.seen.get("engines", ()):
        if engine["kind"] != "ollama" or not (engine["up"] and is_loopback(engine["address"])):
            continue
        text = _ollama_version(engine["address"])
        version = _numbers(text)
        if version and version < OLLAMA_WITH_WINDOWS:
            old = version < OLDEST_OLLAMA
            lacks = "what its models can do" if old else "which window a model is loaded with"
            why = "so none of them can be used" if old else "so a prompt may be cut without a word"
            yield Finding(
                "problem" if old else "warning",
                f"Ollama {text} does not say {lacks}",
                why,
                "update Ollama: https://ollama.com/download",
            )
        elif version:
            yield Finding("ok", f"Ollama {text}")


def _ollama_version(address: str) -> str:
    async def ask() -> str:
        outbound = HttpOutbound(connect_s=ASK_S)
        door = LoopbackOnly(outbound)
        url = f"{address}/api/version"
        try:
            with anyio.move_on_after(ASK_S):
                async with door.send("GET", url, {}, first_byte_s=ASK_S, idle_s=ASK_S) as reply:
                    body = b"".join([data async for data in reply.body])
                return str(strict_json.request_object(body).get("version", ""))
        finally:
            await outbound.aclose()
        return ""

    try:
        return anyio.run(ask)
    except RouterdError:
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.partition("-")[0].split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else ()


def windows(scene: Scene) -> Iterator[Finding]:
    """Does a model's window in effect hold an agent's work?"""
    found = [m for m in scene.seen.get("models", ()) if m["usable"] and not m["plumbing"]]
    small = list(filter(_fixed_and_small, found))
    for model in small:
        yield Finding(
            "warning",
            f"{model['name']} has a window of {_window(model):,} tokens",
            f"agents send {USABLE_WINDOW:,} and more; it is left out of those requests",
            _larger(model),
        )
    if any(engine["kind"] == "ollama" and engine["up"] for engine in scene.seen.get("engines", ())):
        yield _ollamas_default(scene)
    if found and not small:
        yield Finding("ok", "every model has a window for an agent's work")


def _window(model: Mapping[str, Any]) -> int:
    return int(model["context_tokens"] or model["loaded_tokens"])


def _fixed_and_small(model: Mapping[str, Any]) -> bool:
    embeds = "embeddings" in model["capabilities"]
    return not embeds and model["zone"] == "device" and 0 < _window(model) < USABLE_WINDOW


def _larger(model: Mapping[str, Any]) -> str:
    if model["engine"] == "llamacpp":
        return "set `context_tokens = 32768` under [llamacpp] in config.toml"
    if model["engine"] == "openai_compatible":
        return "start its server with a larger window (llama-server: -c 32768)"
    return "use a model that was trained with a larger window"


def _ollamas_default(scene: Scene) -> Finding:
    told = scene.environ.get("OLLAMA_CONTEXT_LENGTH", "")
    if told.isdigit() and int(told) >= USABLE_WINDOW:
        return Finding("ok", f"Ollama's own default window is {int(told):,} tokens")
    return Finding(
        "note",
        "programs that ask Ollama directly get its default window, 4,096 tokens on most machines",
        "longer prompts are cut without a word; by way of routerd each gets the window it needs",
        "OLLAMA_CONTEXT_LENGTH=32768 ollama serve",
    )


def memory(scene: Scene) -> Iterator[Finding]:
    """Do the models fit into memory?"""
    machine = psutil.virtual_memory()
    local = [m for m in scene.seen.get("models", ()) if m["zone"] == "device" and m["size_bytes"]]
    warm = sum(model["size_bytes"] for model in local if model["warm"])
    total = f"{machine.total / 1e9:.0f} GB"
    if warm > 0.9 * machine.total:
        yield Finding(
            "warning",
            f"loaded models take {warm / 1e9:.1f} GB of {total}",
            "the machine swaps, and answers take minutes",
            "ollama stop MODEL",
        )
    for model in local:
        if model["size_bytes"] > 0.9 * machine.total and model["usable"]:
            yield Finding(
                "warning",
                f"{model['name']} needs {model['size_bytes'] / 1e9:.1f} GB; there are {total}",
                "loading it fails, or the machine swaps",
                "use a smaller model or a smaller quantisation",
            )
    yield Finding("ok", f"{total} of memory, {machine.available / 1e9:.1f} GB free")

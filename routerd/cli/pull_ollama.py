"""`pull NAME:TAG`: has Ollama download one of its models, with progress."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import partial

from routerd.core.config import Config
from routerd.core.errors import RouterdError
from routerd.core.ports import Outbound
from routerd.network.sdk_transport import OutboundTransport
from routerd.providers.ollama import OllamaProvider
from routerd.settings import engines

# As Ollama names them: qwen2.5-coder:7b, library/llama3.2, hf.co/owner/repo:Q4_K_M.
_PREFIX = "ollama:"
_NAME = re.compile(r"[\w.-]+(/[\w.-]+){0,3}(:[\w.-]+)?")
_TAGGED = re.compile(r"[\w.-]+:[\w.-]+")
FIRST_BYTE_S, IDLE_S = 30.0, 120.0
Show = Callable[[str, int, int], None]


def model_name(source: str) -> str:
    """Return the model's name where the source means one of Ollama's, else ''.

    `ollama:NAME` always does, `NAME:TAG` without a slash too. Raises: RouterdError.
    """
    name = source.removeprefix(_PREFIX)
    if name == source and not _TAGGED.fullmatch(source):
        return ""
    if not _NAME.fullmatch(name):
        raise RouterdError(f"'{name[:100]}' is no name of a model; try ollama:qwen2.5-coder:7b.")
    return name


def provider(config: Config, environ: dict[str, str], outbound: Outbound) -> OllamaProvider:
    """Return the Ollama server that is configured or well known. Raises: RouterdError."""
    if config.offline:
        raise RouterdError(
            "Offline mode is on, and Ollama would download from its own servers. "
            "Set `offline = false` in config.toml to allow it."
        )
    found = next((p for p in engines.wanted(config, environ) if p.kind == "ollama"), None)
    if found is None:
        raise RouterdError("No Ollama is configured, and looking for it is switched off.")
    url = found.base_url or engines.ollama_address("")[0]
    make = partial(OutboundTransport, outbound, first_byte_s=FIRST_BYTE_S, idle_s=IDLE_S)
    return OllamaProvider(found.name, url, found.zone, make)


async def pull(server: OllamaProvider, model: str, show: Show) -> None:
    """Download; what was downloaded before is kept by Ollama itself. Raises: ProviderFailed."""
    steps: AsyncIterator[tuple[str, int, int]]
    async with aclosing(server.pull(model)) as steps:
        async for status, done, total in steps:
            show(status, done, total)

"""LM Studio's own SDK: what its REST API can't do, or could not before 0.4.0.

Loading with a time to live (REST takes none, so what it loads stays for ever), and listing, loading
and unloading at servers of any age. The connection is `network.lmstudio_link`'s.
"""

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

import anyio

from routerd.core.errors import ProviderFailed

if TYPE_CHECKING:
    import lmstudio

Open = Callable[[], AbstractAsyncContextManager["lmstudio.AsyncClient"]]
Kind = Literal["llm", "embedding"]


class NoLink(ProviderFailed):
    """There is no speaking with the server by way of the SDK; REST may still do."""


class LMStudioSdk:
    """One server; every call opens a connection and closes it again."""

    def __init__(self, name: str, opened: Open, load_limit_s: float) -> None:
        self._name = name
        self._opened = opened
        self._load_limit_s = load_limit_s

    async def models(self) -> list[dict[str, Any]]:
        """Return what is downloaded, in the REST API's form. Raises: ProviderFailed."""
        async with self._client() as client:
            downloaded = await client.list_downloaded_models()
            loaded = [await model.get_info() for model in await client.list_loaded_models()]
        instances: dict[str, list[Mapping[str, Any]]] = {}
        for info in loaded:
            config = {"context_length": info.context_length}
            told = {"id": info.identifier, "config": config}
            instances.setdefault(info.model_key, []).append(told)
        return [_item(model.info, instances.get(model.model_key, [])) for model in downloaded]

    async def load(
        self, model: str, kind: Kind, context_tokens: int, ttl_s: int
    ) -> tuple[str, int, float]:
        """Load a model; return its instance's id, the window in effect, and the seconds it took.

        Raises: ProviderFailed.
        """
        config: Any = {"contextLength": context_tokens} if context_tokens else None
        began_s = time.monotonic()
        async with self._client() as client:
            space: Any = client.llm if kind == "llm" else client.embedding
            handle = await space.load_new_instance(model, ttl=ttl_s, config=config)
            took_s = time.monotonic() - began_s
            window = await handle.get_context_length()
        return str(handle.identifier), int(window), took_s

    async def unload(self, instance: str, kind: Kind) -> None:
        """Free an instance's memory. Raises: ProviderFailed."""
        async with self._client() as client:
            space: Any = client.llm if kind == "llm" else client.embedding
            await space.unload(instance)

    @asynccontextmanager
    async def _client(self) -> AsyncGenerator["lmstudio.AsyncClient"]:
        opened = False
        try:
            with anyio.fail_after(self._load_limit_s):
                async with self._opened() as client:
                    opened = True
                    yield client
        except ProviderFailed:
            raise
        except TimeoutError:
            why = f"{self._name} did not finish within {self._load_limit_s:.0f} s"
            raise ProviderFailed(why, "timeout") from None
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            if not opened or type(error).__name__ == "LMStudioWebsocketError":
                raise NoLink(
                    f"{self._name} does not speak with its SDK", "refused", said=said
                ) from error
            raise ProviderFailed(f"{self._name} refused", "died", said=said) from error


def _item(info: Any, instances: list[Mapping[str, Any]]) -> dict[str, Any]:
    able = {
        "vision": getattr(info, "vision", False),
        "trained_for_tool_use": getattr(info, "trained_for_tool_use", False),
    }
    return {
        "type": info.type,
        "key": info.model_key,
        "size_bytes": info.size_bytes,
        "params_string": info.params_string,
        "max_context_length": info.max_context_length,
        "capabilities": able,
        "loaded_instances": instances,
    }

"""The models as each dialect lists them: `auto` first, then everything that can be used by name."""

import hashlib
from collections.abc import Iterable
from typing import Any

from routerd.core.candidate import Candidate, Capabilities
from routerd.core.errors import NotFound
from routerd.endpoints import views
from routerd.endpoints.house import Snapshot

WISHES = ("auto", "auto:fast", "auto:cheap", "auto:best", "auto:local")
# No model of routerd's has a date; clients want one to sort by.
_EPOCH = "1970-01-01T00:00:00Z"
_OLLAMA_NAMES = {
    "tools": "tools",
    "vision": "vision",
    "fim": "insert",
    "thinking": "thinking",
    "embeddings": "embedding",
}


def _usable(snapshot: Snapshot) -> list[Candidate]:
    return [c for c in snapshot.catalogue.candidates() if c.usable]


def _any_of(candidates: Iterable[Candidate]) -> tuple[int, Capabilities]:
    """Return the largest window and all abilities.

    That is what one may ask of `auto`: whoever lacks the window or the ability is left out of the
    choice for that request, so the largest is what counts.
    """
    chat = [c for c in candidates if not c.capabilities.embeddings]
    real = [c for c in chat if not c.plumbing] or chat
    window = max((c.context_tokens for c in real), default=0)
    able = {name for c in real for name in views.capabilities(c.capabilities)}
    return window, Capabilities(**dict.fromkeys(able, True))


def listed(snapshot: Snapshot) -> dict[str, Any]:
    """Return the list for OpenAI's and Anthropic's clients; each finds its own fields in it."""
    usable = _usable(snapshot)
    data = []
    for wish in WISHES:
        may = [c for c in usable if not c.leaves_machine] if wish == "auto:local" else usable
        data.append(_entry(wish, "routerd", *_any_of(may)))
    data += [_entry(c.name, c.provider, c.context_tokens, c.capabilities) for c in usable]
    ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]}
    return {"object": "list", "data": data, "has_more": False, **ends}


def _entry(name: str, owner: str, window: int, able: Capabilities) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": owner,
        "type": "model",
        "display_name": name,
        "created_at": _EPOCH,
        "context_length": window or None,
        "max_input_tokens": window or None,
        "capabilities": views.capabilities(able),
    }


def tags(snapshot: Snapshot, *, warm_only: bool = False) -> dict[str, Any]:
    """Return the list for Ollama's clients; `warm_only`: those that are loaded."""
    usable = _usable(snapshot)
    found = [_tag(c.name, c) for c in usable if c.warm or not warm_only]
    wishes = [] if warm_only or not usable else [_tag(wish, None) for wish in WISHES]
    return {"models": [*wishes, *found]}


def _tag(name: str, candidate: Candidate | None) -> dict[str, Any]:
    # Clients show the start of the digest and tell models apart by it.
    digest = hashlib.sha256(name.encode()).hexdigest()
    tag = {"name": name, "model": name, "modified_at": _EPOCH, "size": 0, "digest": digest}
    window = candidate.context_tokens if candidate else 0
    return {**tag, "details": _details(candidate), "context_length": window}


def _details(candidate: Candidate | None) -> dict[str, Any]:
    size = candidate.parameters_b if candidate else 0.0
    return {
        "parent_model": "",
        "format": "routerd" if candidate is None else candidate.provider,
        "family": "routerd",
        "families": ["routerd"],
        "parameter_size": f"{size:g}B" if size else "",
        "quantization_level": candidate.quantisation if candidate else "",
    }


def shown(snapshot: Snapshot, name: str) -> dict[str, Any]:
    """Return one model for Ollama's clients; any name that would be answered is shown.

    Raises: NotFound.
    """
    usable = _usable(snapshot)
    candidate = next((c for c in usable if name in (c.name, c.model)), None)
    if candidate is not None:
        window, able = candidate.context_tokens, candidate.capabilities
    elif name in WISHES or name.removesuffix(":latest") in WISHES:
        window, able = _any_of(usable)
    else:
        raise NotFound(f"model '{name[:100]}' not found; GET /api/tags lists what there is")
    names = [_OLLAMA_NAMES[a] for a in views.capabilities(able) if a in _OLLAMA_NAMES]
    chat = [] if able.embeddings else ["completion"]
    info = {"general.architecture": "routerd", "routerd.context_length": window}
    return {
        "modelfile": "",
        "parameters": f"num_ctx {window}" if window else "",
        "template": "",
        "details": _details(candidate),
        "model_info": info,
        "capabilities": [*chat, *names],
        "modified_at": _EPOCH,
    }

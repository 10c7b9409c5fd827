"""Ollama's routes, for tools that speak nothing else; they ask and list, and change nothing."""

import time
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from routerd.core.request import Request
from routerd.dialects import embeddings_door, ollama_answer, ollama_door, strict_json
from routerd.dialects.fields import optional
from routerd.endpoints import bodies, doors, model_views
from routerd.endpoints.answering import Answer, Door
from routerd.endpoints.house import House
from routerd.journey.embed import embed

# Clients compare this with the version from which Ollama has tools, thinking and JSON schema.
SPOKEN_VERSION = "0.13.0"


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""

    def answer(http: HttpRequest, request: Request, door: Door) -> Any:
        if not request.messages:
            generate = request.dialect == "ollama_generate"
            body = ollama_answer.encode_loaded(
                request.requested_model, int(time.time()), generate=generate
            )
            return HttpResponse(body, media_type="application/json")
        return Answer(house.current(), bodies.with_headers(request, http.headers), door)

    async def chat(http: HttpRequest) -> Any:
        request = ollama_door.decode_chat(await bodies.read(http))
        return answer(http, request, doors.OLLAMA_CHAT)

    async def generate(http: HttpRequest) -> Any:
        request = ollama_door.decode_generate(await bodies.read(http))
        return answer(http, request, doors.OLLAMA_GENERATE)

    async def embeddings(http: HttpRequest) -> HttpResponse:
        request = embeddings_door.decode_ollama(await bodies.read(http))
        found = await embed(house.current().journey, bodies.embedding_with(request, http.headers))
        body = embeddings_door.encode_ollama(found, old=http.url.path == "/api/embeddings")
        return HttpResponse(body, media_type="application/json")

    return [
        Route("/api/chat", chat, methods=["POST"]),
        Route("/api/generate", generate, methods=["POST"]),
        Route("/api/embed", embeddings, methods=["POST"]),
        Route("/api/embeddings", embeddings, methods=["POST"]),
        *_lists(house),
    ]


def _lists(house: House) -> list[Route]:
    async def version(_: HttpRequest) -> JSONResponse:
        return JSONResponse({"version": SPOKEN_VERSION})

    async def tags(_: HttpRequest) -> JSONResponse:
        return JSONResponse(model_views.tags(house.current()))

    async def running(_: HttpRequest) -> JSONResponse:
        return JSONResponse(model_views.tags(house.current(), warm_only=True))

    async def show(http: HttpRequest) -> JSONResponse:
        obj = strict_json.request_object(await bodies.read(http))
        # Older clients say `name`.
        name = optional(obj, "model", str) or optional(obj, "name", str) or ""
        return JSONResponse(model_views.shown(house.current(), name))

    return [
        Route("/api/version", version, methods=["GET"]),
        Route("/api/tags", tags, methods=["GET"]),
        Route("/api/ps", running, methods=["GET"]),
        Route("/api/show", show, methods=["POST"]),
    ]

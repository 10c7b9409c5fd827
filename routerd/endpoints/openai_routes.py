"""OpenAI's routes: chat completions, responses, completions, embeddings, and the models."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from routerd.core.errors import InvalidRequest, NotFound
from routerd.core.request import Request
from routerd.dialects import (
    embeddings_door,
    openai_chat_door,
    openai_completions_door,
    openai_responses_door,
)
from routerd.endpoints import bodies, doors, model_views
from routerd.endpoints.answering import Answer
from routerd.endpoints.house import House
from routerd.endpoints.kept_items import KeptItems
from routerd.journey.embed import embed


def decode_chat(body: bytes) -> Request:
    """Return the request of /v1/chat/completions.

    Cursor sends bodies of the Responses API there and reads the answer as a chat completion.
    Raises: InvalidRequest.
    """
    if b'"messages"' not in body and b'"input"' in body:
        request = openai_responses_door.decode_request(body)
        if request.native_only:
            raise InvalidRequest(
                f"{request.native_only} can't be answered as a chat completion; "
                "send it to /v1/responses.",
                "input",
            )
        return replace(request, dialect="openai", raw=b"", wants_usage=True)
    return openai_chat_door.decode_request(body)


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""
    kept = KeptItems()
    keeping = doors.openai_responses(kept.keep)

    async def chat_completions(http: HttpRequest) -> Any:
        request = decode_chat(await bodies.read(http))
        return Answer(
            house.current(), bodies.with_headers(request, http.headers), doors.OPENAI_CHAT
        )

    async def responses(http: HttpRequest) -> Any:
        body = kept.filled_in(await bodies.read(http))
        asked = bodies.with_headers(openai_responses_door.decode_request(body), http.headers)
        door = keeping if kept.wanted(body) else doors.OPENAI_RESPONSES
        return Answer(house.current(), asked, door)

    async def completions(http: HttpRequest) -> Any:
        request = openai_completions_door.decode_request(await bodies.read(http))
        asked = bodies.with_headers(request, http.headers)
        return Answer(house.current(), asked, doors.OPENAI_COMPLETIONS)

    async def embeddings(http: HttpRequest) -> HttpResponse:
        request, as_base64 = embeddings_door.decode_openai(await bodies.read(http))
        answer = await embed(house.current().journey, bodies.embedding_with(request, http.headers))
        body = embeddings_door.encode_openai(answer, as_base64=as_base64)
        return HttpResponse(body, media_type="application/json")

    return [
        Route("/v1/chat/completions", chat_completions, methods=["POST"]),
        Route("/v1/responses", responses, methods=["POST"]),
        Route("/v1/completions", completions, methods=["POST"]),
        Route("/v1/embeddings", embeddings, methods=["POST"]),
        *_models(house),
    ]


def _models(house: House) -> list[Route]:
    async def models(_: HttpRequest) -> JSONResponse:
        return JSONResponse(model_views.listed(house.current()))

    async def model(http: HttpRequest) -> JSONResponse:
        name = http.path_params["name"]
        entries = model_views.listed(house.current())["data"]
        found = next((entry for entry in entries if entry["id"] == name), None)
        if found is None:
            raise NotFound(f"There is no model '{name[:100]}'; GET /v1/models lists what there is.")
        return JSONResponse(found)

    return [
        Route("/v1/models", models, methods=["GET"]),
        Route("/v1/models/{name:path}", model, methods=["GET"]),
    ]

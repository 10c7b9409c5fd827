"""Anthropic's routes: messages, counting tokens, and the sign of life that its clients look for."""

from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from routerd.dialects import anthropic_door
from routerd.endpoints import bodies, doors
from routerd.endpoints.answering import Answer
from routerd.endpoints.house import House


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""

    async def messages(http: HttpRequest) -> Any:
        request = anthropic_door.decode_request(await bodies.read(http))
        asked = bodies.with_headers(request, http.headers)
        return Answer(house.current(), asked, doors.ANTHROPIC)

    async def count_tokens(http: HttpRequest) -> JSONResponse:
        # An estimate by length: which tokenizer counts is only known once a model is chosen.
        request = anthropic_door.decode_request(await bodies.read(http))
        return JSONResponse({"input_tokens": request.estimated_tokens})

    async def alive(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    return [
        Route("/v1/messages", messages, methods=["POST"]),
        Route("/v1/messages/count_tokens", count_tokens, methods=["POST"]),
        Route("/", alive, methods=["HEAD"]),
    ]

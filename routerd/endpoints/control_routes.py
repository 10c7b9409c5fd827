"""What the command line, the tray and the dashboard ask: state, decisions, and a few commands."""

import time
from dataclasses import asdict
from typing import Any

import anyio
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from routerd.core.errors import InvalidRequest
from routerd.core.request import Message, Request, Text
from routerd.dialects import openai_chat_door, strict_json
from routerd.endpoints import bodies, views
from routerd.endpoints.house import House


def request_from(values: dict[str, Any]) -> Request:
    """Return the request in a control body: `text`, or `messages` as in chat completions.

    Raises: InvalidRequest.
    """
    if "messages" in values:
        return openai_chat_door.decode_request(strict_json.dumps(values))
    text = values.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InvalidRequest("'text' must be a non-empty string.", "text")
    model = values.get("model") or "auto"
    if not isinstance(model, str):
        raise InvalidRequest("'model' must be a string.", "model")
    return Request(messages=(Message("user", (Text(text),)),), requested_model=model, dialect="cli")


def feedback_value(word: Any) -> float:
    """Return 0..1 for `good`, `bad` or a number. Raises: InvalidRequest."""
    value = {"good": 1.0, "bad": 0.0}.get(word) if isinstance(word, str) else word
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= 1.0:
        raise InvalidRequest("'value' must be good, bad, or a number from 0 to 1.", "value")
    return float(value)


def routes(house: House) -> list[Route]:
    """Return the routes of this door."""

    async def health(_: HttpRequest) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def status(_: HttpRequest) -> JSONResponse:
        return JSONResponse(asdict(await house.status()))

    async def decision(http: HttpRequest) -> JSONResponse:
        found = await house.decision(http.path_params["identity"])
        # Weighing other worlds takes up to 0.1 s where there are dozens of models.
        return JSONResponse(await anyio.to_thread.run_sync(views.why, *found))

    async def route(http: HttpRequest) -> JSONResponse:
        request = request_from(strict_json.request_object(await bodies.read(http)))
        made = await house.current().journey.decide(request)
        return JSONResponse(await anyio.to_thread.run_sync(views.explained, made))

    async def classify(http: HttpRequest) -> JSONResponse:
        request = request_from(strict_json.request_object(await bodies.read(http)))
        began_s = time.perf_counter()
        read = await house.current().journey.understanding.read(request)
        return JSONResponse(views.reading(read, (time.perf_counter() - began_s) * 1e3))

    return [
        Route("/health", health, methods=["GET"]),
        Route("/control/status", status, methods=["GET"]),
        Route("/control/decisions/{identity}", decision, methods=["GET"]),
        Route("/control/route", route, methods=["POST"]),
        Route("/control/classify", classify, methods=["POST"]),
        *_commands(house),
    ]


def _commands(house: House) -> list[Route]:
    async def refresh(_: HttpRequest) -> JSONResponse:
        await house.refresh()
        return JSONResponse(asdict(await house.status()))

    async def reload(_: HttpRequest) -> JSONResponse:
        fault = await house.reload()
        return JSONResponse({"ok": not fault, "error": fault})

    async def shutdown(_: HttpRequest) -> Response:
        house.stop()
        return JSONResponse({"ok": True}, status_code=202)

    async def feedback(http: HttpRequest) -> JSONResponse:
        values = strict_json.request_object(await bodies.read(http))
        identity = values.get("decision") or "last"
        if not isinstance(identity, str):
            raise InvalidRequest("'decision' must be a string.", "decision")
        return JSONResponse(await house.feedback(identity, feedback_value(values.get("value"))))

    return [
        Route("/control/feedback", feedback, methods=["POST"]),
        Route("/control/refresh", refresh, methods=["POST"]),
        Route("/control/reload", reload, methods=["POST"]),
        Route("/control/shutdown", shutdown, methods=["POST"]),
    ]

"""A bare OpenAI-compatible upstream, as fast as Python allows: what latencies are added to.

`python -m tests.bench.upstream` prints its port and serves until it is ended.
"""

import asyncio
import json

MODEL = "bench-7b"
WORDS = [f"word{i} " for i in range(20)]
_USAGE = {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40}


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    body = {
        "id": "x",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


_STREAM = b"".join(
    [*(_chunk({"content": word}) for word in WORDS), _chunk({}, "stop"), b"data: [DONE]\n\n"]
)
_WHOLE = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "".join(WORDS)},
                "finish_reason": "stop",
            }
        ],
        "usage": _USAGE,
    }
).encode()
_MODELS = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()


def _reply(kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            lowered = head.lower()
            at = lowered.find(b"content-length:")
            length = int(lowered[at + 15 : lowered.find(b"\r", at)]) if at >= 0 else 0
            body = await reader.readexactly(length)
            if head.startswith(b"GET"):
                writer.write(_reply("application/json", _MODELS))
            elif b'"stream":true' in body or b'"stream": true' in body:
                writer.write(_reply("text/event-stream", _STREAM))
            else:
                writer.write(_reply("application/json", _WHOLE))
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Serve on any free loopback port."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

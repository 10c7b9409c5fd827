"""A client and a backend of one dialect: what either says reaches the other byte for byte.

The backends' answers are written out here, with fields, events and number formats that routerd
does not know.
"""

import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx2
import pytest
from typing_extensions import override

from routerd.core.candidate import Candidate, Capabilities, Zone
from routerd.core.ports import Provider
from routerd.network.outbound import HttpOutbound
from routerd.network.sdk_transport import OutboundTransport
from routerd.providers.anthropic import AnthropicProvider
from routerd.providers.cloud import Account
from routerd.providers.ollama import OllamaProvider
from routerd.providers.openai import OpenAIProvider
from tests.fakes.clouds import PATIENT, FixedSecret
from tests.fakes.http_server import Call, FakeServer, Wire
from tests.fakes.scripted_house import TOKEN, ScriptedHouse, ServedHouse

SSE, JSON, LINES = "text/event-stream", "application/json", "application/x-ndjson"
ABLE = Capabilities(tools=True, vision=True, json_schema=True, thinking=True)


class Replaying(FakeServer):
    """Answers every request with the same bytes, in pieces that split events anywhere."""

    kind = SSE
    body = b""

    @override
    async def answer(self, call: Call, wire: Wire) -> None:
        await wire.head(200, self.kind, transfer_encoding="chunked")
        for at in range(0, len(self.body), 37):
            await wire.chunk(self.body[at : at + 37])
        await wire.end()


@pytest.fixture(scope="module")
def upstream() -> Iterator[Replaying]:
    with Replaying() as server:
        yield server


def _provider(kind: str, url: str, outbound: HttpOutbound) -> Provider:
    if kind == "ollama":
        make = partial(OutboundTransport, outbound, first_byte_s=5, idle_s=5)
        return OllamaProvider("up", url, "device", make)
    made = AnthropicProvider if kind == "anthropic" else OpenAIProvider
    account = Account("up", url if kind == "anthropic" else f"{url}/v1")
    return made(account, outbound, PATIENT, FixedSecret())


class Opened:
    """The doors over one real provider and the backend behind it."""

    def __init__(self, folder: Path, kind: str, upstream: Replaying, model: str) -> None:
        self.upstream = upstream
        self.model = f"up/{model}"
        self.served = ServedHouse(folder)
        zone: Zone = "device" if kind == "ollama" else "cloud"
        able = Candidate("up", model, zone, context_tokens=99_999, capabilities=ABLE, warm=True)
        outbound = HttpOutbound()
        self.served.closes.append(outbound)
        provider = _provider(kind, upstream.url, outbound)
        self.served.house = ScriptedHouse(provider, (able,))  # type: ignore[arg-type]

    def ask(self, path: str, body: bytes, answer: bytes, kind: str, **headers: str) -> bytes:
        """Return the answer's bytes; the backend got what `upstream.calls` says."""
        self.upstream.kind, self.upstream.body = kind, answer
        sent = {"authorization": f"Bearer {TOKEN}", "content-type": JSON, **headers}
        got = httpx2.post(
            f"{self.served.url}{path}", content=body, headers=sent, trust_env=False, timeout=10
        )
        assert got.status_code == 200, got.text
        return got.content

    def renamed(self, data: bytes, name: bytes) -> bytes:
        """Return what the client must see: the full name of the model in one place."""
        return data.replace(b'"' + name + b'"', f'"{self.model}"'.encode())


def _opened(
    factory: pytest.TempPathFactory, upstream: Replaying, kind: str, model: str
) -> Iterator[Opened]:
    opened = Opened(factory.mktemp(kind), kind, upstream, model)
    with opened.served:
        yield opened


@pytest.fixture(scope="module")
def anthropic(tmp_path_factory: pytest.TempPathFactory, upstream: Replaying) -> Iterator[Opened]:
    yield from _opened(tmp_path_factory, upstream, "anthropic", "claude-x")


@pytest.fixture(scope="module")
def openai(tmp_path_factory: pytest.TempPathFactory, upstream: Replaying) -> Iterator[Opened]:
    yield from _opened(tmp_path_factory, upstream, "openai", "gpt-4o")


@pytest.fixture(scope="module")
def ollama(tmp_path_factory: pytest.TempPathFactory, upstream: Replaying) -> Iterator[Opened]:
    yield from _opened(tmp_path_factory, upstream, "ollama", "qwen3:8b")


def _event(name: str, data: str) -> bytes:
    return f"event: {name}\ndata: {data}\n\n".encode()


def _usage(opened: Opened) -> tuple[int, int, int, str]:
    """Return what was read of the answer on the side: tokens in, out, cached, and the finish."""
    _, outcome, _ = opened.served.house.memory.remembered[-1]
    usage = outcome.usage
    return usage.input_tokens, usage.output_tokens, usage.cached_tokens, outcome.finish


CLAUDE_REQUEST = (
    b'{ "max_tokens": 1.0e2,"messages":[{"role":"user","content":[{"type":"text","text":"h\\u00e4",'
    b'"cache_control":{"type":"ephemeral","ttl":"1h"}}]}], "future" : {"model":"inner"},\n'
    b'"context_management":{"edits":[]},"mcp_servers":[], "model":"up/claude-x"%s}'
).replace(b"1.0e2", b"100")
CLAUDE_EVENTS = (
    _event(
        "message_start",
        '{"type":"message_start", "message":{"id":"msg_1","type":"message","role":"assistant",'
        '"model":"claude-x-2026","content":[],"stop_reason":null,"container":{"id":"c","n":1.50},'
        '"usage":{"input_tokens":3,"cache_read_input_tokens":7,"output_tokens":1}}}',
    ),
    _event("ping", '{"type": "ping"}'),
    _event(
        "content_block_start",
        '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
    ),
    _event("future_event", '{"type":"future_event","deep":{"model":"stays"}}'),
    _event(
        "content_block_delta",
        '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\\u00e4h"}}',
    ),
    _event(
        "content_block_delta",
        '{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta",'
        '"citation":{"type":"char_location","cited_text":"x","document_index":0}}}',
    ),
    _event("content_block_stop", '{"type":"content_block_stop","index":0}'),
    _event(
        "content_block_start",
        '{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use",'
        '"id":"srvtoolu_1","name":"web_search","input":{}}}',
    ),
    _event("content_block_stop", '{"type":"content_block_stop","index":1}'),
    _event(
        "message_delta",
        '{"type":"message_delta","delta":{"stop_reason":"pause_turn","stop_sequence":null},'
        '"usage":{"output_tokens":11,"server_tool_use":{"web_search_requests":1}}}',
    ),
    _event("message_stop", '{"type":"message_stop"}'),
)
CLAUDE_WHOLE = (
    b'{"model": "claude-x-2026","id":"msg_1","type":"message","role":"assistant","content":['
    b'{"type":"thinking","thinking":"hm","signature":"s"},{"type":"text","text":"hi","citations":'
    b'[{"type":"char_location"}]},{"type":"tool_use","id":"t","name":"f","input":{"a":1.0}}],'
    b'"stop_reason":"tool_use","stop_sequence":null,"future":1.50,'
    b'"usage":{"input_tokens":3,"cache_read_input_tokens":7,"output_tokens":11}}'
)


def test_anthropics_stream_is_passed_on(anthropic: Opened) -> None:
    raw, sent = CLAUDE_REQUEST % b',"stream":true', b"".join(CLAUDE_EVENTS)
    beta = {"anthropic-beta": "new-2026-11-01", "anthropic-version": "2023-06-01"}
    got = anthropic.ask("/v1/messages?beta=true", raw, sent, SSE, **beta)
    assert got == anthropic.renamed(sent, b"claude-x-2026")
    call = anthropic.upstream.calls[-1]
    assert call.body == raw.replace(b'"up/claude-x"', b'"claude-x"')
    assert {name: call.headers[name] for name in beta} == beta
    assert _usage(anthropic) == (10, 11, 7, "stop")


def test_anthropics_whole_answer_is_passed_on(anthropic: Opened) -> None:
    raw = CLAUDE_REQUEST % b""
    got = anthropic.ask("/v1/messages", raw, CLAUDE_WHOLE, JSON)
    assert got == anthropic.renamed(CLAUDE_WHOLE, b"claude-x-2026")
    assert anthropic.upstream.calls[-1].body == raw.replace(b'"up/claude-x"', b'"claude-x"')
    assert _usage(anthropic) == (10, 11, 7, "tool_calls")


def test_thinking_that_others_signed_is_all_that_goes_out(anthropic: Opened) -> None:
    other = b'{"type":"thinking","thinking":"x","signature":"routerd:gemini:y"}'
    raw = (
        b'{"max_tokens":9,"n" : 1.50,"model":"up/claude-x","messages":[{"role":"user","content":'
        b'"a"},{"role":"assistant","content":[%s,{"type":"text","text":"b"}]},'
        b'{"role":"user","content":"c"}]}'
    )
    anthropic.ask("/v1/messages", raw % other, CLAUDE_WHOLE, JSON)
    body = anthropic.upstream.calls[-1].body
    assert body.startswith(b'{"max_tokens":9,"n" : 1.50,"model":"claude-x","messages":')
    assert [len(m["content"]) for m in json.loads(body)["messages"]] == [1, 1, 1]


RESPONSES_REQUEST = (
    b'{"input":[{"type":"message","role":"user","content":"hi"},{"type":"reasoning","id":"rs_1",'
    b'"summary":[],"encrypted_content":"gAAAA"},{"type":"function_call","call_id":"c","name":"f",'
    b'"arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"1"}],'
    b'"text":{"verbosity":"low"},"future":1.50,"include":["reasoning.encrypted_content"],'
    b'"store":false, "model" : "up/gpt-4o"%s}'
)
_RESPONSE = (
    '{"id":"resp_1","object":"response","created_at":1,"status":"%s","model":"gpt-4o-2026",'
    '"future":{"model":"inner"},"output":%s,"usage":%s}'
)
_TOLD = '{"input_tokens":30,"input_tokens_details":{"cached_tokens":16},"output_tokens":11}'
_MESSAGE = (
    '{"id":"msg_1","type":"message","role":"assistant","status":"completed","content":['
    '{"type":"output_text","text":"hi","annotations":[{"type":"url_citation"}]}]}'
)
RESPONSES_WHOLE = (_RESPONSE % ("completed", f"[{_MESSAGE}]", _TOLD)).encode()
RESPONSES_EVENTS = (
    _event(
        "response.created",
        '{"type":"response.created","sequence_number":0,"response":%s}'
        % (_RESPONSE % ("in_progress", "[]", "null")),
    ),
    _event(
        "response.output_item.added",
        '{"type":"response.output_item.added","output_index":0,"sequence_number":1,"item":'
        '{"id":"ws_1","type":"web_search_call","status":"in_progress"}}',
    ),
    _event(
        "response.web_search_call.searching",
        '{"type":"response.web_search_call.searching","output_index":0,"item_id":"ws_1"}',
    ),
    _event(
        "response.output_text.delta",
        '{"type":"response.output_text.delta","delta":"hi","item_id":"msg_1","output_index":1,'
        '"content_index":0,"obfuscation":"xyz","sequence_number":3}',
    ),
    _event(
        "response.completed",
        '{"sequence_number":4,"type":"response.completed","response":%s}'
        % (_RESPONSE % ("completed", f"[{_MESSAGE}]", _TOLD)),
    ),
)


@pytest.mark.parametrize(
    ("more", "answer", "kind"),
    [(b',"stream":true', b"".join(RESPONSES_EVENTS), SSE), (b"", RESPONSES_WHOLE, JSON)],
    ids=["streamed", "whole"],
)
def test_responses_are_passed_on(openai: Opened, more: bytes, answer: bytes, kind: str) -> None:
    raw = RESPONSES_REQUEST % more
    beta = {"openai-beta": "responses=experimental"}
    got = openai.ask("/v1/responses", raw, answer, kind, **beta)
    assert got == openai.renamed(answer, b"gpt-4o-2026")
    call = openai.upstream.calls[-1]
    assert call.body == raw.replace(b'"up/gpt-4o"', b'"gpt-4o"')
    assert call.headers["openai-beta"] == "responses=experimental"
    assert _usage(openai) == (30, 11, 16, "stop")


def test_reasoning_is_sent_back_only_to_who_made_it(openai: Opened) -> None:
    def item(identity: str, sealed: str) -> str:
        told = {"type": "reasoning", "id": identity, "summary": []}
        return json.dumps(told | ({"encrypted_content": sealed} if sealed else {}))

    items = [
        item("rs_resp_1", "routerd:openai:rs_9 gBBBB"),
        item("rs_resp_2", "routerd:gemini:x"),
        item("rs_resp_3", ""),
        '{"type":"message","role":"user","content":"hi"}',
    ]
    raw = '{"n" : 1.50,"model":"up/gpt-4o","input":[' + ",".join(items) + "]}"
    openai.ask("/v1/responses", raw.encode(), RESPONSES_WHOLE, JSON)
    body = openai.upstream.calls[-1].body
    assert body.startswith(b'{"n" : 1.50,"model":"gpt-4o","input":')
    kept = json.loads(body)["input"]
    assert [(i.get("id"), i.get("encrypted_content")) for i in kept] == [
        ("rs_9", "gBBBB"),
        (None, None),
    ]


CHAT_REQUEST = (
    b'{"messages":[{"role":"developer","content":"s"},{"role":"user","content":"hi"}],'
    b'"prediction":{"type":"content","content":"x"},"logit_bias":{"5":-1.0e2},"model":"up/gpt-4o"%s}'
)
_DELTA = '{"id":"c","object":"chat.completion.chunk","model":"gpt-4o-2026","choices":[%s]%s}'
CHAT_EVENTS = "".join(
    f"data: {data}\n\n"
    for data in (
        _DELTA % ('{"index":0,"delta":{"role":"assistant","refusal":null},"future":1.50}', ""),
        _DELTA % ('{"index":0,"delta":{"content":"hi","annotations":[]}}', ',"obfuscation":"x"'),
        _DELTA % ('{"index":0,"delta":{},"finish_reason":"stop"}', ""),
        _DELTA % ("", ',"usage":{"prompt_tokens":5,"completion_tokens":2}'),
        "[DONE]",
    )
).encode()
CHAT_WHOLE = (
    b'{"id":"c","model":"gpt-4o-2026","choices":[{"index":0,"message":{"role":"assistant","content":'
    b'"hi","annotations":[]},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,'
    b'"completion_tokens":2},"service_tier":"default"}'
)


@pytest.mark.parametrize(
    ("more", "answer", "kind"),
    [
        (b',"stream":true,"stream_options":{"include_usage":true}', CHAT_EVENTS, SSE),
        (b"", CHAT_WHOLE, JSON),
    ],
    ids=["streamed", "whole"],
)
def test_a_clouds_chat_is_passed_on(openai: Opened, more: bytes, answer: bytes, kind: str) -> None:
    raw = CHAT_REQUEST % more
    got = openai.ask("/v1/chat/completions", raw, answer, kind)
    assert got == openai.renamed(answer, b"gpt-4o-2026")
    assert openai.upstream.calls[-1].body == raw.replace(b'"up/gpt-4o"', b'"gpt-4o"')
    assert _usage(openai) == (5, 2, 0, "stop")


OLLAMA_REQUEST = (
    b'{"messages":[{"role":"user","content":"hi","future":1}],"keep_alive":"9m","think":true,'
    b'"options":{"min_p":1.0e-2,"mirostat":0},"model" : "up/qwen3:8b"%s}'
)
OLLAMA_LINES = (
    b'{"model":"qwen3:8b","created_at":"2026-11-01T00:00:00.123456789Z","message":{"role":'
    b'"assistant","content":"h\xc2\x85i"},"done":false,"future":1.50}\n',
    b'{"message":{"content":"","role":"assistant","tool_calls":[{"id":"call_9","function":{"index":'
    b'0,"name":"f","arguments":{"a":1.0}}}]},"model":"qwen3:8b","done":false}\n',
    b'{"model":"qwen3:8b","message":{"role":"assistant","content":""},"done":true,"done_reason":'
    b'"stop","total_duration":174560334,"prompt_eval_count":5,"eval_count":2}\n',
)
OLLAMA_WHOLE = (
    b'{"model":"qwen3:8b","message":{"role":"assistant","content":"hi","thinking":"hm"},"done":true,'
    b'"done_reason":"stop","eval_duration":7,"prompt_eval_count":5,"eval_count":2}'
)


@pytest.mark.parametrize(
    ("more", "answer", "kind", "finish"),
    [
        (b"", b"".join(OLLAMA_LINES), LINES, "tool_calls"),
        (b',"stream":false', OLLAMA_WHOLE, JSON, "stop"),
    ],
    ids=["streamed", "whole"],
)
def test_ollamas_chat_is_passed_on(
    ollama: Opened, more: bytes, answer: bytes, kind: str, finish: str
) -> None:
    raw = OLLAMA_REQUEST % more
    got = ollama.ask("/api/chat", raw, answer, kind)
    assert got == ollama.renamed(answer, b"qwen3:8b")
    body = ollama.upstream.calls[-1].body
    # What would cut a prompt in silence is forbidden, and the window is routerd's to set.
    added, window = b'{"shift":false,"truncate":false,', json.loads(body)["options"]["num_ctx"]
    kept = raw.replace(b'"up/qwen3:8b"', b'"qwen3:8b"').replace(
        b'"options":{', b'"options":{"num_ctx":%d,' % window
    )
    assert body == added + kept[1:]
    assert _usage(ollama) == (5, 2, 0, finish)


def test_the_dialects_of_others_are_translated(anthropic: Opened, ollama: Opened) -> None:
    said = b'{"model":"%s","messages":[{"role":"user","content":"hi"}]}'
    events: Sequence[bytes] = CLAUDE_EVENTS
    got = anthropic.ask("/v1/chat/completions", said % b"up/claude-x", b"".join(events), SSE)
    assert json.loads(got)["choices"][0]["message"]["content"] == "äh"
    got = ollama.ask("/v1/chat/completions", said % b"up/qwen3:8b", b"".join(OLLAMA_LINES), LINES)
    choice = json.loads(got)["choices"][0]
    assert choice["message"]["content"] == "h\x85i"
    assert choice["message"]["tool_calls"][0]["function"]["arguments"] == '{"a":1.0}'

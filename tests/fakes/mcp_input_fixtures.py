"""Tools and a prompt of the conformance suite that ask for input by answering (2026-07-28)."""

from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequest,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    SamplingMessage,
    TextContent,
)

Answer = str | InputRequiredResult


def _ask(message: str, name: str, kind: str = "string") -> InputRequest:
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


NAME = _ask("What is your name?", "name")


def _sample(text: str, max_tokens: int) -> InputRequest:
    asked = [SamplingMessage(role="user", content=TextContent(type="text", text=text))]
    return CreateMessageRequest(
        params=CreateMessageRequestParams(messages=asked, max_tokens=max_tokens)
    )


def _need(state: str | None = None, **requests: InputRequest) -> InputRequiredResult:
    return InputRequiredResult(input_requests=requests, request_state=state)


def _said(context: Context, key: str, name: str) -> Any:
    """Return what the user filled in, None where there is nothing of the kind."""
    answer = (context.input_responses or {}).get(key)
    content = answer.content if isinstance(answer, ElicitResult) else None
    return content.get(name) if content else None


def _has(context: Context, *keys: str) -> bool:
    return set(keys) <= set(context.input_responses or {})


def add(server: MCPServer) -> None:
    """Put all of it on the server."""
    _single(server)
    _of_clients(server)
    _with_state(server)
    _several(server)

    @server.prompt(description="Needs a context")
    def test_input_required_result_prompt(context: Context) -> Any:
        told = _said(context, "user_context", "context")
        if told is None:
            return _need(user_context=_ask("What context should the prompt use?", "context"))
        return f"Use this context: {told}"


def _single(server: MCPServer) -> None:
    @server.tool(description="Asks for a name", structured_output=False)
    async def test_input_required_result_elicitation(context: Context) -> Answer:
        name = _said(context, "user_name", "name")
        return _need(user_name=NAME) if name is None else f"Hello, {name}!"

    @server.tool(description="Asks for a name in one round", structured_output=False)
    async def test_streaming_elicitation(context: Context) -> Answer:
        name = _said(context, "user_name", "name")
        return _need(user_name=NAME) if name is None else f"Hello, {name}!"


def _of_clients(server: MCPServer) -> None:
    @server.tool(description="Asks the client's model", structured_output=False)
    async def test_input_required_result_sampling(context: Context) -> Answer:
        if not _has(context, "capital_question"):
            return _need(capital_question=_sample("What is the capital of France?", 100))
        answer: Any = (context.input_responses or {})["capital_question"]
        return str(answer.content.text)

    @server.tool(description="Asks for roots", structured_output=False)
    async def test_input_required_result_list_roots(context: Context) -> Answer:
        answer = (context.input_responses or {}).get("client_roots")
        if not isinstance(answer, ListRootsResult):
            return _need(client_roots=ListRootsRequest())
        return ", ".join(str(root.uri) for root in answer.roots)

    @server.tool(description="Asks for what the client can do", structured_output=False)
    async def test_input_required_result_capabilities(context: Context) -> Answer:
        able = context.client_capabilities
        wanted: dict[str, InputRequest] = {}
        if able and able.sampling is not None:
            wanted["greeting"] = _sample("Generate a greeting", 50)
        if able and able.elicitation is not None:
            wanted["user_name"] = NAME
        return _need(**wanted) if wanted and not context.input_responses else "Done."


def _with_state(server: MCPServer) -> None:
    @server.tool(description="Keeps a state", structured_output=False)
    async def test_input_required_result_request_state(context: Context) -> Answer:
        if not _has(context, "confirm"):
            return _need("one", confirm=_ask("Please confirm", "ok", "boolean"))
        return "state-ok" if context.request_state == "one" else "no state"

    @server.tool(description="Keeps a state that can't be forged", structured_output=False)
    async def test_input_required_result_tampered_state(context: Context) -> Answer:
        if not _has(context, "confirm"):
            return _need("sealed", confirm=_ask("Please confirm", "ok", "boolean"))
        if context.request_state != "sealed":
            raise MCPError(INVALID_PARAMS, "The state is not the one that was given out")
        return "state-ok"


def _several(server: MCPServer) -> None:
    @server.tool(description="Asks for three things", structured_output=False)
    async def test_input_required_result_multiple_inputs(context: Context) -> Answer:
        wanted: dict[str, InputRequest] = {
            "user_name": NAME,
            "greeting": _sample("Generate a greeting", 50),
            "client_roots": ListRootsRequest(),
        }
        return "All there." if _has(context, *wanted) else _need("three", **wanted)

    @server.tool(description="Asks twice", structured_output=False)
    async def test_input_required_result_multi_round(context: Context) -> Answer:
        if context.request_state == "first" and _has(context, "step1"):
            return _need("second", step2=_ask("Step 2: What is your favorite color?", "color"))
        if context.request_state == "second" and _has(context, "step2"):
            return "Both told."
        return _need("first", step1=_ask("Step 1: What is your name?", "name"))

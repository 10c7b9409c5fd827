"""What the official MCP conformance suite asks of a server besides its own: tools that give images,
ask back, report progress and fail, resources and prompts of fixed names.

Names, arguments and texts are the suite's own (its scenarios' descriptions, 0.2.0-alpha.12). They
are put beside routerd's own tools on the door that the tests build; the product has no such switch.
"""

import base64
import json
from typing import Annotated, Any, cast

import anyio
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.prompts.base import Message, UserMessage
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    ClientCapabilities,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    MissingRequiredClientCapabilityErrorData,
    SamplingCapability,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)
from pydantic import Field

from tests.fakes import mcp_input_fixtures

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00@\x1f\x00\x00\x80>\x00\x00\x02\x00\x10\x00data\x00\x00\x00\x00"
SCHEMA_2020_12 = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def add(server: MCPServer) -> None:
    """Put all of it on the server."""
    _contents(server)
    _while_running(server)
    _hooks(server)
    _asking_back(server)
    _schemas(server)
    _resources(server)
    _prompts(server)
    _older_requests(server)
    mcp_input_fixtures.add(server)


def _image() -> ImageContent:
    return ImageContent(type="image", data=base64.b64encode(PNG).decode(), mime_type="image/png")


def _embedded(uri: str, mime_type: str, text: str) -> EmbeddedResource:
    inner = TextResourceContents(uri=uri, mime_type=mime_type, text=text)
    return EmbeddedResource(type="resource", resource=inner)


def _contents(server: MCPServer) -> None:
    @server.tool(description="Simple text")
    async def test_simple_text() -> str:
        return "This is a simple text response for testing."

    @server.tool(description="An image", structured_output=False)
    async def test_image_content() -> list[ImageContent]:
        return [_image()]

    @server.tool(description="Sound", structured_output=False)
    async def test_audio_content() -> list[AudioContent]:
        data = base64.b64encode(WAV).decode()
        return [AudioContent(type="audio", data=data, mime_type="audio/wav")]

    @server.tool(description="A resource inside", structured_output=False)
    async def test_embedded_resource() -> list[EmbeddedResource]:
        text = "This is an embedded resource content."
        return [_embedded("test://embedded-resource", "text/plain", text)]

    @server.tool(description="Several kinds", structured_output=False)
    async def test_multiple_content_types() -> list[Any]:
        text = '{"test":"data","value":123}'
        inner = _embedded("test://mixed-content-resource", "application/json", text)
        return [
            TextContent(type="text", text="Multiple content types test:"),
            _image(),
            inner,
        ]

    @server.tool(description="Always fails")
    async def test_error_handling() -> str:
        raise ToolError("This tool intentionally returns an error for testing")


def _while_running(server: MCPServer) -> None:
    async def logged(context: Context) -> str:
        for text in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await context.log("info", text)  # type: ignore[deprecated]
            await anyio.sleep(0.05)  # the suite asks for it
        return "Logged."

    server.add_tool(logged, "test_tool_with_logging", description="Writes to the log")
    server.add_tool(logged, "test_logging_tool", description="Writes to the log")

    @server.tool(description="Reports progress")
    async def test_tool_with_progress(context: Context) -> str:
        for done in (0, 50, 100):
            await context.report_progress(done, 100)
            await anyio.sleep(0.05)  # the suite asks for it
        return "Done."

    @server.tool(description="Closes its stream in the middle")
    async def test_reconnection(context: Context) -> str:
        await context.close_sse_stream()
        await anyio.sleep(0.1)  # the suite asks for it
        return "Reconnected."


def _hooks(server: MCPServer) -> None:
    @server.tool(description="Changes the list of tools")
    async def test_trigger_tool_change(context: Context) -> str:
        await context.notify_tools_changed()
        return "Changed."

    @server.tool(description="Changes the list of prompts")
    async def test_trigger_prompt_change(context: Context) -> str:
        await context.notify_prompts_changed()
        return "Changed."

    @server.tool(description="Needs a client that samples")
    async def test_missing_capability(context: Context) -> str:
        able = context.client_capabilities
        if able is None or able.sampling is None:
            wanted = ClientCapabilities(sampling=SamplingCapability())
            data = MissingRequiredClientCapabilityErrorData(required_capabilities=wanted)
            told = data.model_dump(by_alias=True, mode="json", exclude_none=True)
            raise MCPError(MISSING_REQUIRED_CLIENT_CAPABILITY, "It can't sample", told)
        return "It can."


def _asking_back(server: MCPServer) -> None:
    async def elicited(context: Context, message: str, schema: dict[str, Any]) -> str:
        answer = await context.session.elicit(message, schema, context.request_id)
        return f"action={answer.action}, content={json.dumps(answer.content)}"

    @server.tool(description="Asks the client's model")
    async def test_sampling(prompt: str, context: Context) -> str:
        asked = [SamplingMessage(role="user", content=TextContent(type="text", text=prompt))]
        answer = await context.session.create_message(  # type: ignore[deprecated]
            asked, max_tokens=100, related_request_id=context.request_id
        )
        return f"LLM response: {cast(TextContent, answer.content).text}"

    @server.tool(description="Asks the user")
    async def test_elicitation(message: str, context: Context) -> str:
        text = {"type": "string"}
        schema = {
            "type": "object",
            "properties": {
                "username": {**text, "description": "User's response"},
                "email": {**text, "description": "User's email address"},
            },
            "required": ["username", "email"],
        }
        return f"User response: {await elicited(context, message, schema)}"

    @server.tool(description="Asks the user, with defaults")
    async def test_elicitation_sep1034_defaults(context: Context) -> str:
        names = ["active", "inactive", "pending"]
        properties = {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": names, "default": "active"},
            "verified": {"type": "boolean", "default": True},
        }
        schema = {"type": "object", "properties": properties, "required": []}
        return f"Elicitation completed: {await elicited(context, 'Defaults', schema)}"

    @server.tool(description="Asks the user, with choices")
    async def test_elicitation_sep1330_enums(context: Context) -> str:
        plain = {"type": "string", "enum": ["option1", "option2", "option3"]}
        titled = [
            {"const": f"value{n}", "title": f"{word} Option"}
            for n, word in enumerate(("First", "Second", "Third"), 1)
        ]
        old = ["Option One", "Option Two", "Option Three"]
        properties = {
            "untitledSingle": plain,
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": old},
            "untitledMulti": {"type": "array", "items": plain},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        }
        schema = {"type": "object", "properties": properties, "required": []}
        return f"Elicitation completed: {await elicited(context, 'Choices', schema)}"


def _schemas(server: MCPServer) -> None:
    @server.tool(description="Arguments that are mirrored in headers")
    async def test_custom_headers(
        region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})],
    ) -> str:
        return region

    async def any_contact() -> str:
        return "ok"

    server.add_tool(any_contact, "json_schema_2020_12_tool", description="A schema of 2020-12")
    tool = server._tool_manager.get_tool("json_schema_2020_12_tool")
    assert tool is not None
    tool.parameters = SCHEMA_2020_12


def _resources(server: MCPServer) -> None:
    @server.resource("test://static-text", mime_type="text/plain", description="Text")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png", description="Bytes")
    def static_binary() -> bytes:
        return PNG

    @server.resource("test://watched-resource", mime_type="text/plain", description="Watched")
    def watched() -> str:
        return "Watched."

    @server.resource("test://template/{id}/data", mime_type="application/json", description="Data")
    def template(id: str) -> str:  # the suite's name
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})


def _prompts(server: MCPServer) -> None:
    @server.prompt(description="Simple")
    def test_simple_prompt() -> str:
        return "This is a simple prompt for testing."

    @server.prompt(description="With arguments")
    def test_prompt_with_arguments(arg1: str, arg2: str) -> str:
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @server.prompt(description="With a resource")
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803
        text = "Embedded resource content for testing."
        return [
            UserMessage(_embedded(resourceUri, "text/plain", text)),
            UserMessage("Please process the embedded resource above."),
        ]

    @server.prompt(description="With an image")
    def test_prompt_with_image() -> list[Message]:
        return [UserMessage(_image()), UserMessage("Please analyze the image above.")]


def _older_requests(server: MCPServer) -> None:
    """Requests of revision 2025-11-25 that routerd offers no capability for."""
    inner = server._lowlevel_server

    async def subscribe(_: Any, __: SubscribeRequestParams) -> EmptyResult:
        return EmptyResult()

    async def unsubscribe(_: Any, __: UnsubscribeRequestParams) -> EmptyResult:
        return EmptyResult()

    async def set_level(_: Any, __: SetLevelRequestParams) -> EmptyResult:
        return EmptyResult()

    inner.add_request_handler("resources/subscribe", SubscribeRequestParams, subscribe)
    inner.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, unsubscribe)
    inner.add_request_handler("logging/setLevel", SetLevelRequestParams, set_level)

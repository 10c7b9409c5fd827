"""OpenAI responses towards a client: the items of an answer, the whole answer, and its errors.

Source: OpenAI API reference, "The response object" and "Error codes".
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from routerd.core.errors import RouterdError
from routerd.core.request import Request, Tool
from routerd.core.response import Response, TokenLogprob, Usage
from routerd.dialects import openai_chat_answer, passthrough, strict_json, tool_arguments

# How the ids of reasoning begin that some other model made ('rs_' and the id of the answer).
OWN_REASONING = "rs_resp_"
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def usage_object(usage: Usage) -> dict[str, Any]:
    """Return the token counts; those the engine didn't give are 0, for clients add them up."""
    given, made = max(usage.input_tokens, 0), max(usage.output_tokens, 0)
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": given + made,
    }


def frame(
    identity: str, created: int, model: str, request: Request, finish: str = ""
) -> dict[str, Any]:
    """Return the response object without output and usage; without a finish it is in progress."""
    cut = _INCOMPLETE.get(finish)
    status = "incomplete" if cut else "completed" if finish else "in_progress"
    limits = request.limits
    return {
        "id": identity,
        "object": "response",
        "created_at": created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": cut} if cut else None,
        "instructions": None,
        "max_output_tokens": limits.max_output_tokens,
        "model": model,
        "parallel_tool_calls": request.parallel_tools,
        "previous_response_id": None,
        "store": False,
        "temperature": limits.temperature,
        "top_p": limits.top_p,
        "tool_choice": tool_choice(request),
        "tools": list(map(_tool, request.tools)),
        "truncation": "disabled",
        "metadata": {},
    }


def tool_choice(request: Request) -> Any:
    """Return the choice as this dialect says it."""
    choice = request.tool_choice or "auto"
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "name": choice}


def _tool(tool: Tool) -> dict[str, Any]:
    told: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.custom:
        return {"type": "custom", **told}
    return {"type": "function", **told, "parameters": dict(tool.schema), "strict": tool.strict}


def reasoning_item(identity: str, text: str, sealed: str = "") -> dict[str, Any]:
    """Return the model's thinking as an item."""
    summary = [{"type": "summary_text", "text": text}] if text else []
    item: dict[str, Any] = {"id": f"rs_{identity}", "type": "reasoning", "summary": summary}
    return {**item, "encrypted_content": sealed} if sealed else item


def text_part(text: str, logprobs: tuple[TokenLogprob, ...] = ()) -> dict[str, Any]:
    """Return answer text as a content part."""
    told = openai_chat_answer.logprobs_object(logprobs)
    content = told["content"] if told else []
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": content}


def message_item(identity: str, status: str, *parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer's text as an item."""
    head = {"id": f"msg_{identity}", "type": "message", "role": "assistant"}
    return {**head, "status": status, "content": list(parts)}


def call_item(
    identity: str, index: int, call: tuple[str, str, str], status: str, tool: Tool | None
) -> dict[str, Any]:
    """Return a tool call (id, name, arguments) as an item of the kind that its client declared.

    Raises: ProviderFailed when a custom tool's arguments are no object.
    """
    call_id, name, arguments = call
    told: dict[str, Any] = {"call_id": call_id or f"call_{identity}_{index}", "name": name}
    if tool is not None and tool.namespace:
        told |= {"name": name.removeprefix(f"{tool.namespace}__"), "namespace": tool.namespace}
    if tool is None or not tool.custom:
        head = {"id": f"fc_{identity}_{index}", "type": "function_call", **told}
        return {**head, "arguments": arguments, "status": status}
    head = {"id": f"ctc_{identity}_{index}", "type": "custom_tool_call", **told}
    given = tool_arguments.as_object(name, arguments) if status == "completed" else {}
    return {**head, "input": str(given.get("input", "")), "status": status}


def declared(request: Request, name: str) -> Tool | None:
    """Return the tool as the client declared it, None for one it did not."""
    return next((tool for tool in request.tools if tool.name == name), None)


def keep_nothing(_: Sequence[Mapping[str, Any]]) -> None:
    """Take the items of an answer and forget them."""


def encode_response(
    response: Response,
    request: Request,
    identity: str,
    created: int,
    keep: Callable[[Sequence[Mapping[str, Any]]], None] = keep_nothing,
) -> bytes:
    """Return the body of a whole answer. `created` is Unix seconds; `keep` is told its items.

    Raises: ProviderFailed when a custom tool's arguments are no object.
    """
    if response.native:
        return passthrough.with_member(response.native, "model", response.model)
    output = []
    sealed = response.thinking_signature or "".join(response.redacted_thinking[-1:])
    if response.thinking or sealed:
        output.append(reasoning_item(identity, response.thinking, sealed))
    if response.text or not response.tool_calls:
        part = text_part(response.text, response.logprobs)
        output.append(message_item(identity, "completed", part))
    for i, call in enumerate(response.tool_calls):
        told = (call.id, call.name, call.arguments)
        output.append(call_item(identity, i, told, "completed", declared(request, call.name)))
    keep(output)
    head = frame(identity, created, response.model, request, response.finish)
    return strict_json.dumps({**head, "output": output, "usage": usage_object(response.usage)})


def error_object(error: RouterdError) -> dict[str, Any]:
    """Return the error body, which is that of chat completions."""
    return openai_chat_answer.error_object(error)

"""Runs in LiteLLM's own environment: three of its providers, streaming, and one loop with a tool."""

import json
import sys

import litellm

URL, KEY, PATH = sys.argv[1:4]
TOOL = {
    "type": "function",
    "function": {
        "name": "read_file",
        "description": "Read a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
        },
    },
}
PROVIDERS = {
    "openai/auto": f"{URL}/v1",
    "anthropic/auto": URL,
    "ollama_chat/auto": URL,
}


def ask(model: str, base: str, messages: list, **more: object) -> object:
    """Ask one provider of LiteLLM's."""
    return litellm.completion(model=model, api_base=base, api_key=KEY, messages=messages, **more)


for name, base in PROVIDERS.items():
    pieces = ask(name, base, [{"role": "user", "content": "hi"}], stream=True)
    streamed = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    messages: list = [{"role": "user", "content": f"what stands in {PATH}?"}]
    answer = ask(name, base, messages, tools=[TOOL]).choices[0].message
    messages.append(answer.model_dump(exclude_none=True))
    for call in answer.tool_calls:
        with open(json.loads(call.function.arguments)["path"], encoding="utf-8") as file:
            told = {"role": "tool", "tool_call_id": call.id, "content": file.read()}
        messages.append(told)
    last = ask(name, base, messages, tools=[TOOL]).choices[0].message.content
    print(name, "|", streamed, "|", last)

"""Runs in LangChain's own environment: three integrations, streaming, and one loop with a tool."""

import sys

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_ollama import ChatOllama
from langchain_openai import ChatOpenAI

URL, KEY, PATH = sys.argv[1:4]


def read_file(path: str) -> str:
    """Read a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


MODELS = [
    ChatOpenAI(model="auto", base_url=f"{URL}/v1", api_key=KEY),
    ChatOpenAI(model="auto", base_url=f"{URL}/v1", api_key=KEY, use_responses_api=True),
    ChatAnthropic(model="auto", base_url=URL, api_key=KEY),
    ChatOllama(
        model="auto",
        base_url=URL,
        client_kwargs={"headers": {"authorization": f"Bearer {KEY}"}},
    ),
]
for model in MODELS:
    streamed = "".join(str(piece.text) for piece in model.stream("hi"))
    tooled = model.bind_tools([read_file])
    messages = [HumanMessage(f"what stands in {PATH}?")]
    answer = tooled.invoke(messages)
    messages.append(answer)
    for call in answer.tool_calls:
        messages.append(ToolMessage(read_file(**call["args"]), tool_call_id=call["id"]))
    print(type(model).__name__, "|", streamed, "|", tooled.invoke(messages).text)

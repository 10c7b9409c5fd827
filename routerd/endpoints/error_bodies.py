"""Errors as the clients of each dialect read them, and which dialect is spoken at a path."""

from routerd.core.errors import RouterdError
from routerd.dialects import anthropic_answer, ollama_answer, openai_chat_answer, strict_json


def openai_error(error: RouterdError) -> bytes:
    """Return an error as OpenAI's clients read it."""
    return strict_json.dumps(openai_chat_answer.error_object(error))


def anthropic_error(error: RouterdError) -> bytes:
    """Return an error as Anthropic's clients read it."""
    return strict_json.dumps(anthropic_answer.error_object(error))


def ollama_error(error: RouterdError) -> bytes:
    """Return an error as Ollama's clients read it."""
    return strict_json.dumps(ollama_answer.error_object(error))


def error_body(path: str, error: RouterdError) -> bytes:
    """Return an error in the dialect that is spoken at `path`."""
    if path.startswith("/v1/messages"):
        return anthropic_error(error)
    if path.startswith("/api/"):
        return ollama_error(error)
    return openai_error(error)

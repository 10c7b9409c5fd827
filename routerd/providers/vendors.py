"""Clouds that speak OpenAI's chat completions, each with its own differences: a table, no I/O.

Sources: each vendor's API reference (DeepSeek, Mistral, xAI, OpenRouter, Groq, Cerebras,
Together), 2026-11.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from routerd.core.candidate import Candidate, Capabilities, Price
from routerd.providers.chat_answer import Normalise, as_it_is

Body = dict[str, Any]
USUAL = Capabilities(tools=True, json_schema=True)
NOT_FOR_CHAT = re.compile(
    r"rerank|whisper|tts|moderation|ocr|image|audio|speech|transcribe|voxtral|guard|imagine",
    re.IGNORECASE,
)


def _unchanged(body: Body) -> Body:
    return body


def _plain(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    return replace(blank, capabilities=USUAL)


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor differs.

    `prepare` changes a request's body, `normalise` an object of the answer. `describe` completes
    a candidate with what the listing says of it, None for what can't chat. The listing is at
    `listing`, a path, under the key `items`. `fill` is the path that fills gaps, '' for none.
    """

    kind: str
    prepare: Callable[[Body], Body] = _unchanged
    normalise: Normalise = as_it_is
    describe: Callable[[Mapping[str, Any], Candidate], Candidate | None] = _plain
    listing: str = "/models"
    items: str = "data"
    fill: str = ""


def whole(value: Any) -> int:
    """Return a positive whole number, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def without(body: Body, *names: str) -> Body:
    """Return a body without fields that would be refused."""
    return {name: value for name, value in body.items() if name not in names}


# DeepSeek: no JSON schema; what was cached is counted under a name of its own.


def _deepseek_body(body: Body) -> Body:
    if _mapping(body.get("response_format")).get("type") == "json_schema":
        return {**body, "response_format": {"type": "json_object"}}
    return body


def _deepseek_answer(obj: Body) -> Body:
    usage = _mapping(obj.get("usage"))
    if "prompt_cache_hit_tokens" in usage:
        details = {"cached_tokens": usage["prompt_cache_hit_tokens"]}
        obj = {**obj, "usage": {**usage, "prompt_tokens_details": details}}
    # It ran out of machines in the middle: no answer to be used.
    return _with_finish(obj, {"insufficient_system_resource": "error"})


def _deepseek_model(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    # The listing says nothing but names.
    able = Capabilities(tools=True, fim=True, thinking=True)
    return replace(blank, capabilities=able, context_tokens=blank.context_tokens or 128_000)


def _with_finish(obj: Body, names: Mapping[str, str]) -> Body:
    choices = obj.get("choices")
    if not isinstance(choices, list):
        return obj
    changed = [
        {**choice, "finish_reason": names[choice["finish_reason"]]}
        if isinstance(choice, Mapping) and choice.get("finish_reason") in names
        else choice
        for choice in choices
    ]
    return {**obj, "choices": changed}


# Mistral: words of its own, ids of exactly nine characters, thinking as parts of the content.

_MISTRAL_ID = re.compile(r"[A-Za-z0-9]{9}")
_MISTRAL_REFUSES = (
    "stream_options",
    "user",
    "store",
    "service_tier",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "max_completion_tokens",
    "verbosity",
)


def nine(identity: str) -> str:
    """Return a tool call's id as Mistral takes it, the same each time."""
    if _MISTRAL_ID.fullmatch(identity):
        return identity
    return hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:9]


def _mistral_body(body: Body) -> Body:
    bound = body.get("max_completion_tokens")
    made = without(body, *_MISTRAL_REFUSES)
    if bound is not None:
        made.setdefault("max_tokens", bound)
    if "seed" in made:
        made["random_seed"] = made.pop("seed")
    if made.get("tool_choice") == "required":
        made["tool_choice"] = "any"
    messages = made.get("messages")
    if isinstance(messages, list):
        made["messages"] = [_mistral_message(message) for message in messages]
    return made


def _mistral_message(message: Any) -> Any:
    if not isinstance(message, Mapping):
        return message
    made = dict(message)
    if isinstance(identity := made.get("tool_call_id"), str):
        made["tool_call_id"] = nine(identity)
    if isinstance(calls := made.get("tool_calls"), list):
        made["tool_calls"] = [
            {**call, "id": nine(str(call.get("id")))} if isinstance(call, Mapping) else call
            for call in calls
        ]
    return made


def _mistral_answer(obj: Body) -> Body:
    obj = _with_finish(obj, {"model_length": "length"})
    choices = obj.get("choices")
    if not isinstance(choices, list):
        return obj
    return {**obj, "choices": [_mistral_choice(choice) for choice in choices]}


def _mistral_choice(choice: Any) -> Any:
    field = "delta" if isinstance(choice, Mapping) and "delta" in choice else "message"
    said = _mapping(_mapping(choice).get(field))
    content = said.get("content")
    if not isinstance(content, list):
        return choice
    parts = [part for part in content if isinstance(part, Mapping)]
    text = "".join(str(part.get("text") or "") for part in parts if part.get("type") == "text")
    thinking = "".join(
        str(_mapping(inner).get("text") or "")
        for part in parts
        if part.get("type") == "thinking"
        for inner in part.get("thinking") or ()
    )
    return {**choice, field: {**said, "content": text, "reasoning_content": thinking}}


def _mistral_model(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    able = _mapping(item.get("capabilities"))
    if able.get("completion_chat") is False or item.get("deprecation_replaced"):
        return None
    capabilities = Capabilities(
        tools=able.get("function_calling") is True,
        vision=able.get("vision") is True,
        json_schema=True,
        fim=able.get("completion_fim") is True,
        thinking=able.get("reasoning") is True or "magistral" in blank.model,
    )
    window = whole(item.get("max_context_length"))
    return replace(blank, capabilities=capabilities, context_tokens=window)


# xAI: reasoning models refuse what tunes sampling; a listing of its own tells prices.

_XAI_REFUSES = ("presence_penalty", "frequency_penalty", "stop")
# The listing counts in hundredths of a cent per million tokens.
_XAI_UNIT = 10_000


def _xai_body(body: Body) -> Body:
    reasons = re.match(r"grok-(4|code|[5-9])", str(body.get("model")))
    fast = "non-reasoning" in str(body.get("model"))
    return without(body, *_XAI_REFUSES) if reasons and not fast else body


def _xai_answer(obj: Body) -> Body:
    """Count thinking as output: here it stands beside the answer's tokens, not among them."""
    usage = _mapping(obj.get("usage"))
    thought = whole(_mapping(usage.get("completion_tokens_details")).get("reasoning_tokens"))
    made, read = whole(usage.get("completion_tokens")), whole(usage.get("prompt_tokens"))
    if not thought or usage.get("total_tokens") != read + made + thought:
        return obj
    return {**obj, "usage": {**usage, "completion_tokens": made + thought}}


def _xai_model(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    inputs = item.get("input_modalities")
    able = replace(USUAL, vision=isinstance(inputs, list) and "image" in inputs, thinking=True)
    price = Price(
        whole(item.get("prompt_text_token_price")) / _XAI_UNIT,
        whole(item.get("cached_prompt_text_token_price")) / _XAI_UNIT,
        whole(item.get("completion_text_token_price")) / _XAI_UNIT,
    )
    window = whole(item.get("context_length"))
    return replace(blank, capabilities=able, price=price, context_tokens=window)


# OpenRouter: one listing of everybody's models, with prices in dollars a token, as text.


def _openrouter_model(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    made = _mapping(item.get("architecture"))
    outputs, inputs = made.get("output_modalities"), made.get("input_modalities")
    if isinstance(outputs, list) and "text" not in outputs:
        return None
    parameters = item.get("supported_parameters")
    names = set(parameters) if isinstance(parameters, list) else set()
    told = _mapping(item.get("pricing"))
    price = Price(
        dollars(told.get("prompt")),
        dollars(told.get("input_cache_read")) or dollars(told.get("prompt")),
        dollars(told.get("completion")),
    )
    return replace(
        blank,
        capabilities=Capabilities(
            tools="tools" in names,
            vision=isinstance(inputs, list) and "image" in inputs,
            json_schema="structured_outputs" in names,
            thinking="reasoning" in names,
        ),
        price=price,
        context_tokens=whole(item.get("context_length")),
        max_output_tokens=whole(_mapping(item.get("top_provider")).get("max_completion_tokens")),
    )


def dollars(text: Any) -> float:
    """Return dollars per million tokens of a price per token; 0 for what is none."""
    try:
        value = float(text) * 1e6
    except (TypeError, ValueError):
        return 0.0
    # A negative price stands for "varies".
    return value if 0 <= value < 1e6 else 0.0


# Groq: counts may come in a field of its own. Together: an array, dollars per million.


def _groq_answer(obj: Body) -> Body:
    own = _mapping(obj.get("x_groq"))
    if own.get("error"):
        return {**obj, "error": {"message": str(own["error"])[:200]}}
    return {**obj, "usage": own["usage"]} if own.get("usage") and not obj.get("usage") else obj


def _groq_model(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    if item.get("active") is False:
        return None
    return replace(
        blank,
        capabilities=USUAL,
        context_tokens=whole(item.get("context_window")),
        max_output_tokens=whole(item.get("max_completion_tokens")),
    )


def _together_model(item: Mapping[str, Any], blank: Candidate) -> Candidate | None:
    if item.get("type") not in (None, "chat"):
        return None
    told = _mapping(item.get("pricing"))
    cost = [v if isinstance(v := told.get(n), int | float) else 0.0 for n in ("input", "output")]
    window = whole(item.get("context_length"))
    price = Price(cost[0], cost[0], cost[1])
    return replace(blank, capabilities=USUAL, price=price, context_tokens=window)


VENDORS: Mapping[str, Vendor] = {
    vendor.kind: vendor
    for vendor in (
        Vendor(
            "deepseek",
            _deepseek_body,
            _deepseek_answer,
            _deepseek_model,
            fill="/beta/completions",
        ),
        Vendor("mistral", _mistral_body, _mistral_answer, _mistral_model, fill="/fim/completions"),
        Vendor(
            "xai",
            _xai_body,
            _xai_answer,
            _xai_model,
            listing="/language-models",
            items="models",
        ),
        Vendor("openrouter", describe=_openrouter_model),
        Vendor("groq", normalise=_groq_answer, describe=_groq_model),
        Vendor("cerebras"),
        Vendor("together", describe=_together_model),
    )
}

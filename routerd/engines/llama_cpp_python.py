"""The binding to llama-cpp-python: its model, sampler and template engine under our own loop.

The library's chat call gives no token counts while streaming, can't be stopped while it reads a
prompt, leaves tool calls and reasoning in the text, detokenises the whole answer again for each
token, and loses pieces longer than 32 bytes (all seen in 0.3.36). So only its lower half is used.
"""

import ctypes
import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import llama_cpp
from llama_cpp import llama_chat_format, llama_grammar

from routerd.engines import chat_body
from routerd.engines.bindings import (
    PREFILL_STEP_TOKENS,
    BindingName,
    Emit,
    Rejected,
    context_in_effect,
    half_a_character,
    prompt_too_long,
    template_refused,
    vector_event,
)
from routerd.engines.chat_chunks import ChatChunks
from routerd.engines.marked_text import CALL

_PIECE_BYTES = 1024
_POOLINGS = {
    "": llama_cpp.LLAMA_POOLING_TYPE_UNSPECIFIED,
    "mean": llama_cpp.LLAMA_POOLING_TYPE_MEAN,
    "cls": llama_cpp.LLAMA_POOLING_TYPE_CLS,
    "last": llama_cpp.LLAMA_POOLING_TYPE_LAST,
}
_LEVEL_ERROR = 4
_GRAMMAR_ERRORS = (
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    RecursionError,
)
# jinja2 comes with llama-cpp-python and is reached through it.
_TEMPLATE_ERRORS = (
    llama_chat_format.jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Stopped(Exception):
    """Nobody wants the answer any more."""


class LlamaCppPythonBinding:
    """One model of llama-cpp-python."""

    name: BindingName = "llama-cpp-python"
    version: str = llama_cpp.__version__

    def __init__(self) -> None:
        self._log = _log_errors()
        self._llama: Any = None
        self._vocab: Any = None
        self._formatter: Any = None
        self._template = ""
        self._emit: Emit = lambda _: False
        self._fresh_tokens = 0

    def load(
        self, path: str, *, context_tokens: int, gpu_layers: int, threads: int, pooling: str = ""
    ) -> int:
        """Load a model; return the context in effect, tokens."""
        context_tokens = context_in_effect(context_tokens)
        # A text's vectors become one in a single step, so the step has to hold the whole text.
        step = context_tokens if pooling else PREFILL_STEP_TOKENS
        llama = llama_cpp.Llama(
            path,
            n_ctx=context_tokens,
            n_batch=step,
            n_ubatch=step,
            embedding=bool(pooling),
            pooling_type=_POOLINGS[pooling],
            n_gpu_layers=gpu_layers,
            n_threads=threads or None,
            n_threads_batch=threads or None,
            # False would throw away all that is printed meanwhile, also the reason for an abort.
            verbose=True,
        )
        llama.verbose = False
        self._llama, self._name = llama, Path(path).stem
        self._vocab = llama_cpp.llama_model_get_vocab(llama.model)
        if pooling:
            return int(llama.n_ctx())
        self._read = llama.eval
        # generate() reads the prompt through this public method, and offers no other moment to
        # stop before the first token.
        llama.eval = self._read_in_steps
        self._template = llama.metadata.get("tokenizer.chat_template") or chat_body.CHATML
        self._formatter = llama_chat_format.Jinja2ChatFormatter(
            template=self._template,
            bos_token=self._token_text(llama.token_bos()),
            eos_token=self._token_text(llama.token_eos()),
        )
        return int(llama.n_ctx())

    def chat(self, body: Mapping[str, Any], emit: Emit) -> None:
        """Answer a chat request; see `Binding`."""
        self._emit = emit
        prompt = str(body["prompt"]) if "prompt" in body else self._render(body)
        tokens = self._tokens(prompt)
        room_tokens = self._llama.n_ctx() - len(tokens)
        if room_tokens <= 0:
            raise prompt_too_long(len(tokens), self._llama.n_ctx())
        answer = ChatChunks(self._name, body, prompt, emit, has_calls=CALL in self._template)
        limit = chat_body.token_limit(body, room_tokens)
        self._fresh_tokens = 0
        generated = self._llama.generate(
            tokens, **self._sampling(body), grammar=self._grammar(body)
        )
        try:
            reason, count = self._generate(generated, answer, limit)
        except _Stopped:
            return
        finally:
            generated.close()
        answer.end(reason, len(tokens), count, len(tokens) - self._fresh_tokens)

    def embed(self, texts: Sequence[str], emit: Emit) -> None:
        """Hand over one vector a text; see `Binding`."""
        for index, text in enumerate(texts):
            count = self._refuse_unless_it_fits(text)
            vector = self._llama.embed(text, normalize=False, truncate=False)
            if emit(vector_event(index, vector, count)):
                return

    def _refuse_unless_it_fits(self, text: str) -> int:
        """Return how many tokens a text has. Raises: Rejected."""
        try:
            count = len(self._llama.tokenize(text.encode()))
        except UnicodeEncodeError:
            raise half_a_character() from None
        if count > self._llama.n_ctx():
            raise prompt_too_long(count, self._llama.n_ctx())
        if not count:
            raise Rejected("a text is empty")
        return count

    def close(self) -> None:
        """Free the model."""
        if self._llama is not None:
            self._llama.close()
        self._llama = None

    def _generate(
        self, generated: Iterator[int], answer: ChatChunks, limit: int
    ) -> tuple[str, int]:
        """Run until the end; return the finish reason and how many tokens there were."""
        count = 0
        for token in generated:
            if llama_cpp.llama_vocab_is_eog(self._vocab, token):
                return "stop", count + 1
            count += 1
            if answer.take(self._piece(token)):
                raise _Stopped
            if answer.stopped:
                return "stop", count
            if count >= limit:
                return "length", count
        return "stop", count

    def _read_in_steps(self, tokens: list[int]) -> None:
        if len(tokens) <= 1:
            self._fresh_tokens = self._fresh_tokens or len(tokens)
            self._read(tokens)
            return
        self._fresh_tokens = len(tokens)
        for start in range(0, len(tokens), PREFILL_STEP_TOKENS):
            self._read(tokens[start : start + PREFILL_STEP_TOKENS])
            processed = min(start + PREFILL_STEP_TOKENS, len(tokens))
            progress = {"processed": processed, "total": len(tokens)}
            if self._emit({"prompt_progress": progress}):
                raise _Stopped

    def _render(self, body: Mapping[str, Any]) -> str:
        messages, tools = chat_body.template_messages(body), chat_body.offered_tools(body)
        try:
            return str(self._formatter(messages=messages, tools=tools).prompt)
        except _TEMPLATE_ERRORS:
            raise template_refused() from None

    def _tokens(self, prompt: str) -> list[int]:
        try:
            raw = prompt.encode()
        except UnicodeEncodeError:
            raise half_a_character() from None
        tokens: list[int] = self._llama.tokenize(raw, add_bos=False, special=True)
        bos = self._llama.token_bos()
        if llama_cpp.llama_vocab_get_add_bos(self._vocab) and tokens[:1] != [bos]:
            return [bos, *tokens]
        return tokens

    def _sampling(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return llama.cpp's own defaults where the request says nothing."""
        seed = body.get("seed")
        # Not for secrets: it only picks tokens.
        self._llama.set_seed(int(seed) if seed is not None else random.getrandbits(32))
        return {
            "temp": chat_body.number(body, "temperature", 0.8),
            "top_p": chat_body.number(body, "top_p", 0.95),
            "top_k": int(chat_body.number(body, "top_k", 40)),
            "min_p": chat_body.number(body, "min_p", 0.05),
            "repeat_penalty": 1.0,
            "frequency_penalty": chat_body.number(body, "frequency_penalty", 0.0),
            "presence_penalty": chat_body.number(body, "presence_penalty", 0.0),
        }

    def _grammar(self, body: Mapping[str, Any]) -> Any:
        schema = chat_body.wanted_schema(body)
        if schema is None:
            return None
        try:
            text = llama_grammar.json_schema_to_gbnf(json.dumps(schema))
        except _GRAMMAR_ERRORS:
            raise Rejected("the JSON schema can't be turned into a grammar") from None
        # A grammar that llama.cpp can't parse gives a null sampler, and using that is a crash.
        sampler = llama_cpp.llama_sampler_init_grammar(self._vocab, text.encode(), b"root")
        if not sampler:
            raise Rejected("the JSON schema can't be turned into a grammar")
        llama_cpp.llama_sampler_free(sampler)
        return llama_grammar.LlamaGrammar.from_string(text, verbose=False)

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        count = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, _PIECE_BYTES, 0, False)
        return buffer.raw[:count] if count > 0 else b""

    def _token_text(self, token: int) -> str:
        if token < 0:
            return ""
        text: bytes = llama_cpp.llama_vocab_get_text(self._vocab, token)
        return text.decode("utf-8", errors="replace")


def _log_errors() -> Any:
    """Make llama.cpp print errors alone; the result must be kept while it runs."""

    def log(level: int, text: bytes, _: object) -> None:
        if level == _LEVEL_ERROR:
            os.write(2, text)

    callback = llama_cpp.llama_log_callback(log)
    llama_cpp.llama_log_set(callback, None)
    return callback

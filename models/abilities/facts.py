"""Facts of the models in the catalogue: names, sizes, prices, contexts, where each was read.

A line: name | family | match patterns | billions of parameters | context tokens | capabilities |
input/output/cached US dollars per million tokens and where read (P: data/prices.json,
D: models.dev, read 2026-11-24). Empty means not known. A family whose models are related by name
and size shares what outcomes say of any of them.
"""

FACTS = """
codeqwen1.5-7b|qwen-coder|codeqwen:7b|7|||
qwen2.5-coder-0.5b|qwen-coder||0.5||fim|
qwen2.5-coder-1.5b|qwen-coder||1.5||fim|
qwen2.5-coder-3b|qwen-coder||3||fim|
qwen2.5-coder-7b|qwen-coder|qwen2.5-coder|7||fim|
qwen2.5-coder-14b|qwen-coder||14||fim|
qwen2.5-coder-32b|qwen-coder||32||fim|
qwen3-coder-30b|qwen-coder|qwen3-coder-30b-a3b,qwen3-coder|30||tools|
qwen3-coder-480b|qwen-coder|qwen3-coder-480b-a35b|480||tools|0.4/1.6/0.04 P
qwen2.5-7b|qwen|qwen2.5|7|||
qwen2.5-14b|qwen||14|||
qwen2.5-32b|qwen||32|||
qwen2.5-72b|qwen||72|||0.9/0.9/0.45 P
qwen3-8b|qwen|qwen3|8||tools,thinking|
qwen3-30b|qwen|qwen3-30b-a3b|30||tools,thinking|
qwen3-14b|qwen||14||tools,thinking|
qwen3-32b|qwen||32||tools,thinking|
qwq-32b|qwen|qwq|32||thinking|
qwen2-72b|qwen||72|||0.9/0.9/0.45 P
qwen1.5-72b|qwen||72|||0.9/0.9/0.45 P
phi-1|phi||1.3|||
phi-1.5|phi||1.3|||
phi-2|phi|phi:2.7b|2.7|||
phi-3-mini|phi|phi3:mini,phi3,phi-3-mini-4k,phi-3-mini-128k,phi3:3.8b|3.8|||
phi-3-medium|phi|phi3:medium,phi3:14b,phi-3-medium-4k,phi-3-medium-128k|14|||
phi-4|phi|phi4:14b|14|||
phi-4-mini|phi|phi4-mini,phi-4-mini:3.8b|3.8|||
deepseek-coder-1.3b|deepseek-coder||1.3||fim|
deepseek-coder-6.7b|deepseek-coder|deepseek-coder|6.7||fim|
deepseek-coder-33b|deepseek-coder||33||fim|
deepseek-coder-v2-lite|deepseek-coder|deepseek-coder-v2:16b,deepseek-coder-v2:lite,deepseek-coder-v2:16b-lite|16||fim|
deepseek-llm-67b|deepseek|deepseek-llm:67b|67|||0.9/0.9/0.45 P
codellama-7b|codellama|codellama,codellama-7b-python|7||fim|
codellama-13b|codellama|codellama-13b-python|13||fim|
codellama-34b|codellama|codellama-34b-python|34|||
codellama-70b|codellama|codellama-70b-python|70|||0.9/0.9/0.45 P
starcoderbase-7b|starcoder|starcoder:7b|7||fim|
starcoder-15b|starcoder|starcoderbase-16b,starcoderbase,starcoder:15b|15.5||fim|
starcoder2-3b|starcoder|starcoder2|3||fim|
starcoder2-7b|starcoder||7||fim|
starcoder2-15b|starcoder||15||fim|
magicoder-s-ds-6.7b|deepseek-coder|magicoder-ds-7b,magicoder:7b|6.7|||
opencodeinterpreter-ds-6.7b|deepseek-coder|opencodeinterpreter-6.7b|6.7|||
opencodeinterpreter-ds-33b|deepseek-coder||33|||
wizardcoder-34b|codellama|wizardcoder-python-34b|34|||
phind-codellama-34b|codellama|phind-codellama|34|||
yi-coder-9b|yi-coder|yi-coder|9|||
opencoder-8b|opencoder|opencoder|8|||
codestral-22b|codestral|codestral|22||fim|
codestral-latest|codestral|codestral-2508|||fim|0.3/0.9/0.03 P
devstral-24b|devstral|devstral,devstral-small,devstral:24b-small,devstral-small-24b|24||tools|
devstral-small-2|devstral|devstral-small-2:24b|24||tools|0.1/0.3/0.01 P
devstral-2|devstral|devstral-2:123b|123|262144|tools|0.4/2/0.04 P
llama-2-7b|llama|llama2|7|||
llama-2-13b|llama||13|||
llama-2-70b|llama||70|||0.9/0.9/0.45 P
llama-3-8b|llama|llama3|8|||
llama-3-70b|llama||70|||0.9/0.9/0.45 P
llama-3.1-8b|llama|llama3.1|8||tools|
llama-3.1-70b|llama||70||tools|0.9/0.9/0.45 P
llama-3.1-405b|llama||405||tools|3/3/0.45 P
llama-3.2-1b|llama||1||tools|
llama-3.2-3b|llama|llama3.2|3||tools|
llama-3.3-70b|llama|llama3.3|70||tools|
llama-4-maverick|llama||||tools|0.2/0.6/0.02 P
mistral-7b|mistral|mistral|7|||
mistral-nemo-12b|mistral|mistral-nemo|12||tools|
mistral-small-22b|mistral|mistral-small:22b|22||tools|
mistral-small-24b|mistral|mistral-small:24b,mistral-small3.2|24||tools|
mixtral-8x7b|mistral|mixtral|47.6|||0.9/0.9/0.45 P
mixtral-8x22b|mistral||149.6|||0.9/0.9/0.45 P
mistral-large-2|mistral|mistral-large|||tools|2/6/0.2 P
mistral-large-3|mistral|||262144|tools,json_schema,vision|0.5/1.5/0 D
mistral-medium-3.1|mistral|mistral-medium|||tools,vision|0.4/2/0 D
gemma-2-9b|gemma|gemma2|9|||
gemma-2-27b|gemma||27|||
gemma-3-4b|gemma|gemma3|4||vision|
gemma-3-12b|gemma||12||vision|
gemma-3-27b|gemma||27||vision|
gpt-oss-20b|gpt-oss|gpt-oss|20||tools,thinking|
gpt-oss-120b|gpt-oss||120||tools,thinking|0.1/0.5/0.01 P
glm-4-9b|glm|glm4|9|||
glm-4.5|glm||||tools|0.6/2.2/0.06 P
glm-4.6|glm||||tools|0.6/2.2/0.06 P
kimi-k2|kimi|kimi-k2:1t|||tools|0.6/2.5/0.06 P
minimax-m2|minimax||||tools|0.3/1.2/0.03 P
claude-instant-1|claude||||| 0.8/2.4/0.08 P
claude-2|claude|||||8/24/0.8 P
claude-3-haiku|claude||||tools,vision|0.25/1.25/0.025 P
claude-3-sonnet|claude||||tools,vision|3/15/0.3 P
claude-3-opus|claude||||tools,vision|15/75/1.5 P
claude-3.5-haiku|claude|claude-haiku-3.5||200000|tools,vision|0.8/4/0.08 D
claude-3.5-sonnet|claude|claude-sonnet-3.5|||tools,vision|3/15/0.3 P
claude-3.7-sonnet|claude|claude-sonnet-3.7||200000|tools,vision,thinking|3/15/0.3 D
claude-sonnet-4|claude|claude-4-sonnet,claude-sonnet-4-0|||tools,vision,thinking|3/15/0.3 P
claude-opus-4|claude|claude-4-opus,claude-opus-4-0|||tools,vision,thinking|15/75/1.5 P
claude-opus-4.1|claude|||200000|tools,vision,thinking|15/75/1.5 D
claude-haiku-4.5|claude||||tools,vision,thinking,json_schema|1/5/0.1 D
claude-sonnet-4.5|claude|claude-4.5-sonnet||200000|tools,vision,thinking|3/15/0.3 P
claude-opus-4.5|claude|claude-4.5-opus||200000|tools,vision,thinking,json_schema|5/25/0.5 P
claude-sonnet-4.6|claude|||1000000|tools,vision,thinking,json_schema|3/15/0.3 D
claude-opus-4.6|claude|||1000000|tools,vision,thinking,json_schema|5/25/0.5 D
gpt-3.5-turbo|gpt|gpt-35-turbo||||0.5/1.5/0.05 P
gpt-4|gpt|||||30/60/3.0 P
gpt-4-turbo|gpt|gpt-4-1106-preview|||tools|10/30/1.0 P
gpt-4o|gpt||||tools,vision|2.5/10/0.25 P
gpt-4o-mini|gpt||||tools,vision|0.15/0.6/0.015 P
o1-mini|gpt||||thinking|3/12/0.3 P
o1-preview|gpt|o1|||thinking|15/60/1.5 P
o3|gpt|||200000|tools,vision,thinking,json_schema|2/8/0.2 P
o4-mini|gpt|||200000|tools,vision,thinking,json_schema|1.1/4.4/0.11 P
gpt-5|gpt||||tools,thinking|1.25/10/0.125 P
gpt-5-mini|gpt|||400000|tools,vision,thinking,json_schema|0.25/2/0.025 P
gpt-5-nano|gpt|||400000|tools,vision,thinking,json_schema|0.05/0.4/0.005 P
gpt-5.1|gpt|||400000|tools,vision,thinking,json_schema|1.25/10/0.125 P
gpt-5.1-codex|gpt|||400000|tools,vision,thinking,json_schema|1.25/10/0.125 P
gpt-5.2|gpt|||400000|tools,vision,thinking,json_schema|1.75/14/0.175 D
gemini-pro|gemini|gemini-1.0-pro||||0.5/1.5/0.05 P
gemini-1.5-flash|gemini||||tools,vision|0.075/0.3/0.0075 P
gemini-1.5-pro|gemini||||tools,vision|1.25/5/0.125 P
gemini-2.0-flash|gemini|||1048576|tools,vision,json_schema|0.1/0.4/0.01 P
gemini-2.5-flash-lite|gemini|||1048576|tools,vision,thinking,json_schema|0.1/0.4/0.01 D
gemini-2.5-flash|gemini||||thinking|0.3/2.5/0.03 D
gemini-2.5-pro|gemini||||thinking|1.25/10/0.125 P
gemini-3-pro|gemini|gemini-3-pro-preview||1000000|tools,vision,thinking,json_schema|2/12/0.2 P
deepseek-v2.5|deepseek|deepseek-chat-v2.5|||tools|0.14/0.28/0.014 P
deepseek-v3|deepseek|deepseek-chat-v3|||tools|0.27/1.1/0.027 P
deepseek-chat|deepseek|||1000000|tools|0.28/0.42/0.028 D
deepseek-v3.2|deepseek|deepseek-reasoner|||tools,thinking|0.27/1.1/0.027 P
grok-beta|grok|||||5/15/0.5 P
grok-3-mini|grok|||131072|tools,thinking|0.3/0.5/0.075 D
grok-4|grok|||256000|tools,thinking|3/15/0.75 D
grok-4-fast|grok|||2000000|tools,vision,thinking,json_schema|0.2/0.5/0.05 D
grok-code-fast-1|grok|||256000|tools,thinking,json_schema|0.2/1.5/0.02 D
"""

# What benchmarks write, as regular expressions, and what it is called here.
SPELLINGS: tuple[tuple[str, str], ...] = (
    (r"\+cot$| \(.*\)$", ""),
    (r"^DSCoder-", "deepseek-coder-"),
    (r"^deepseek-instruct-", "deepseek-coder-"),
    (r"^OC-DS-", "opencodeinterpreter-ds-"),
    (r"^WCoder-|^wizard-(?=34b)", "wizardcoder-"),
    (r"^LLama3(?=-|\.)", "llama-3"),
    (r"^Cllama-", "codellama-"),
    (r"^codellama-python-(\d+b)", r"codellama-\1-python"),
    (r"^phind$|^Phind-34B.*", "phind-codellama-34b"),
    (r"^MagiCoderS-DS", "magicoder-s-ds"),
    (r"^Google-", ""),
    (r"^Gemini-(Flash|Pro)-1\.5.*", r"gemini-1.5-\1"),
    (r"^Claude 4 (\w+)", r"claude-\1-4"),
    (r"^Claude 4\.5 (\w+).*", r"claude-\1-4.5"),
    (r"^Mistral-Small-Instruct-2409|mistralai/Mistral-Small-Instruct-2409", "mistral-small-22b"),
    (r"^mistralai/Mistral-Large-Instruct-2407|^Mistral-Large$", "mistral-large-2"),
    (r"^mistralai/Mistral-Nemo.*", "mistral-nemo-12b"),
)

# Models of makers that publish no size and that have no outcomes here: where they are placed, on
# the scale of routerd.policy.scores (frontier about 4). A judgement from their makers' order of
# models, not a measurement; PLACED_SD goes with it and outcomes move it.
PLACED: dict[str, float] = {
    "claude-3.5-haiku": 2.6,
    "claude-3.7-sonnet": 3.4,
    "claude-sonnet-4": 3.6,
    "claude-opus-4": 3.8,
    "claude-opus-4.1": 3.8,
    "claude-haiku-4.5": 3.4,
    "claude-sonnet-4.5": 4.0,
    "claude-opus-4.5": 4.2,
    "claude-sonnet-4.6": 4.1,
    "claude-opus-4.6": 4.3,
    "o3": 3.8,
    "o4-mini": 3.6,
    "gpt-5": 4.0,
    "gpt-5-mini": 3.6,
    "gpt-5-nano": 2.8,
    "gpt-5.1": 4.0,
    "gpt-5.1-codex": 4.1,
    "gpt-5.2": 4.2,
    "gemini-2.5-flash-lite": 2.6,
    "gemini-2.5-flash": 3.2,
    "gemini-2.5-pro": 3.7,
    "gemini-3-pro": 4.1,
    "deepseek-chat": 3.4,
    "deepseek-v3.2": 3.6,
    "grok-3-mini": 2.8,
    "grok-4": 3.7,
    "grok-4-fast": 3.3,
    "grok-code-fast-1": 3.2,
    "glm-4.5": 3.4,
    "glm-4.6": 3.5,
    "kimi-k2": 3.4,
    "minimax-m2": 3.4,
    "devstral-2": 3.3,
    "mistral-large-3": 3.1,
    "mistral-medium-3.1": 2.9,
    "qwen3-coder-480b": 3.5,
    "gpt-oss-120b": 3.2,
    "gpt-oss-20b": 2.6,
    "llama-4-maverick": 2.6,
    "codestral-latest": 2.0,
    "devstral-small-2": 2.4,
    "devstral-24b": 2.2,
    "qwen3-coder-30b": 2.6,
}
PLACED_SD = 0.8

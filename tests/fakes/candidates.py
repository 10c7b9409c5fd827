"""Candidates and features as hypothesis draws them, sensible and not."""

import math

from hypothesis import strategies as st

from routerd.core.candidate import Candidate, Capabilities, Price
from routerd.core.features import TASKS, Features, Needs, Neighbour, Reading

# Numbers that no engine should report and some day one will.
ODD = st.floats() | st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 0.0, 1e308])
LATENCY_CLASSES = st.sampled_from(["completion", "interactive", "background"])
PROVIDERS = ("a", "b", "c")
MODELS = ("small", "large")
CAPABILITIES = st.builds(Capabilities, tools=st.booleans(), vision=st.booleans())
CANDIDATES = st.builds(
    Candidate,
    provider=st.sampled_from(PROVIDERS),
    model=st.sampled_from(MODELS),
    zone=st.sampled_from(["device", "network", "cloud"]),
    ability=ODD,
    abilities=st.dictionaries(st.sampled_from(TASKS), ODD, max_size=2),
    context_tokens=st.sampled_from([0, 2048, 8192]),
    capabilities=CAPABILITIES,
    price=st.builds(Price, input=ODD, output=ODD),
    warm=st.booleans(),
    load_s=ODD,
    ttft_s=ODD,
    prefill_tokens_per_s=ODD,
    tokens_per_s=ODD,
    health=ODD,
    circuit_open=st.booleans(),
    plumbing=st.booleans(),
    usable=st.booleans(),
)
NEIGHBOURS = st.builds(
    Neighbour,
    model=st.sampled_from([f"{p}/{m}" for p in PROVIDERS for m in MODELS]),
    similarity=ODD,
    success=ODD,
    age_s=ODD,
)
FEATURES = st.builds(
    Features,
    reading=st.builds(Reading, task=st.sampled_from(TASKS), task_confidence=ODD, complexity=ODD),
    input_tokens=st.integers(0, 10**6),
    needs=st.builds(
        Needs,
        tools=st.booleans(),
        vision=st.booleans(),
        context_tokens=st.integers(0, 10_000),
    ),
    latency_class=LATENCY_CLASSES,
    neighbours=st.lists(NEIGHBOURS, max_size=4).map(tuple),
)

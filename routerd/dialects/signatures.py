"""Whose a thinking signature is: a vendor's own can't be shown to another one.

Clients pass signatures back without looking at them, and a conversation may change hands between
two turns. What Anthropic signs stays as it is (its own clients send it back untouched); all
others carry their vendor's name.
"""

MARK = "routerd:"
OPENAI = "openai"


def sealed(vendor: str, signature: str) -> str:
    """Return the signature as a client gets it."""
    return f"{MARK}{vendor}:{signature}" if signature else ""


def opened(vendor: str, signature: str) -> str:
    """Return what `vendor` signed; '' where somebody else did, or nobody."""
    prefix = f"{MARK}{vendor}:"
    return signature.removeprefix(prefix) if signature.startswith(prefix) else ""


def is_unmarked(signature: str) -> bool:
    """Whether it is a signature with no vendor's name on it, as Anthropic's are."""
    return bool(signature) and not signature.startswith(MARK)

"""What checking an answer against its own claims came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """`checked` things could be checked; `faults` says in words which of them failed.

    The words name tools, schema keys, languages and lines; they never quote the answer.
    """

    checked: int = 0
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool | None:
        """Whether all went well; None where nothing could be checked."""
        return not self.faults if self.checked else None

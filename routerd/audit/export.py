"""The log in other forms: JSON lines, CSV, and OTLP's JSON for logs."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from routerd.audit import chain, files

# The columns of CSV; what an entry has beyond them is left to the other two forms.
COLUMNS = (
    "seq", "at", "kind", "decision", "client", "workspace", "session", "task", "complexity",
    "language", "policy_rules", "screened", "findings", "chosen", "model", "provider", "zone",
    "finish", "bytes_out", "servers", "prompt_digest", "answer_digest", "input_tokens",
    "output_tokens", "cost_usd", "prev", "hash",
)  # fmt: skip
# Characters with which a spreadsheet begins a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def entries(path: Path, since: str = "") -> Iterator[dict[str, Any]]:
    """Yield the entries from `since` (ISO 8601, a prefix is enough); broken lines are skipped."""
    for _, _, line in files.lines(path):
        try:
            entry = chain.read(line)
        except chain.Unreadable:
            continue
        if entry["at"] >= since:
            yield entry


def jsonl(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Yield one JSON text a line."""
    for entry in found:
        yield json.dumps(entry, sort_keys=True) + "\n"


def as_csv(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Yield the header and one row an entry; no cell can be taken for a formula."""
    yield _row(COLUMNS)
    for entry in found:
        yield _row([_cell(entry.get(column, "")) for column in COLUMNS])


def otlp(found: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Yield one ExportLogsServiceRequest in OTLP's JSON encoding a line.

    Source: opentelemetry-proto, logs/v1: nanoseconds are decimal text, attributes typed values.
    """
    for entry in found:
        record = {
            "timeUnixNano": str(_nanoseconds(entry["at"])),
            "severityNumber": 9,
            "severityText": "INFO",
            "body": {"stringValue": entry["kind"]},
            "attributes": [
                {"key": f"routerd.{key}", "value": _typed(value)} for key, value in entry.items()
            ],
        }
        service = {"key": "service.name", "value": {"stringValue": "routerd"}}
        scope = {"scope": {"name": "routerd.audit"}, "logRecords": [record]}
        resource = {"resource": {"attributes": [service]}, "scopeLogs": [scope]}
        yield json.dumps({"resourceLogs": [resource]}) + "\n"


FORMATS: Mapping[str, Callable[[Iterator[dict[str, Any]]], Iterator[str]]] = {
    "jsonl": jsonl,
    "csv": as_csv,
    "otlp": otlp,
}


def _row(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _cell(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _nanoseconds(at: str) -> int:
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return 0
    return round(when.timestamp() * 1000) * 1_000_000


def _typed(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_typed(one) for one in value]}}
        case dict():
            pairs = [{"key": key, "value": _typed(one)} for key, one in value.items()]
            return {"kvlistValue": {"values": pairs}}
        case _:
            return {"stringValue": str(value)}

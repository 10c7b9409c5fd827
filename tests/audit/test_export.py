"""The log in other forms."""

import csv
import json
from pathlib import Path

import pytest

from routerd.audit import export
from routerd.audit.log import AuditLog
from routerd.cli import governing

pytestmark = pytest.mark.anyio


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    path = tmp_path / "audit.log"
    times = iter(["2026-11-26T10:00:00.000Z", "2026-11-27T10:00:00.500Z"])
    async with AuditLog(path, clock=lambda: next(times)) as log:
        log.put("started", {"offline": True})
        log.put(
            "answered",
            {"client": "=HYPERLINK(evil)", "bytes_out": 12, "cost_usd": 0.5, "servers": ["https://a"],
             "findings": [{"kind": "secret"}]},
        )  # fmt: skip
    with path.open("a", encoding="ascii") as file:
        file.write("broken\n")
    return path


async def test_json_lines_are_the_entries_from_a_time_on(path: Path) -> None:
    lines = list(export.jsonl(export.entries(path, "2026-11-27")))
    assert [json.loads(line)["kind"] for line in lines] == ["answered"]
    assert len(list(export.entries(path))) == 2


async def test_csv_has_one_row_an_entry_and_no_formulas(path: Path) -> None:
    rows = list(csv.DictReader("".join(export.as_csv(export.entries(path))).splitlines()))
    assert [row["kind"] for row in rows] == ["started", "answered"]
    assert rows[1]["client"] == "'=HYPERLINK(evil)"
    assert rows[1]["servers"] == '["https://a"]'


async def test_otlp_has_typed_attributes_and_nanoseconds(path: Path) -> None:
    last = json.loads(list(export.otlp(export.entries(path)))[-1])
    (resource,) = last["resourceLogs"]
    (record,) = resource["scopeLogs"][0]["logRecords"]
    assert record["timeUnixNano"] == "1795773600500000000"
    attributes = {entry["key"]: entry["value"] for entry in record["attributes"]}
    assert attributes["routerd.bytes_out"] == {"intValue": "12"}
    assert attributes["routerd.cost_usd"] == {"doubleValue": 0.5}
    assert attributes["routerd.servers"] == {
        "arrayValue": {"values": [{"stringValue": "https://a"}]}
    }
    first = json.loads(next(export.otlp(export.entries(path))))
    told = first["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"]
    assert {"key": "routerd.offline", "value": {"boolValue": True}} in told


def test_the_command_line_names_every_form() -> None:
    assert set(governing.FORMATS) == set(export.FORMATS)

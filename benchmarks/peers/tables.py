"""Answers in tables, and tables of claim lines for contenders that decide claim by claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from contenders import Batch, Build, LineAnswer
from halves import Answer
from line_workload import CLAIM_FACTS, LINE_FACTS
from workload import LINE, Policy

Finding = tuple[str, str | None, tuple[str, ...]]


def text_of(rule: str, carc: str | None, rarcs: Iterable[str]) -> str:
    return f"{rule}|{carc or ''}|{','.join(rarcs)}"


def findings_of(text: str | None) -> list[Finding]:
    found = []
    for one in sorted((text or "").split()):
        rule, carc, rarcs = one.split("|")
        found.append((rule, carc or None, tuple(rarcs.split(",")) if rarcs else ()))
    return found


def read_texts(path: Path) -> list[Answer]:
    """The answers that a batch wrote, a row for each claim."""
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["id", "decision", "findings"]).to_pylist()
    rows.sort(key=lambda row: int(row["id"][1:]))
    return [(row["decision"], findings_of(row["findings"])) for row in rows]


def requests_of(path: Path) -> Iterator[dict[str, Any]]:
    """The claims of a table of lines as JSON has them: consecutive rows of one id are a claim."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    def cells(column: Any) -> list[Any]:
        # Days and amounts are text in JSON.
        if pa.types.is_date(column.type) or pa.types.is_decimal(column.type):
            column = pc.cast(column, pa.string())
        made: list[Any] = column.to_pylist()
        return made

    facts, fields = [fact.name for fact in CLAIM_FACTS], [fact.name for fact in LINE_FACTS]
    names, own = ["id", *facts, *fields], [name.removeprefix(LINE) for name in fields]
    batches = pq.ParquetFile(path).iter_batches(50_000, columns=names)
    columns = ([cells(batch[name]) for name in names] for batch in batches)
    rows = (row for cells_ in columns for row in zip(*cells_, strict=True))
    first = 1 + len(facts)
    for id_, group in groupby(rows, key=itemgetter(0)):
        lines = list(group)
        known = zip(facts, lines[0][1:first], strict=True)
        yield {
            "id": id_,
            "facts": {name: value for name, value in known if value is not None},
            "lines": [dict(zip(own, line[first:], strict=True)) for line in lines],
        }


def claim_by_claim(build: Build) -> Batch:
    """A batch for what decides one claim at a time: read, decide and write them in turn."""

    def batch(policy: Policy, folder: Path, claims: Path, out: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        shape, decide = build(policy, folder)
        columns: dict[str, list[str]] = {
            name: [] for name in ("id", "code", "service_date", "decision", "findings")
        }
        ids, codes, days, decisions, findings = columns.values()
        for request in requests_of(claims):
            for code, day, decision, found in decide(shape(request)):
                ids.append(request["id"])
                codes.append(code)
                days.append(day)
                decisions.append(decision)
                findings.append(" ".join([text_of(*one) for one in found]))
        pq.write_table(pa.table(columns), out, compression="zstd", compression_level=1)

    return batch


def read_lines(path: Path) -> list[list[LineAnswer]]:
    """The answers that a batch wrote, of each claim in turn; one row is about one drug and day."""
    import pyarrow.parquet as pq

    columns = ["id", "code", "service_date", "decision", "findings"]
    rows = [tuple(row.values()) for row in pq.read_table(path, columns=columns).to_pylist()]
    return by_claim(
        (int(id_[1:]), code, str(day), decision, findings_of(text))
        for id_, code, day, decision, text in rows
    )


def by_claim(rows: Iterable[tuple[int, str, str, str, list[Finding]]]) -> list[list[LineAnswer]]:
    """Answers after their claim's number, as a list for each claim."""
    return [
        [(code, day, decision, findings) for _, code, day, decision, findings in group]
        for _, group in groupby(sorted(rows, key=itemgetter(0, 1, 2)), key=itemgetter(0))
    ]

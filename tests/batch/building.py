"""Claims as values, the same claims in every kind of file, and what a run made of them."""

from __future__ import annotations

import csv
import functools
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from payer_policy.batch.run import Finished, Options, run
from payer_policy.determination import Outcome
from payer_policy.engine import Engine
from tests.places import POLICIES, ROOT

CASES = ROOT / "tests" / "formats" / "claims" / "data" / "cases"
X12 = sorted(p for p in CASES.iterdir() if p.suffix in (".837", ".837i", ".835"))


@functools.cache
def engine() -> Engine:
    return Engine.open(POLICIES, engine="compiled")


def claims(count: int = 24) -> list[dict[str, Any]]:
    """Claims of two payers and a stranger, of several codes and days, complete and not."""
    payers = [
        ("medicare", "medicare"),
        ("commercial-strict", "commercial"),
        ("nobody-knows", "commercial"),
    ]
    days = ["2025-03-04", "2022-06-01", "2024-11-30", "1999-01-01"]
    modifiers: list[list[str]] = [["JZ"], [], ["59", "JZ"], ["JW"]]
    out = []
    for index in range(count):
        payer, business = payers[index % 3]
        day = days[index // 3 % 4]
        drug = {
            "number": 2,
            "code": ["J0945", "J0945", "J0475", "J0945"][index % 4],
            "modifiers": modifiers[index % 4],
            "date": day,
            "charge": "800.50",
        }
        if index % 5:
            drug["units"] = 3 + index % 3
        if index % 7 == 0:
            drug["units"] = "3.5"
        claim: dict[str, Any] = {
            "id": f"SYN-{index:04}",
            "place_of_service": "11",
            "coverage": {"payer": payer, "line_of_business": business},
            "patient": {"birth_date": "1979-06-15"},
            "provider": {"billing_npi": "1234567893"},
            "diagnoses": ["G80.0", "G82.51"][: 1 + index % 2],
            "lines": [{"number": 1, "code": "62370", "units": 1, "date": day}, drug],
        }
        if index % 2:
            claim["facts"] = {"therapy.phase": "refill"}
        if index % 8 == 6:  # two visits, each with its own facts
            later = {**drug, "number": 3, "date": _after(day), "modifiers": []}
            drug["facts"] = {"therapy.phase": "refill"}
            later["facts"] = {"therapy.phase": "refill", "refill.previous_date": day}
            claim["lines"].append(later)
        if index % 6 == 5:
            claim["lines"] = [claim["lines"][0]]  # nothing that a policy covers
        out.append(claim)
    return out


def _after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(200)).isoformat()


FACT_COLUMNS = ("therapy.phase", "refill.previous_date")
LINE_COLUMNS = (
    "id",
    "place_of_service",
    "coverage.payer",
    "coverage.line_of_business",
    "patient.birth_date",
    "provider.billing_npi",
    "diagnoses",
    *FACT_COLUMNS,
    "line.number",
    "line.code",
    "line.modifiers",
    "line.units",
    "line.date",
    "line.charge",
)


def line_rows(requests: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The claims as a table of claim lines."""
    out = []
    for request in requests:
        for line in request["lines"]:
            row: dict[str, Any] = {}
            for column in LINE_COLUMNS:
                part, _, name = column.partition(".")
                if part == "line":
                    row[column] = line.get(name)
                elif column in FACT_COLUMNS:
                    row[column] = {**request.get("facts", {}), **line.get("facts", {})}.get(column)
                else:
                    value = request[part]
                    row[column] = value[name] if name else value
            out.append(row)
    return out


def write_csv(
    path: Path, rows: Sequence[Mapping[str, Any]], mark: str = " ", separator: str = ","
) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=separator)
        writer.writeheader()
        for row in rows:
            writer.writerow(
                {
                    name: mark.join(value) if isinstance(value, list) else value
                    for name, value in row.items()
                }
            )
    return path


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]], **options: Any) -> Path:
    columns = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        if name in ("line.units", "line.charge"):
            made = [None if value is None else Decimal(str(value)) for value in values]
            columns[name] = pa.array(made, pa.decimal128(18, 6))
        elif name == "line.number":
            columns[name] = pa.array(values, pa.int32())
        elif name in ("line.modifiers", "diagnoses"):
            columns[name] = pa.array(values, pa.list_(pa.string()))
        elif name in ("line.date", "service.date", "patient.birth_date"):
            columns[name] = pa.array(values, pa.string()).cast(pa.date32())
        else:
            columns[name] = pa.array(values, pa.string())
    pq.write_table(pa.table(columns), path, **options)
    return path


def write_lines(path: Path, requests: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in requests), encoding="utf-8")
    return path


def decided(
    paths: Iterable[Path], out: Path, policies: Path = POLICIES, **options: Any
) -> Finished:
    return run([str(path) for path in paths], policies, out, Options(**options))


def one_payer(folder: Path) -> Path:
    """The shipped policies of one payer, for tests in which it does not matter what is decided."""
    policies = folder / "policies"
    shutil.copytree(POLICIES, policies, ignore=shutil.ignore_patterns("commercial-*"))
    return policies


def rows_of(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(out / "rows").to_pylist()
    return rows


def rejects_of(out: Path) -> list[dict[str, Any]]:
    lines = (out / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def contents(out: Path) -> dict[str, bytes]:
    """Every file of a run."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def told(outcome: Outcome) -> list[dict[str, Any]]:
    """What must be in the rows of a request."""
    order = list(engine().library.vocabulary.facts)
    if not outcome.determinations:
        return [
            {"code": one.code, "service_date": one.service_date, "decision": "no_policy"}
            for one in outcome.without_policy
        ]
    return [
        {
            "code": one.code,
            "service_date": one.service_date,
            "decision": one.decision,
            "policy": one.policy.address,
            "policy_hash": one.policy.hash,
            "lines": [
                (line.number, line.outcome, line.billed_units, line.allowed_units, line.findings)
                for line in one.lines
            ],
            "findings": [found.rule for found in one.findings],
            "reasons": [
                " ".join(filter(None, (found.kind, found.group, found.carc, *found.rarcs)))
                for found in one.findings
            ],
            "missing": sorted((q.fact for q in one.missing), key=order.index),
            "unsettled": [rule.rule for rule in one.unsettled],
            "assumptions": [each.rule for each in one.assumptions if each.rule is not None],
            "asked": one.information_request is not None,
        }
        for one in outcome.determinations
    ]


def said(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a row."""
    if row["decision"] == "no_policy":
        return {name: row[name] for name in ("code", "service_date", "decision")}
    names = ("code", "service_date", "decision", "policy", "policy_hash", "missing")
    texts = ("unsettled", "assumptions", "findings", "reasons")
    return {
        **{name: row[name] for name in (*names, *texts)},
        "lines": [
            (
                line["number"],
                line["outcome"],
                line["billed_units"],
                line["allowed_units"],
                tuple(line["findings"]),
            )
            for line in row["lines"]
        ],
        "asked": row["information_request"] is not None,
    }


def by_claim(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        out.setdefault(row["claim_id"], []).append(said(row))
    return out

"""Copies of the policies with an edit planted, claims with charges, and what is to be expected:
the changes counted one service at a time from `Engine.decide` by both versions."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from payer_policy.analysis.impact import Impact, impact
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.vocabulary.types import to_json
from payer_policy.determination import Determination, NoPolicy
from payer_policy.engine import Engine
from tests.batch import building
from tests.batch.building import POLICIES
from tests.batch.test_in_columns import as_batch, random_rows

Json = dict[str, Any]
Edit = Callable[[Path], None]

BASE = "medicare/intrathecal-baclofen/2016-01-01.json"
WASTAGE = "general/wastage/2016-01-01.json"
UNDER_ANOTHER_CODE = "medicare/baclofen-under-another-code/2016-01-01.json"
STRICT = "commercial-strict/intrathecal-baclofen/2024-01-01.json"
CHARGE_FACT: Json = {
    "type": "decimal",
    "unit": "USD",
    "label": "the charge for the service",
    "question": "What is charged for the service?",
    "supplied_by": "biller",
    "correctable": True,
    "from": {"lines": "service", "sum": "charge"},
}


def in_file(name: str, change: Callable[[Json], object]) -> Edit:
    """An edit of one JSON file."""

    def edit(folder: Path) -> None:
        path = folder / name
        value = json.loads(path.read_text(encoding="utf-8"))
        change(value)
        path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")

    return edit


def parameter(name: str, value: object, file: str = BASE) -> Edit:
    return in_file(file, lambda policy: policy["parameters"][name].update(value=value))


def rule(id_: str, change: Callable[[Json], object], file: str = BASE) -> Edit:
    def change_rule(policy: Json) -> None:
        (found,) = [one for one in policy["rules"] if one["id"] == id_]
        change(found)

    return in_file(file, change_rule)


def fact(name: str, declared: Json) -> Edit:
    return in_file("vocabulary.json", lambda value: value["facts"].update({name: declared}))


def removed(*files: str) -> Edit:
    def remove(folder: Path) -> None:
        for name in files:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return remove


def daily_limit(code: str, most: int) -> Edit:
    def change(drug: Json) -> None:
        for one in drug["attributes"]["daily_unit_limit"]:
            one["value"] = most

    return in_file(f"drugs/{code}.json", change)


def edited(folder: Path, *edits: Edit) -> Path:
    """A copy of the policies with some edits."""
    shutil.copytree(POLICIES, folder)
    for edit in edits:
        edit(folder)
    return folder


# --- claims --------------------------------------------------------------------------------------


def claims() -> list[Json]:
    """Claims with lines, of amounts that differ, one in nine with a charge that is not known."""
    made = building.claims(96)
    for index, claim in enumerate(made):
        line = claim["lines"][-1]
        if line["code"] != "62370":
            line["charge"] = f"{index}.{index:02}5"
            if index % 4 == 2:
                line["units"] = 40 + index
            if index % 9 == 0:
                del line["charge"]
    return made


@cache
def _engine() -> Engine:
    return Engine.open(POLICIES)


@cache
def fact_rows() -> tuple[Mapping[str, Any], ...]:
    """Random facts near what the policies of two payers test, on one day and on none."""
    days, payers = (date(2025, 11, 3), None), ("medicare", "commercial-strict")
    return tuple(
        row
        for row in random_rows(_engine(), Random(5), 1400)
        if row.get("service.date") in days and row.get("coverage.payer") in payers
    )


def fact_claims(rows: Sequence[Mapping[str, Any]]) -> list[Json]:
    """The rows as requests without lines."""
    return [
        {"id": f"C{at}", "facts": {name: to_json(value) for name, value in row.items()}}
        for at, row in enumerate(rows)
    ]


def fact_table(path: Path, rows: Sequence[Mapping[str, Any]], **columns: Sequence[Any]) -> Path:
    """The rows as a Parquet table of facts, with more columns."""
    table = pa.Table.from_batches([as_batch(_engine(), [dict(row) for row in rows])])
    for name, values in columns.items():
        table = table.append_column(name.replace("__", "."), pa.array(values))
    pq.write_table(table, path)
    return path


# --- what is to be expected ----------------------------------------------------------------------

Said = tuple[str, frozenset[tuple[str, str]], frozenset[str], object]
"""Decision; rules with what they say; rules that are not settled; lines."""


def _services(engine: Engine, request: Json) -> dict[Any, Said] | None:
    """By code, day and policy; None: rejected."""
    try:
        outcome = engine.decide(request)
    except PolicyError:
        return None
    return {
        (one.code, one.service_date): _said(one)
        for one in outcome.determinations or outcome.without_policy
    }


def _said(one: Determination | NoPolicy) -> Said:
    if isinstance(one, NoPolicy):
        return "no_policy", frozenset(), frozenset(), ()
    findings = frozenset(
        (found.rule, " ".join(filter(None, (found.kind, found.group, found.carc, *found.rarcs))))
        for found in one.findings
    )
    lines = tuple((line.number, line.outcome, line.allowed_units) for line in one.lines)
    return one.decision, findings, frozenset(rule.rule for rule in one.unsettled), lines


_NOTHING: Said = ("no_policy", frozenset(), frozenset(), ())
_REJECTED: Said = ("rejected", frozenset(), frozenset(), ())

Counts = dict[Any, list[Any]]


def expected(old: Path, new: Path, requests: Iterable[Json]) -> tuple[Counts, Counts]:
    """Services, dollars and services without a known charge: by old and new decision, and by kind
    of change with the findings that went and came."""
    engines = (Engine.open(old), Engine.open(new))
    cells: Counts = {}
    changes: Counts = {}
    for request in requests:
        sides = [_services(engine, request) for engine in engines]
        services = dict.fromkeys(key for side in sides for key in side or ())
        for service in services:
            was, will = (
                _REJECTED if side is None else side.get(service, _NOTHING) for side in sides
            )
            charge = _charge(request, service)
            _count(cells, (was[0], will[0]), charge)
            kind = None
            if was[0] != will[0]:
                kind = "decision"
            elif was[3] != will[3]:
                kind = "units"
            elif was[1:3] != will[1:3]:
                kind = "reasons"
            if kind is not None:
                key = (kind, was[0], will[0], was[1] - will[1], will[1] - was[1])
                _count(changes, key, charge)
    return cells, changes


def _charge(request: Json, service: tuple[Any, Any]) -> Decimal | None:
    lines = request.get("lines", [])
    charges = [
        line.get("charge")
        for line in lines
        if (line["code"], line["date"]) == (service[0], service[1] and service[1].isoformat())
    ]
    return None if not charges or None in charges else sum(map(Decimal, charges), Decimal())


def _count(counts: Counts, key: Any, charge: Decimal | None) -> None:
    found = counts.setdefault(key, [0, Decimal(), 0])
    found[0] += 1
    found[1] += charge or 0
    found[2] += charge is None


def counted(made: Impact) -> tuple[Counts, Counts]:
    """The same of an impact. Reasons that are no findings are left out, what they tell apart is
    counted together; assumptions alone make no change here."""
    cells = {
        pair: [one.services, Decimal(one.billed).scaleb(-6), one.unknown]
        for pair, one in made.cells.items()
    }
    changes: Counts = {}
    for change in made.changes:
        key = change.key
        every = (*key.went, *key.came)
        if key.kind == "reasons" and every and all(one.says == "assumed" for one in every):
            continue
        went, came = (
            frozenset(
                (one.rule, one.says)
                for one in side
                if one.rule and one.says not in ("unsettled", "assumed")
            )
            for side in (key.went, key.came)
        )
        found = changes.setdefault((key.kind, key.old, key.new, went, came), [0, Decimal(), 0])
        found[0] += change.tally.services
        found[1] += Decimal(change.tally.billed).scaleb(-6)
        found[2] += change.tally.unknown
    return cells, changes


def kinds(made: Impact) -> Counter[str]:
    """How many services changed in which way."""
    found: Counter[str] = Counter()
    for change in made.changes:
        found[change.key.kind] += change.tally.services
    return found


def compared(old: Path, new: Path, *files: Path, **options: Any) -> Impact:
    return impact(old, new, list(files), **options)

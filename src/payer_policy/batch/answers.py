"""Outcomes as rows of the answer table, and the counts of such rows for the summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.schema import ANSWER, HELD, PLACES
from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.ruleset import Reason
from payer_policy.determination import Determination, Finding, NoPolicy, Outcome

_NOTHING = {field.name: () for field in ANSWER if pa.types.is_list(field.type)}
_ROWS = 1_000
_MOST = Decimal(10) ** (24 - PLACES)


class NotExact(PayerPolicyError, ValueError):
    """An amount that does not fit a decimal of the answer table."""


class AnswerRows:
    """Collects outcomes as one table.

    Args:
        fact_order: The place of each fact in the vocabulary.
    """

    def __init__(self, fact_order: Mapping[str, int]) -> None:
        self._order = fact_order
        self._tables: list[pa.Table] = [HELD.empty_table()]
        self._rows: list[dict[str, Any]] = []

    def add(self, record: int, kind: str, outcome: Outcome) -> None:
        """Add the rows of one request: its determinations, or else its services without a policy.

        Raises:
            NotExact: An amount does not fit; none of the request's rows is added.
        """
        rows = [self.determined(one) for one in outcome.determinations]
        rows = rows or [_without(one, kind) for one in outcome.without_policy]
        for row in rows:
            self._rows.append({**row, "record": record})
        if len(self._rows) >= _ROWS:
            self._close()

    def table(self) -> pa.Table:
        """All rows so far; the caller sets `file`."""
        self._close()
        # Each piece has its own dictionaries; grouping rows by a column needs a single one.
        return pa.concat_tables(self._tables).unify_dictionaries()

    def _close(self) -> None:
        """Turn rows into columns, which take a small part of the memory."""
        if self._rows:
            self._tables.append(pa.Table.from_pylist(self._rows, HELD))
            self._rows = []

    def determined(self, made: Determination) -> dict[str, Any]:
        """The row of a determination, without its record."""
        missing = {question.fact for question in made.missing}
        return {
            "claim_id": made.claim_id,
            "kind": made.kind,
            "code": made.code,
            "service_date": made.service_date,
            "decision": made.decision,
            "lines": [
                {
                    "number": line.number,
                    "parts": line.parts,
                    "outcome": line.outcome,
                    "disposition": line.disposition,
                    "billed_units": exact(line.billed_units),
                    "allowed_units": exact(line.allowed_units),
                    "allowed_least": exact(line.allowed_least),
                    "allowed_most": exact(line.allowed_most),
                    "findings": line.findings,
                }
                for line in made.lines
            ],
            "recommended": made.recommended,
            "headline": made.headline,
            "findings": [found.rule for found in made.findings],
            "reasons": [reason_text(found.kind, found) for found in made.findings],
            "follow_up": [found.rule for found in made.findings if found.follow_up],
            "certified": None if made.certified is None else _json(made.certified.to_json()),
            "missing": sorted(missing, key=lambda name: self._order.get(name, len(self._order))),
            "unsettled": [rule.rule for rule in made.unsettled],
            "assumptions": [one.rule for one in made.assumptions if one.rule is not None],
            "information_request": None
            if made.information_request is None
            else reason_text("ask", made.information_request),
            "internal": made.internal,
            "policy": made.policy.address,
            "policy_version": made.policy.version,
            "policy_hash": made.policy.hash,
            "engine": made.engine,
        }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _without(service: NoPolicy, kind: str) -> dict[str, Any]:
    return {
        **_NOTHING,
        "claim_id": service.claim_id,
        "kind": kind,
        "code": service.code,
        "service_date": service.service_date,
        "decision": "no_policy",
    }


def reason_text(kind: str, reason: Reason | Finding) -> str:
    """The kind of a finding and its reason codes as one text: `deny CO 16 N822 MA130`."""
    codes = (reason.group, reason.carc, *reason.rarcs)
    return " ".join([kind, *(code for code in codes if code is not None)])


def exact(units: int | Decimal | Fraction | None) -> Decimal | None:
    """Units as a number of the answers.

    Raises:
        NotExact: they do not fit.
    """
    if units is None:
        return None
    if isinstance(units, Fraction):
        scaled = units * 10**PLACES
        if scaled.denominator != 1:
            shown = f"{units.numerator}/{units.denominator}"
            raise NotExact(
                f"the units {shown} are not an exact decimal; at most {PLACES} places fit"
            )
        made = Decimal(scaled.numerator).scaleb(-PLACES)
    else:
        made = Decimal(units)
    if abs(made) >= _MOST or -int(made.as_tuple().exponent) > PLACES:
        raise NotExact(
            f"the units {made:f} do not fit a number with {24 - PLACES} digits before the decimal "
            f"point and {PLACES} after it"
        )
    return made


# --- counts --------------------------------------------------------------------------------------


def counts_of(table: pa.Table) -> dict[str, Counter[str]]:
    """How many rows have which decision and policy, and how many findings have which reason."""
    pairs = (
        table.group_by(["policy", "decision"], use_threads=False)
        .aggregate([([], "count_all")])
        .to_pylist()
    )
    reasons = _values(pc.list_flatten(table["reasons"])) + _values(table["information_request"])
    return {
        "decisions": _values(table["decision"]),
        "policies": Counter(
            {
                f"{one['policy']} {one['decision']}": one["count_all"]
                for one in pairs
                if one["policy"] is not None
            }
        ),
        # Notes decide nothing.
        "reasons": Counter(
            {text: n for text, n in reasons.items() if not text.startswith("advise")}
        ),
    }


def _values(column: pa.ChunkedArray) -> Counter[str]:
    counted = pc.value_counts(column).to_pylist()
    return Counter({one["values"]: one["counts"] for one in counted if one["values"] is not None})


def record_count(table: pa.Table) -> int:
    """How many records have an answer in the table."""
    counted: int = pc.count_distinct(table["record"]).as_py()
    return counted


def merged(counts: Iterable[Mapping[str, Mapping[str, int]]]) -> dict[str, Counter[str]]:
    """The sums of counts, by kind."""
    out: dict[str, Counter[str]] = {}
    for one in counts:
        for name, found in one.items():
            out.setdefault(name, Counter()).update(found)
    return out

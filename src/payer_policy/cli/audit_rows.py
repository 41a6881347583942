"""Rows of the audit record as `payer-policy audit find` and `show` print them.

A row may be from another version of the product, or tampered with: anything of an unexpected shape is
left out here, but not from the JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from payer_policy.audit.chain import Row
from payer_policy.audit.entries import DECISION, REDACTION
from payer_policy.audit.searching import objects
from payer_policy.audit.verifying import Fault, checked, kept_of, member_of
from payer_policy.cli.audit_words import rows_of
from payer_policy.cli.options import one_line

DECIDED: Final = {
    "approve": "approved",
    "deny": "denied",
    "pend": "pended",
    "reduce": "reduced",
    "partial": "approved in part",
    "void": "void",
    "not_required": "not required",
    "no_policy": "no policy",
}
_WIDEST: Final = 40
"""Maximum characters of a column except the last; `show` and the JSON have the whole value."""


def row_json(row: Row, findings: Sequence[Fault], *, whole: bool) -> dict[str, Any]:
    """A row for programs; with `whole`, including the member part."""
    shown: dict[str, Any] = {
        "schema": "payer-policy/audit-row/1",
        "row": row.seq,
        "time": row.time,
        "claim_number": row.claim_number,
        "member_id": row.member_id,
        "kept": kept_of(row),
        "member_data": _member_data(row),
        "hash": row.hash,
        "previous": row.previous,
        "commitment": row.commitment,
        "as_written": not findings,
        "findings": [{"kind": one.kind, "message": one.message} for one in findings],
    }
    return {**shown, "member": member_of(row)} if whole else shown


def found_text(name: str, rows: Sequence[Row], count: int) -> Iterator[str]:
    """A table of the rows that were found."""
    if not rows:
        yield f"{name}: no row meets all conditions."
        return
    yield f"{name}: {rows_of(count)}"
    heads = ("row", "time", "claim number", "member", "answer", "caller", "policy")
    table = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(cells[at]) for cells in table) for at in range(len(heads))]
    for number, cells in enumerate(table):
        padded = [cells[0].rjust(widths[0])]
        padded += [cell.ljust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        wrong = "" if number == 0 or not checked(rows[number - 1]) else "  NOT AS WRITTEN"
        yield f"  {'  '.join(padded).rstrip()}{wrong}"
    if count > len(rows):
        yield f"  These are the newest {len(rows):,}; more: --limit, --json or other conditions."


def _cells(row: Row) -> tuple[str, ...]:
    kept = kept_of(row) or {}
    decided = objects(kept.get("determinations"))
    policies = dict.fromkeys(f"{one.get('policy')} {one.get('version') or ''}" for one in decided)
    cells = (
        str(row.seq),
        _time(row.time),
        row.claim_number or "",
        row.member_id or "",
        _answer(kept),
        str(kept.get("caller") or ""),
        ", ".join(policies),
    )
    *narrow, last = (one_line(cell) for cell in cells)
    return (*map(_cut, narrow), last)


def row_text(name: str, row: Row, findings: Sequence[Fault]) -> Iterator[str]:
    """A row in full, for people."""
    kept = kept_of(row) or {}
    yield f"Row {row.seq} of {name}, {_time(row.time)}: {one_line(_answer(kept))}"
    stated = {
        "claim number": row.claim_number,
        "member": row.member_id,
        "caller": kept.get("caller"),
        "request id": kept.get("request_id"),
        "by order of": kept.get("by"),
        "reason": kept.get("why"),
        "erased": _runs(kept.get("rows")) if kept.get("kind") == REDACTION else None,
        "requests": kept.get("requests"),
        "policies": kept.get("source"),
        "product": kept.get("product"),
        "member data": _member_data(row),
    }
    for label, value in stated.items():
        if value is not None:
            yield f"  {label:<13} {one_line(str(value))}"
    member = member_of(row) or {}
    answers = objects(member.get("answers"))
    for number, one in enumerate(objects(kept.get("determinations"))):
        full = answers[number].get("determination") if number < len(answers) else None
        yield from _determination(one, full if isinstance(full, dict) else {})
    for service in objects(kept.get("without_policy")):
        numbers = ", ".join(map(str, service.get("lines") or ()))
        yield f"  {one_line(str(service.get('code')))}, lines {numbers}: no policy"
    yield f"  {'hash':<13} {one_line(row.hash)}"
    yield f"  {'previous':<13} {one_line(row.previous)}"
    if not findings:
        yield "  As written: its hash, its member data and its links to the rows before and after agree."
    for finding in findings:
        yield f"  NOT AS WRITTEN: {finding.kind}: {finding.message}"


def _determination(kept: Mapping[str, Any], full: Mapping[str, Any]) -> Iterator[str]:
    """One determination: its permanent part, and the sentences if there is a member part."""
    on = f" on {full['service_date']}" if full.get("service_date") else ""
    decision = DECIDED.get(str(kept.get("decision")), str(kept.get("decision")))
    yield one_line(f"  {kept.get('code')}{on}: {decision}")
    yield one_line(
        f"    by {kept.get('policy')} {kept.get('version') or '(no version)'}, "
        f"policy version hash {kept.get('ruleset')}, engine {kept.get('engine')}"
    )
    for line in kept.get("lines") or ():
        if isinstance(line, list) and len(line) == 2:
            yield one_line(f"    line {line[0]} {DECIDED.get(str(line[1]), line[1])}")
    because = {one.get("rule"): one.get("because") for one in objects(full.get("findings"))}
    for rule in kept.get("findings") or ():
        sentence = because.get(rule) if isinstance(rule, str) else None
        yield one_line(f"    {rule}{f': {sentence}' if sentence else ''}")


def _answer(kept: Mapping[str, Any]) -> str:
    kind = kept.get("kind")
    if kind != DECISION:
        return str(kind or "not readable")
    return DECIDED.get(str(kept.get("decision")), str(kept.get("decision")))


def _member_data(row: Row) -> str:
    if row.left_out:
        return "left out of this export"
    if row.member is not None:
        return "kept"
    return "none" if row.commitment is None else "erased"


def _runs(value: Any) -> str:
    pairs = [one for one in value or () if isinstance(one, list) and len(one) == 2]
    return ", ".join(f"row {a}" if a == b else f"rows {a} to {b}" for a, b in pairs)


def _time(text: str) -> str:
    """`2026-01-31T12:00:00.000000Z` as people read it, to the second."""
    return one_line(text.replace("T", " ").partition(".")[0] + " UTC")


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"

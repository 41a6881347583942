"""What changed in the text of two rulesets: parameters, rules, dates, as people name them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from payer_policy.core.ruleset import FindingEffect, Parameter, Rule, Ruleset
from payer_policy.core.tables import Row, Table
from payer_policy.determination.words import in_words

Subject = Literal[
    "dates",
    "applies to",
    "parameter",
    "table",
    "rule",
    "information request",
    "lines over several days",
]


@dataclass(frozen=True, slots=True)
class TextChange:
    """One thing that reads otherwise: which, and what was and is said of it."""

    subject: Subject
    name: str
    old: str | None
    """None: it was not there."""
    new: str | None


def text_changes(old: Ruleset, new: Ruleset) -> Iterator[TextChange]:
    """What reads otherwise, in the order of a policy file."""
    if old.version != new.version:
        yield TextChange("dates", "version", old.version, new.version)
    if old.applies_to != new.applies_to:
        yield TextChange("applies to", "applies_to", "as before", "changed")
    for name in sorted({*old.parameters, *new.parameters}):
        one, other = old.parameters.get(name), new.parameters.get(name)
        if _value(one) != _value(other):
            yield TextChange("parameter", name, _value(one), _value(other))
    for name in sorted({*old.tables, *new.tables}):
        yield from _rows_changed(name, old.tables.get(name), new.tables.get(name))
    before = {rule.id: rule for rule in old.rules}
    after = {rule.id: rule for rule in new.rules}
    for id_ in sorted({*before, *after}):
        was, now = before.get(id_), after.get(id_)
        if was is None or now is None:
            yield TextChange(
                "rule", id_, None if was is None else was.title, None if now is None else now.title
            )
            continue
        what = [word for word, changed in _differences(was, now) if changed]
        if what:
            yield TextChange("rule", id_, was.title, f"{now.title} ({', '.join(what)})")
    if old.information_request != new.information_request:
        yield TextChange("information request", "information_request", "as before", "changed")
    if old.spans != new.spans:
        yield TextChange("lines over several days", "spans", old.spans, new.spans)


def _rows_changed(name: str, old: Table | None, new: Table | None) -> Iterator[TextChange]:
    if old is None or new is None or (old.keys, old.types) != (new.keys, new.types):
        if old != new:
            was, now = (None if one is None else _size(one) for one in (old, new))
            yield TextChange("table", name, was, now)
        return
    rows = [{row.id: row for row in table.rows} for table in (old, new)]
    for id_ in sorted({*rows[0], *rows[1]}):
        one, other = rows[0].get(id_), rows[1].get(id_)
        if one != other:
            cells = one is not None and other is not None and one.cells != other.cells
            keys = " (its keys)" if cells else ""
            yield TextChange("table", f"{name}, row {id_}", _given(one), _given(other, keys))
    if old.otherwise != new.otherwise:
        yield TextChange("table", f"{name}, otherwise", *map(_otherwise, (old, new)))


def _size(table: Table) -> str:
    return f"{len(table.rows)} row{'s' if len(table.rows) > 1 else ''} by {', '.join(table.keys)}"


def _given(row: Row | None, more: str = "") -> str | None:
    return None if row is None else f"{', '.join(map(in_words, row.values))}{more}"


def _otherwise(table: Table) -> str | None:
    return None if table.otherwise is None else ", ".join(map(in_words, table.otherwise))


def _value(parameter: Parameter | None) -> str | None:
    if parameter is None:
        return None
    unit = f" {parameter.unit}" if parameter.unit else ""
    return f"{in_words(parameter.value)}{unit}"


def _differences(was: Rule, now: Rule) -> Iterator[tuple[str, bool]]:
    yield "its title", was.title != now.title
    yield "its condition", was.condition != now.condition
    one, other = was.effect, now.effect
    if isinstance(one, FindingEffect) and isinstance(other, FindingEffect):
        yield "its reason codes", one.reason != other.reason
        yield "its sentence", one.because != other.because
        yield "what it does", (one.kind, one.part, one.to) != (other.kind, other.part, other.to)
    else:
        yield "what it does", one != other
    yield "its citations", was.cites != now.cites
    yield "what overrides it", was.overridden_by != now.overridden_by
    yield "what it means when it is not known", was.assume_not_holding != now.assume_not_holding
    yield "its note", was.note != now.note

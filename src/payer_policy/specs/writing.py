"""A request written down as a scenario, ready to paste into a feature file.

The sentences are those of the step library (`steps`), and what they build is the request again:
tests read every kind of it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from payer_policy.core.vocabulary.types import NONE, FactType, Value, format_value
from payer_policy.determination import Determination
from payer_policy.determination.words import in_words
from payer_policy.policy.library import Library
from payer_policy.specs.given import FIELDS
from payer_policy.specs.then import decided_as

_KINDS: Final = {
    "claim": ("a claim to", "claim"),
    "preauthorization": ("a preauthorization request to", "request"),
}
_FIELD_OF: Final = {path: field for field, path in FIELDS.items()}
_NOT_SAID: Final = ("kind", "coverage.payer")
"""Request fields that the first sentence says."""

Rows = Sequence[Sequence[str]]


class ScenarioWriter:
    """Writes scenarios about the policies of one folder."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._paths = {
            name: str(path)
            for name, fact in library.vocabulary.facts.items()
            if (path := (fact.source or {}).get("request")) is not None
        }
        self._code = library.facts_by_source.get(("service", "code"))
        self._day = library.facts_by_source.get(("service", "date"))

    def scenario(
        self, title: str, payer: str, facts: Mapping[str, Value], then: Sequence[Determination]
    ) -> str:
        """A scenario that ends with what was determined.

        Args:
            title: The scenario's name.
            payer: The payer's folder.
            facts: What is known of the request; facts that are fields of the form among them.
            then: What came of it: one determination, as a rule.
        """
        kind, lines = self.given(payer, facts)
        lines += [f"When the {kind} is decided", *self.then(then)]
        return "\n".join([f"Scenario: {title}", *(f"  {line}" for line in lines)]) + "\n"

    def given(self, payer: str, facts: Mapping[str, Value]) -> tuple[str, list[str]]:
        """The sentences that put the request together, and what it is called in them."""
        named = self._library.facts_by_source.get(("request", "kind"), "")
        about, kind = _KINDS[str(facts.get(named, "claim"))]
        code = facts.get(self._code or "", "?")
        day = facts.get(self._day or "")
        name = self._library.reference.payers[payer].name
        shown_day = day if isinstance(day, date) else date(2025, 1, 1)
        out = [f"Given {about} {name} for {code} on {shown_day}"]
        if day is None:
            out.append(f"And nothing is known about {self._day}")
        out += self._form(kind, payer, facts)
        # A field of the form that is empty says nothing; that there is none is a fact.
        form = {
            self._code,
            self._day,
            *(name for name in self._paths if facts.get(name) is not NONE),
        }
        other = {name: value for name, value in facts.items() if name not in form}
        return kind, [*out, *self._facts("And", other)]

    def more(self, facts: Mapping[str, Value]) -> list[str]:
        """The sentences that add to what is known of a request."""
        return self._facts("Given", facts)

    def _facts(self, keyword: str, facts: Mapping[str, Value]) -> list[str]:
        rows = [
            (fact.label, _cell(facts[name], fact.type))
            for name, fact in self._library.vocabulary.facts.items()
            if name in facts
        ]
        return [f"{keyword} these facts", *_table([("fact", "value"), *rows])] if rows else []

    def then(self, determinations: Sequence[Determination]) -> list[str]:
        """The sentences that say what was determined."""
        if not determinations:
            return ["Then no policy applies"]
        made = determinations[0]
        rows = [
            (found.rule, found.group or "", found.carc or "", ", ".join(found.rarcs))
            for found in made.findings
            if found.kind != "advise"
        ]
        out = [f"Then it is {decided_as(made)}"]
        if rows:
            out += ["And the reasons are", *_table([("rule", "group", "carc", "rarc"), *rows])]
        return out

    def _form(self, kind: str, payer: str, facts: Mapping[str, Value]) -> Iterator[str]:
        rows: list[tuple[str, str]] = []
        business = self._library.reference.payers[payer].lines_of_business
        silent: dict[str, Any] = {"frequency": "1"}
        if len(business) == 1:
            silent["coverage.line_of_business"] = business[0]
        seen: set[str] = set()
        for name, path in self._paths.items():
            value = facts.get(name)
            if value in (None, NONE) or path in seen or path in _NOT_SAID:
                continue
            if value == silent.get(path):
                continue
            seen.add(path)
            if path == "diagnoses":
                assert isinstance(value, frozenset)
                if value:
                    yield f"And the diagnoses {' and '.join(sorted(value))}"
            elif path in _FIELD_OF:
                rows.append((_FIELD_OF[path], format_value(value)))
        if rows:
            yield f"And the {kind} says"
            yield from _table([("field", "value"), *rows])


def _table(rows: Rows) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  | "
        + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        + " |"
        for row in rows
    ]


def _cell(value: Value, type_: FactType) -> str:
    """A value as a cell of a table gives it: with one unit."""
    return in_words(value, replace(type_, shown_in=None))

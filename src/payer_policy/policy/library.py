"""The policy folder as one immutable value: vocabulary, reference data, and every policy by date.

`Library.open` is the only way in: it reads every file, reports every problem of all of them, and
gives a library only when there is none. A folder is never loaded in part.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock

from payer_policy.diagnostics import Diagnostic, PolicyError
from payer_policy.json_source import JsonDocument
from payer_policy.policy.resolve import Resolver
from payer_policy.policy.statements import Statement, StatementReader, Statements
from payer_policy.policy.versions import Merged, PolicyVersion, merge
from payer_policy.reference import ReferenceData
from payer_policy.ruleset import Ruleset
from payer_policy.vocabulary.model import Vocabulary


@dataclass(frozen=True)
class Span:
    """A run of service dates on which one chain of versions, and one ruleset, is in force."""

    merged: Merged
    first_day: date
    last_day: date | None


@dataclass(frozen=True)
class Library:
    """All policies of a folder, ready to be resolved by date of service. Safe to share."""

    vocabulary: Vocabulary
    vocabulary_document: JsonDocument
    reference: ReferenceData
    reference_hash: str
    policies: Mapping[str, tuple[PolicyVersion, ...]]
    """By address, each in the order of the first days."""
    spans: Mapping[str, tuple[Span, ...]]
    """By address, the runs of dates for which one chain of versions is in force."""
    codes: Mapping[str, frozenset[str]]
    """The drug codes that each policy can apply to, by address (over all its versions)."""
    known_codes: Mapping[str, frozenset[str]]
    statements: Mapping[str, Statements] = field(default_factory=dict)
    """What is said to be always or never so, by the address of the policy beside which it stands."""
    _rulesets: dict[tuple[str, date], Ruleset] = field(default_factory=dict)
    _windows: dict[str, tuple[tuple[date, date | None, Merged], ...]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @staticmethod
    def open(folder: str | Path) -> Library:
        """Read and check a policy folder.

        Raises:
            PolicyError: with every problem in every file, in file order. Nothing is loaded then.
        """
        from payer_policy.policy.reading import read_library

        library, diagnostics = read_library(Path(folder))
        errors = [problem for problem in diagnostics if problem.severity == "error"]
        if errors or library is None:
            raise PolicyError(errors)
        return library

    def __getstate__(self) -> dict[str, object]:
        """What was read from files: not what was resolved since, nor the lock."""
        return {name: getattr(self, name) for name in _READ}

    def __setstate__(self, state: dict[str, object]) -> None:
        fresh = {"_rulesets": {}, "_windows": {}, "_lock": Lock()}
        self.__dict__.update({**state, **fresh})

    @cached_property
    def facts_by_source(self) -> Mapping[tuple[str, str], str]:
        """The first fact that is read from each field, such as `("service", "code")`."""
        out: dict[tuple[str, str], str] = {}
        for name, fact in self.vocabulary.facts.items():
            for root in ("request", "service"):
                path = (fact.source or {}).get(root)
                if isinstance(path, str):
                    out.setdefault((root, path), name)
        return out

    @cached_property
    def by_code(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """The addresses of a payer's policies for a drug code, sorted; by payer and code."""
        out: dict[tuple[str, str], list[str]] = {}
        for address in self.addresses():
            for code in self.codes[address]:
                out.setdefault((address.partition("/")[0], code), []).append(address)
        return {key: tuple(found) for key, found in out.items()}

    def windows(self, address: str) -> tuple[tuple[date, date | None, Merged], ...]:
        """The runs of dates on which a policy's meaning is one and the same, in order."""
        found = self._windows.get(address)
        if found is None:
            found = self._windows[address] = tuple(self._cut(address))
        return found

    def _cut(self, address: str) -> list[tuple[date, date | None, Merged]]:
        out: list[tuple[date, date | None, Merged]] = []
        dated = [
            entry for code_set in self.reference.code_sets.values() for entry in code_set.codes
        ]
        common = {entry.first_day for entry in dated} | {
            entry.last_day + timedelta(days=1)
            for entry in dated
            if entry.last_day is not None and entry.last_day < date.max
        }
        for span in self.spans.get(address, ()):
            starts = {span.first_day}
            for day in (*common, *span.merged.breakpoints()):
                if (
                    day is not None
                    and span.first_day < day
                    and (span.last_day is None or day <= span.last_day)
                ):
                    starts.add(day)
            ordered = sorted(starts)
            for start, following in zip(ordered, [*ordered[1:], None], strict=True):
                last = span.last_day if following is None else following - timedelta(days=1)
                out.append((start, last, span.merged))
        return out

    def ruleset(self, address: str, day: date) -> Ruleset | None:
        """The policy's ruleset for a date of service; None where no version is in force."""
        windows = self.windows(address)
        index = bisect_right(windows, day, key=lambda window: window[0]) - 1
        if index < 0:
            return None
        first, last, merged = windows[index]
        if last is not None and day > last:
            return None
        key = (address, first)
        found = self._rulesets.get(key)
        if found is None:
            with self._lock:
                found = self._rulesets.get(key)
                if found is None:
                    found = self._resolve(merged, first, last)
                    self._rulesets[key] = found
        return found

    def _resolve(self, merged: Merged, first: date, last: date | None) -> Ruleset:
        problems: list[Diagnostic] = []
        resolver = Resolver(
            merged, self.vocabulary, self.reference, problems.append, first, self.known_codes
        )
        return resolver.ruleset(first, last, self.reference_hash)

    def statements_on(self, address: str, day: date) -> tuple[Statement, ...]:
        """The statements about a policy (and its bases) that are in force on a day."""
        for first, last, merged in self.windows(address):
            if first <= day and (last is None or day <= last):
                reader = StatementReader(
                    merged,
                    self.vocabulary,
                    self.reference,
                    self.known_codes,
                    lambda problem: None,
                    day,
                )
                return reader.read(self.statements)
        return ()

    def addresses(self, payer: str | None = None) -> tuple[str, ...]:
        """The addresses of all policies (of one payer), sorted."""
        return tuple(
            address
            for address in sorted(self.policies)
            if payer is None or address.partition("/")[0] == payer
        )


_READ = tuple(one.name for one in fields(Library) if not one.name.startswith("_"))


def spans_of(
    address: str,
    policies: Mapping[str, tuple[PolicyVersion, ...]],
    report: object,
) -> list[Span]:
    """The runs of dates of a policy, each with its bases in force laid under it.

    `report` receives problems of the overlays. Assumes that `extends` has no circle and names
    policies that exist.
    """
    out: list[Span] = []
    for version in policies[address]:
        for chain, first, last in _chains(version, policies, version.first_day, version.last_day):
            merged = merge(chain, report, first, last)  # type: ignore[arg-type]
            out.append(Span(merged, first, last))
    return out


def _chains(
    version: PolicyVersion,
    policies: Mapping[str, tuple[PolicyVersion, ...]],
    first: date,
    last: date | None,
) -> list[tuple[list[PolicyVersion], date, date | None]]:
    base = version.model.extends
    if base is None or base not in policies:
        return [([version], first, last)]
    out = []
    for lower in policies[base]:
        start = max(first, lower.first_day)
        ends = [day for day in (last, lower.last_day) if day is not None]
        end = min(ends) if ends else None
        if end is None or start <= end:
            for chain, a, b in _chains(lower, policies, start, end):
                out.append(([*chain, version], a, b))
    return out

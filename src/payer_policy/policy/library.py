"""The policy folder as one immutable value: vocabulary, reference data, and every policy by date.

`Library.open` is the only way in: it reads every file, reports every problem of all of them, and
gives a library only when there is none. A folder is never loaded in part.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from threading import RLock
from types import MappingProxyType

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, given_path, kind_of
from payer_policy.core.json_source import JsonDocument
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.basis import Basis
from payer_policy.policy.elaboration import Elaboration, Window, alike
from payer_policy.policy.reference import ReferenceData
from payer_policy.policy.resolve import Resolver
from payer_policy.policy.statements import Statement, StatementReader, Statements
from payer_policy.policy.versions import Merged, PolicyVersion, Span, day_after, merge

EMPTY: Mapping[str, tuple[PolicyVersion, ...]] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Library:
    """All policies of a folder, ready to be resolved by date of service. Safe to share."""

    basis: Basis
    """What every policy is read against: the vocabulary and the reference data."""
    vocabulary_document: JsonDocument
    """The file of the vocabulary with its places, for messages."""
    policies: Mapping[str, tuple[PolicyVersion, ...]]
    """By address, each in the order of the first days."""
    spans: Mapping[str, tuple[Span, ...]]
    """By address, the runs of dates for which one chain of versions is in force."""
    codes: Mapping[str, frozenset[str]]
    """The drug codes that each policy can apply to, by address (over all its versions)."""
    statements: Mapping[str, Statements] = field(default_factory=dict)
    """What is said to be always or never so, by the address of the policy beside which it stands."""
    examples: Mapping[str, Mapping[str, JsonDocument]] = field(default_factory=dict)
    """Named requests, by the address of the policy beside which they are and by name. They decide
    nothing: `specs.examples` reads them as requests."""
    _elaborations: dict[str, tuple[Elaboration, ...]] = field(default_factory=dict)
    """By address, one for each span; what `check` typed stands here from the beginning."""
    _windows: dict[str, tuple[Window, ...]] = field(default_factory=dict)
    _rulesets: dict[tuple[str, date], Ruleset] = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    @staticmethod
    def open(folder: str | Path) -> Library:
        """Read and check a policy folder.

        Args:
            folder: The folder that holds `vocabulary.json`.

        Raises:
            PolicyError: There is no such folder, or with every problem in every file, in file order.
                Nothing is loaded then.
        """
        from payer_policy.policy.reading import read_library

        library, diagnostics = read_library(given_path(folder, "a policy folder"))
        errors = [problem for problem in diagnostics if problem.severity == "error"]
        if errors or library is None:
            raise PolicyError(errors)
        return library

    def __getstate__(self) -> dict[str, object]:
        """What was read from files: not what was resolved since, nor the lock."""
        return {name: getattr(self, name) for name in _READ}

    def __setstate__(self, state: dict[str, object]) -> None:
        fresh = {"_elaborations": {}, "_windows": {}, "_rulesets": {}, "_lock": RLock()}
        self.__dict__.update({**state, **fresh})

    def varied(
        self,
        *,
        versions: Mapping[str, tuple[PolicyVersion, ...]] = EMPTY,
        vocabulary: Vocabulary | None = None,
        reference: ReferenceData | None = None,
    ) -> Library:
        """The same library with something changed, to ask what would follow from the change.

        Nothing is checked again, and its rulesets have no hash: no request is decided by it.
        `windows` and `ruleset` raise PolicyError where the change makes no sense (a bound of another
        type).

        Args:
            versions: By address, all versions of the policies that are changed.
            vocabulary: Where a default of a derived fact is changed; types must stay.
            reference: Where code sets are changed.
        """
        policies = {**self.policies, **versions}
        touched = set(versions)
        while more := {
            address
            for address in set(policies) - touched
            if any(version.model.extends in touched for version in policies[address])
        }:
            touched |= more
        ignored: list[Diagnostic] = []
        return replace(
            self,
            policies=policies,
            spans={
                address: tuple(spans_of(address, policies, ignored.append))
                if address in touched
                else spans
                for address, spans in self.spans.items()
            },
            basis=self.basis.varied(vocabulary, reference),
            _elaborations={},
            _windows={},
            _rulesets={},
            _lock=RLock(),
        )

    @property
    def vocabulary(self) -> Vocabulary:
        """The facts that rules can read, with their types and units."""
        return self.basis.vocabulary

    @property
    def reference(self) -> ReferenceData:
        """Code sets, reason codes, drugs, products and payers."""
        return self.basis.reference

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
        """The runs of dates on which a policy's meaning is one and the same, in order.

        Args:
            address: `<payer>/<policy>`.

        Returns:
            For each its first day, its last (None: there is no end), and the versions in force.
        """
        return tuple(
            [(first, last, made.merged) for made, first, last in self._windows_of(address)]
        )

    def _windows_of(self, address: str) -> tuple[Window, ...]:
        found = self._windows.get(address)
        if found is None:
            with self._lock:
                found = self._windows.get(address)
                if found is None:
                    found = self._windows[address] = tuple(self._cut(address))
        return found

    def _cut(self, address: str) -> list[Window]:
        out: list[Window] = []
        for elaboration in self._elaborated(address):
            first, *rest = elaboration.windows()
            if out and (joined := self._joined(out[-1], first)) is not None:
                out[-1] = joined
            else:
                out.append(first)
            out += rest
        return out

    def _joined(self, one: Window, other: Window) -> Window | None:
        """Two windows as one, where only a base's file changed between them, and no word in it."""
        mine, theirs = one.elaboration.merged, other.elaboration.merged
        if (
            mine.version is not theirs.version
            or one.last_day is None
            or day_after(one.last_day) != other.first_day
        ):
            return None
        pair = [each[0].ruleset(each[1], each[2], hashed=False) for each in (one, other)]
        return one._replace(last_day=other.last_day) if alike(*pair) else None

    def _elaborated(self, address: str) -> tuple[Elaboration, ...]:
        found = self._elaborations.get(address)
        if found is None:
            problems: list[Diagnostic] = []
            made = [
                Resolver(span.merged, self.basis, problems.append).elaborated()
                for span in self.spans.get(address, ())
            ]
            found = tuple([one for one in made if one is not None])
            if len(found) < len(made):
                raise PolicyError(problems)
            self._elaborations[address] = found
        return found

    def ruleset(self, address: str, day: date) -> Ruleset | None:
        """The policy's ruleset for a date of service; None where no version is in force.

        Args:
            address: `<payer>/<policy>`.
            day: The date of service.

        Raises:
            PolicyError: The day is not a `datetime.date`.
        """
        window = self._window_on(address, day)
        if window is None:
            return None
        key = (address, window.first_day)
        found = self._rulesets.get(key)
        if found is None:
            with self._lock:
                found = self._rulesets.get(key)
                if found is None:
                    elaboration, first, last = window
                    hashed = self.basis.below is None
                    found = elaboration.ruleset(first, last, hashed=hashed)
                    self._rulesets[key] = found
        return found

    def _window_on(self, address: str, day: date) -> Window | None:
        if not isinstance(day, date) or isinstance(day, datetime):
            message = f"found {kind_of(day)}; a date of service was expected"
            hint = "give a `datetime.date`, such as `date(2025, 3, 4)`"
            raise PolicyError([Diagnostic("wrong-type", message, Location("day"), hint)])
        windows = self._windows_of(address)
        index = bisect_right(windows, day, key=lambda window: window.first_day) - 1
        if index < 0:
            return None
        last = windows[index].last_day
        return None if last is not None and day > last else windows[index]

    def statements_on(self, address: str, day: date) -> tuple[Statement, ...]:
        """The statements about a policy (and its bases) that are in force on a day.

        Args:
            address: `<payer>/<policy>`.
            day: The date of service.

        Raises:
            PolicyError: The day is not a `datetime.date`.
        """
        window = self._window_on(address, day)
        if window is None:
            return ()
        merged = window.elaboration.merged
        reader = StatementReader(merged, self.basis, lambda problem: None, day)
        return reader.read(self.statements)

    def addresses(self, payer: str | None = None) -> tuple[str, ...]:
        """The addresses of all policies, `<payer>/<policy>`, sorted.

        Args:
            payer: The folder name of a payer; None: of all payers.
        """
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

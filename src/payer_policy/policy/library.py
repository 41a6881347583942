"""The policy folder as one immutable value: vocabulary, reference data, and every policy by date.

`payer_policy.policy.loading.open_library` makes it, from a folder without errors.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from threading import RLock
from types import MappingProxyType
from typing import Any, TypeVar

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, kind_of
from payer_policy.core.json_source import JsonDocument, Report, ignored
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.basis import Basis
from payer_policy.policy.composition import Closure, merge
from payer_policy.policy.days import day_after, day_before
from payer_policy.policy.elaboration import Elaboration, Window, alike
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.policy.resolve import Resolver
from payer_policy.policy.statements import Statement, StatementReader, Statements
from payer_policy.policy.versions import Merged, PolicyVersion, relinked

EMPTY: Mapping[str, tuple[PolicyVersion, ...]] = MappingProxyType({})
T = TypeVar("T")


class _Cache:
    """What was resolved so far, each part once; a copy in another process starts empty."""

    def __init__(self, made: Mapping[Hashable, Any] | None = None) -> None:
        self._made: dict[Hashable, Any] = dict(made or {})
        self._lock = RLock()

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made under a key; made now if it was not."""
        found: T | None = self._made.get(key)
        if found is None:
            with self._lock:
                found = self._made.get(key)
                if found is None:
                    found = self._made[key] = make()
        return found

    def __reduce__(self) -> tuple[type[_Cache], tuple[()]]:
        return _Cache, ()


@dataclass(frozen=True, eq=False)
class Library:
    """All policies of a folder, ready to be resolved by date of service. Safe to share."""

    basis: Basis
    """What every policy is read against: the vocabulary and the reference data."""
    vocabulary_document: JsonDocument
    """The file of the vocabulary with its places, for messages."""
    policies: Mapping[str, tuple[PolicyVersion, ...]]
    """By address, each in the order of the first days."""
    spans: Mapping[str, tuple[Merged, ...]]
    """By address, the policy with its bases on each run of dates with one version of each of them."""
    codes: Mapping[str, frozenset[str]]
    """The drug codes that each policy can apply to, by address (over all its versions)."""
    statements: Mapping[str, Statements] = field(default_factory=dict)
    """What is always or never to be true, by the address of the policy beside which it is stated."""
    examples: Mapping[str, Mapping[str, JsonDocument]] = field(default_factory=dict)
    """Named requests, by the address of the policy beside which they are and by name. They decide
    nothing: `specs.examples` reads them as requests."""
    _cache: _Cache = field(default_factory=_Cache, repr=False)

    def with_elaborations(self, made: Mapping[str, tuple[Elaboration, ...]]) -> Library:
        """The same library, with the policies that `check` typed already.

        Args:
            made: By address, the typed policy of each span.
        """
        return replace(
            self, _cache=_Cache({("typed", address): one for address, one in made.items()})
        )

    def with_changes(
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
        changed = {address: relinked(listed) for address, listed in versions.items()}
        policies = {**self.policies, **changed}
        touched = set(versions)
        while more := {
            address
            for address in set(policies) - touched
            if any(touched.intersection(version.extends) for version in policies[address])
        }:
            touched |= more
        return replace(
            self,
            policies=policies,
            spans={
                address: spans_of(address, policies, ignored) if address in touched else spans
                for address, spans in self.spans.items()
            },
            basis=self.basis.with_changes(vocabulary, reference),
            _cache=_Cache(),
        )

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The facts that rules of any policy can read, with their types and units."""
        shared = self.basis.vocabulary
        facts, records = dict(shared.facts), dict(shared.records)
        for merged, local in self._local_vocabularies():
            facts.update((name, local.facts[name]) for name in merged.facts)
            records.update((name, local.records[name]) for name in merged.records)
        if len(facts) == len(shared.facts) and len(records) == len(shared.records):
            return shared
        return replace(shared, facts=facts, records=records)

    def _local_vocabularies(self) -> Iterator[tuple[Merged, Vocabulary]]:
        """The vocabularies of the policies that declare facts or records; `check` sees to it that one
        name is one type."""
        for merged in (merged for spans in self.spans.values() for merged in spans):
            declaring = [placed.version for placed in merged.facts.values()]
            declaring += [placed.version for placed in merged.records.values()]
            if any(version is merged.version for version in declaring):
                yield merged, Resolver(merged, self.basis, ignored).vocabulary

    def basis_of(self, ruleset: Ruleset) -> Basis:
        """What a ruleset of this library is read against: with the facts that its policy declares.

        Args:
            ruleset: One that `ruleset` returned.
        """
        window = self._window_on(ruleset.policy, ruleset.first_day)
        return self.basis if window is None else window.elaboration.basis

    def extending(self, module: str, *, modules: bool = False) -> tuple[str, ...]:
        """The policies that extend another one, directly or not, on some day; sorted.

        Args:
            module: The address of what they extend.
            modules: Whether modules among them count too.
        """
        return tuple(
            address
            for address in (sorted(self.policies) if modules else self.addresses())
            if address != module
            and any(one.address == module for span in self.spans[address] for one in span.chain)
        )

    def is_module(self, address: str) -> bool:
        """Whether a policy is a module, which decides nothing by itself.

        Args:
            address: `<owner>/<policy>`.
        """
        return any(version.abstract for version in self.policies.get(address, ()))

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

    def candidates(self, payer: str | None, code: str | None) -> tuple[str, ...]:
        """The addresses of a payer's policies for a drug code, sorted.

        Args:
            payer: The payer's folder, as `reference.payer_folder` finds it for a request.
            code: The code of a service.
        """
        return () if payer is None or code is None else self._by_code.get((payer, code), ())

    @cached_property
    def _by_code(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
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
        return self._cache.once(("windows", address), lambda: tuple(self._cut(address)))

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
        def type_again() -> tuple[Elaboration, ...]:
            problems: list[Diagnostic] = []
            spans = self.spans.get(address, ())
            made = [Resolver(one, self.basis, problems.append).elaborated() for one in spans]
            if None in made:
                raise PolicyError(problems)
            return tuple(filter(None, made))

        return self._cache.once(("typed", address), type_again)

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
        elaboration, first, last = window
        hashed = self.basis.below is None
        return self._cache.once(
            (address, first), lambda: elaboration.ruleset(first, last, hashed=hashed)
        )

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
        reader = StatementReader(merged, self.basis, ignored, day)
        return reader.read(self.statements)

    def addresses(self, payer: str | None = None) -> tuple[str, ...]:
        """The addresses of all policies, `<payer>/<policy>`, sorted; modules are not among them.

        Args:
            payer: The folder name of a payer; None: of all payers.
        """
        return tuple(
            one
            for one in sorted(self.policies)
            if payer in (None, one.partition("/")[0]) and not self.is_module(one)
        )


def spans_of(
    address: str, policies: Mapping[str, tuple[PolicyVersion, ...]], report: Report
) -> tuple[Merged, ...]:
    """The policy with its bases, on each run of dates with one version of each of them in force.

    Assumes that `extends` has no circle and names policies that exist.

    Args:
        address: `<owner>/<policy>`.
        policies: All versions by address.
        report: Receives problems of the overlays.
    """
    return tuple(
        merge(closure, report, first, last)
        for version in policies[address]
        for closure, first, last in _closures(version, policies)
    )


def _closures(
    version: PolicyVersion, policies: Mapping[str, tuple[PolicyVersion, ...]]
) -> Iterator[tuple[Closure, date, date | None]]:
    """The files that a version is made from, with the days on which it is these; none where a base
    has no version in force."""
    reached = _reached(version, policies)
    starts = {day for other in reached for day in other.changes() if version.in_force(day)}
    days = sorted({version.first_day, *starts})
    ends: list[date | None] = [*map(day_before, days[1:]), version.last_day]
    found: tuple[Closure, date, date | None] | None = None
    for first, last in zip(days, ends, strict=True):
        closure = _closure_on(first, version, policies)
        if found is not None and closure == found[0]:
            found = (closure, found[1], last)
            continue
        if found is not None:
            yield found
        found = None if closure is None else (closure, first, last)
    if found is not None:
        yield found


def _reached(
    version: PolicyVersion, policies: Mapping[str, tuple[PolicyVersion, ...]]
) -> list[PolicyVersion]:
    """All versions, of whatever day, of all policies that a version extends, directly or not."""
    out: list[PolicyVersion] = []
    seen: set[str] = set()
    waiting = list(version.extends)
    while waiting:
        address = waiting.pop()
        if address not in seen:
            seen.add(address)
            out += policies.get(address, ())
            waiting += [base for one in policies.get(address, ()) for base in one.extends]
    return out


def _closure_on(
    day: date, top: PolicyVersion, policies: Mapping[str, tuple[PolicyVersion, ...]]
) -> Closure | None:
    """The files that a version is made from on a day; None where one of its bases is not in force."""
    bases: dict[str, tuple[PolicyVersion, ...]] = {}
    waiting = [top]
    while waiting:
        version = waiting.pop()
        if version.name in bases:
            continue
        direct = [] if version.before is None else [version.before]
        for address in version.extends:
            here = next((one for one in policies.get(address, ()) if one.in_force(day)), None)
            if here is None:
                return None
            direct.append(here)
        bases[version.name] = tuple(sorted(direct, key=lambda one: one.name))
        waiting += direct
    return Closure(top, bases)

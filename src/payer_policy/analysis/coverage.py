"""What of the policies the scenarios exercise: rules, tests, bounds, values, overrides, parameters.

Counted where a thing is written, so a rule that several policies inherit is exercised by a scenario
of any of them; or for each policy by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from payer_policy.analysis.played import Played, Seen
from payer_policy.core.diagnostics import Location
from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Constant,
    Edge,
    Finding,
    Not,
    Rule,
    Ruleset,
    Test,
    Window,
    written,
)
from payer_policy.core.semantics import Facts, truth_of, value_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import NONE
from payer_policy.determination.words import in_words
from payer_policy.policy.library import Library
from payer_policy.policy.versions import Merged, Placed, PolicyVersion

KINDS: Final = ("rule", "test", "bound", "value", "override", "part of the lines", "parameter")
NOT_KNOWN: Final = "not known"
"""The goal that is counted apart: the form of a claim always tells some facts."""

_TRUTHS: Final[Mapping[Truth, str]] = {
    HOLDS: "holds",
    FAILS: "does not hold",
    UNKNOWN: NOT_KNOWN,
}
_AT, _BELOW, _ABOVE = "at the bound", "just below", "just above"


@dataclass
class Item:
    """One thing that a policy file says, and how often scenarios show each side of it."""

    kind: str
    """One of `KINDS`."""
    policy: str | None
    """Where each policy is looked at by itself, its address."""
    rule: str | None
    text: str
    location: Location
    hits: dict[str, int] = field(default_factory=dict)
    """By goal ("holds", "just below"), how many decisions of scenarios show it."""

    @property
    def place(self) -> str:
        start = self.location.start
        return f"{self.location.file}:{start.line}" if start else self.location.file

    def lacking(self, *, unknown: bool = False) -> list[str]:
        """The goals that no scenario shows; `unknown`: also that it is not known."""
        return [
            goal for goal, hits in self.hits.items() if not hits and (unknown or goal != NOT_KNOWN)
        ]


@dataclass(frozen=True)
class Coverage:
    """All items, by file and line."""

    items: tuple[Item, ...]
    scenarios: int
    decisions: int

    def counts(self, kind: str | None = None, *, unknown: bool = False) -> tuple[int, int]:
        """How many goals are shown, of how many; `unknown`: only those of what is not known."""
        goals = [
            hits
            for item in self.items
            if kind in (None, item.kind)
            for goal, hits in item.hits.items()
            if (goal == NOT_KNOWN) == unknown
        ]
        return sum(hits > 0 for hits in goals), len(goals)

    def percent(self, kind: str | None = None, *, unknown: bool = False) -> int:
        """The same in whole percent, rounded down: 100 is all of them."""
        shown, of = self.counts(kind, unknown=unknown)
        return 100 if not of else shown * 100 // of


def coverage(played: Played, *, each: bool = False, policies: Iterable[str] = ()) -> Coverage:
    """What the scenarios exercise.

    Args:
        played: The scenarios, run.
        each: Count for each policy by itself, so that an inherited rule counts once a policy.
        policies: Only what these policies (addresses) are made of; none: everything.
    """
    library, wanted = played.library, tuple(policies)
    counter = _Counter(library, each)
    by_window: dict[tuple[str, date], list[Seen]] = {}
    for seen in played.seen:
        if seen.ruleset is not None:
            by_window.setdefault((seen.address, seen.ruleset.first_day), []).append(seen)
    decisions = 0
    for address in library.addresses():
        if wanted and address not in wanted:
            continue
        for first, _, merged in library.windows(address):
            ruleset = library.ruleset(address, first)
            assert ruleset is not None
            watched = counter.watched(ruleset, merged)
            for seen in by_window.get((address, first), ()):
                decisions += 1
                counter.count(ruleset, watched, seen)
    items = sorted(
        counter.items.values(),
        key=lambda item: (
            item.location.file,
            item.location.start or (0, 0),
            KINDS.index(item.kind),
            item.policy or "",
            item.text,
        ),
    )
    return Coverage(tuple(items), len(played.scripts), decisions)


@dataclass(frozen=True, slots=True)
class _WatchedTest:
    condition: Condition
    test: Test
    """The same as it was written."""
    item: Item
    bound: Item | None
    values: Mapping[str, Item]


@dataclass(frozen=True, slots=True)
class _WatchedRule:
    index: int
    rule: Rule
    item: Item
    tests: tuple[_WatchedTest, ...]
    overrides: tuple[tuple[int, Item], ...]
    """The rules that it overrides, by index."""
    part: Item | None
    parameters: tuple[Item, ...]


class _Counter:
    def __init__(self, library: Library, each: bool) -> None:
        self._library, self._each = library, each
        self.items: dict[tuple[Any, ...], Item] = {}

    def _item(
        self,
        kind: str,
        ruleset: Ruleset,
        version: PolicyVersion,
        path: JsonPath,
        rule: str | None,
        text: str,
        goals: Iterable[str],
    ) -> Item:
        policy = ruleset.policy if self._each else None
        key = (kind, version.name, path, policy, text if kind in ("value", "bound") else "")
        found = self.items.get(key)
        if found is None:
            location = version.document.locate(path)
            hits = dict.fromkeys(goals, 0)
            found = self.items[key] = Item(kind, policy, rule, text, location, hits)
        return found

    # --- what is watched -------------------------------------------------------------------------

    def watched(self, ruleset: Ruleset, merged: Merged) -> list[_WatchedRule]:
        out = []
        for index, rule in enumerate(ruleset.rules):
            placed = merged.rules[rule.id]
            version, path = placed.version, placed.path
            raw = version.document.part(path)
            item = self._item(
                "rule", ruleset, version, (*path, "id"), rule.id, rule.title, _TRUTHS.values()
            )
            tests = tuple(
                self._test(ruleset, version, rule, test, raw_test, at)
                for test, raw_test, at in _tests(rule.condition, raw["when"], (*path, "when"))
            )
            overrides = tuple(
                (
                    ruleset.index_of(id_),
                    self._item(
                        "override",
                        ruleset,
                        version,
                        (*path, "overrides", at),
                        rule.id,
                        f"overrides {id_}",
                        ("both hold but for it",),
                    ),
                )
                for at, id_ in enumerate(raw.get("overrides", ()))
                if any(other.id == id_ for other in ruleset.rules)
            )
            part = None
            if isinstance(rule.effect, Finding) and rule.effect.part is not None:
                part = self._item(
                    "part of the lines",
                    ruleset,
                    version,
                    (*path, "then"),
                    rule.id,
                    f"on {ruleset.line_parts[rule.effect.part]}",
                    ("holds beside other lines",),
                )
            parameters = tuple(
                self._parameter(ruleset, merged.parameters[name], name)
                for name in dict.fromkeys(_parameters_in(raw))
                if name in merged.parameters
            )
            out.append(_WatchedRule(index, rule, item, tests, overrides, part, parameters))
        return out

    def _parameter(self, ruleset: Ruleset, placed: Placed[Any], name: str) -> Item:
        return self._item(
            "parameter",
            ruleset,
            placed.version,
            placed.path,
            None,
            f"parameter {name}",
            ("read by a rule that is decided",),
        )

    def _test(
        self,
        ruleset: Ruleset,
        version: PolicyVersion,
        rule: Rule,
        condition: Condition,
        raw: Mapping[str, Any],
        path: JsonPath,
    ) -> _WatchedTest:
        operator = next(key for key in raw if key not in ("fact", "note"))
        test = written(condition)
        assert test is not None
        text = f"{test.fact} {operator} {_shown(raw[operator])}"
        goals = [goal for goal in _TRUTHS.values() if goal != NOT_KNOWN or operator != "is_known"]
        item = self._item("test", ruleset, version, path, rule.id, text, goals)
        bound = None
        if OPERATORS[operator].by_size:
            bound = self._item(
                "bound", ruleset, version, path, rule.id, text, (_BELOW, _AT, _ABOVE)
            )
        values: dict[str, Item] = {}
        right = raw[operator]
        if isinstance(right, list) and OPERATORS[operator].shape == "several":
            for at, value in enumerate(right):
                if isinstance(value, str) and isinstance(test.right[0], Constant):
                    values[value] = self._item(
                        "value",
                        ruleset,
                        version,
                        (*path, operator, at),
                        rule.id,
                        f"{test.fact}: {value}",
                        ("met",),
                    )
        return _WatchedTest(condition, test, item, bound, values)

    # --- counting --------------------------------------------------------------------------------

    def count(self, ruleset: Ruleset, watched: Iterable[_WatchedRule], seen: Seen) -> None:
        """Add what one decision shows."""
        assert seen.decided is not None
        evaluation = seen.decided.evaluation
        if evaluation is None:
            return
        known, truths = seen.known(), evaluation.truths
        for one in watched:
            truth = truths[one.index]
            one.item.hits[_TRUTHS[truth]] += 1
            for test in one.tests:
                _count_test(test, known)
            for index, item in one.overrides:
                if truth == HOLDS and truth_of(ruleset.rules[index].condition, known) == HOLDS:
                    item.hits["both hold but for it"] += 1
            if truth != UNKNOWN:
                for item in one.parameters:
                    item.hits["read by a rule that is decided"] += 1
            if one.part is not None and truth == HOLDS:
                lines = seen.decided.determination.lines
                found = [
                    finding
                    for finding in seen.decided.determination.findings
                    if finding.rule == one.rule.id
                ]
                if found and 0 < len(found[0].lines) < len(lines):
                    one.part.hits["holds beside other lines"] += 1


def _count_test(one: _WatchedTest, known: Facts) -> None:
    truth = truth_of(one.condition, known)
    goal = _TRUTHS[truth]
    if goal in one.item.hits:
        one.item.hits[goal] += 1
    left = value_of(one.test.left, known)
    if truth == UNKNOWN or left is None or left is NONE:
        return
    if one.bound is not None:
        for side in set(_sides(one.test, left, known)):
            one.bound.hits[side] += 1
    for value, item in one.values.items():
        if (value in left) if isinstance(left, frozenset) else value == left:
            item.hits["met"] += 1


def _sides(test: Test, left: Any, known: Facts) -> Iterator[str]:
    """Which sides of its bounds a value shows: at, or at most one step beside."""
    for expression in test.right:
        if isinstance(expression, Window):
            expression = Edge(expression, expression.direction == "after")
        right = value_of(expression, known)
        if right is None or right is NONE:
            continue
        if isinstance(left, date):
            step: Any = timedelta(days=1)
        else:
            step = 1
        if left == right:
            yield _AT
        elif right - step <= left < right:
            yield _BELOW
        elif right < left <= right + step:
            yield _ABOVE


def _tests(
    condition: Condition, raw: Any, path: JsonPath
) -> Iterator[tuple[Condition, Mapping[str, Any], JsonPath]]:
    """The tests of a condition, each with what its file says and where."""
    if written(condition) is not None:
        yield condition, raw, path
        return
    match condition:
        case Not(part):
            yield from _tests(part, raw["not"], (*path, "not"))
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            head = next(key for key in ("all", "any", "of") if key in raw)
            for index, part in enumerate(parts):
                yield from _tests(part, raw[head][index], (*path, head, index))


def _parameters_in(raw: Any) -> Iterator[str]:
    if isinstance(raw, dict):
        if isinstance(raw.get("parameter"), str):
            yield raw["parameter"]
        for value in raw.values():
            yield from _parameters_in(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _parameters_in(value)


def _shown(raw: Any) -> str:
    if isinstance(raw, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in raw.items())
    if isinstance(raw, list):
        return f"[{', '.join(_shown(value) for value in raw)}]"
    return in_words(raw) if not isinstance(raw, str) else raw

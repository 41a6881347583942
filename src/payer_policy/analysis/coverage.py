"""What the scenarios exercise: rules, tests, bounds, values, overrides, parameters.

Counted by the place in a policy file, so a scenario of any policy exercises a rule that several
inherit; or for each policy by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

from payer_policy.analysis.policy_json import (
    named_in,
    operator_of,
    parts_of,
    rulesets_of,
    shown,
)
from payer_policy.analysis.scenario_run import Evaluated, ScenarioRun
from payer_policy.core.diagnostics import Location
from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import (
    Condition,
    Constant,
    Edge,
    FindingEffect,
    Not,
    Rule,
    Ruleset,
    Test,
    Window,
    written,
)
from payer_policy.core.semantics import Facts, truth_of, value_of
from payer_policy.core.tables import Row, Table
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import NONE
from payer_policy.determination import Determination
from payer_policy.policy.versions import Merged, Placed, PolicyVersion

KINDS: Final = (
    *("rule", "test", "bound", "value", "override", "part of the lines", "parameter"),
    "row of a table",
)
NOT_KNOWN: Final = "not known"
"""The goal that is counted separately, since the form of a claim always states some facts."""

_TRUTHS: Final[Mapping[Truth, str]] = {
    HOLDS: "holds",
    FAILS: "does not hold",
    UNKNOWN: NOT_KNOWN,
}
_AT, _BELOW, _ABOVE = "at the bound", "just below", "just above"
_MET, _BOTH, _BESIDE = "met", "both hold but for it", "holds beside other lines"
_READ = "read by a rule that is decided"
_LOOKED_UP = "looked up"


@dataclass
class Item:
    """One part of a policy file, and how often scenarios show each side of it."""

    kind: str
    """One of `KINDS`."""
    policy: str | None
    """The address, where each policy is counted by itself."""
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
        """The goals that no scenario shows; with `unknown`, `not known` too."""
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
        """The number of goals shown and the number of all; with `unknown`, only of `not known`."""
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
        met, of = self.counts(kind, unknown=unknown)
        return 100 if not of else met * 100 // of


def coverage(played: ScenarioRun, *, each: bool = False, policies: Iterable[str] = ()) -> Coverage:
    """What the scenarios exercise.

    Args:
        played: The scenarios, run.
        each: Count for each policy by itself, so that an inherited rule counts once per policy.
        policies: Only the parts of these policies (addresses); none: all policies.
    """
    library, wanted = played.library, tuple(policies)
    items = _Items(each)
    by_window = played.by_window()
    decisions = 0
    chosen = [one for one in library.addresses() if not wanted or one in wanted]
    for ruleset, merged in rulesets_of(library, chosen):
        watched = items.of(ruleset, merged)
        for seen in by_window.get((ruleset.policy, ruleset.first_day), ()):
            decisions += 1
            _count(watched, seen)
    found = sorted(
        items.found.values(),
        key=lambda item: (
            item.location.file,
            item.location.start or (0, 0),
            KINDS.index(item.kind),
            item.policy or "",
            item.text,
        ),
    )
    return Coverage(tuple(found), len(played.scripts), decisions)


def _count(watched: Iterable[tuple[Item, _Shows]], seen: Evaluated) -> None:
    """Add what one decision shows."""
    assert seen.decided is not None
    evaluation = seen.decided.evaluation
    if evaluation is not None:
        decision = _Decision(seen.decided.determination, evaluation.truths, seen.known())
        for item, shows in watched:
            for goal in shows(decision):
                if goal in item.hits:
                    item.hits[goal] += 1


@dataclass(frozen=True, slots=True)
class _Decision:
    """One decision of a scenario, as coverage reads it."""

    determination: Determination
    truths: Sequence[Truth]
    known: Facts


_Shows = Callable[[_Decision], Iterable[str]]
"""The goals of an item that a decision shows."""


class _Items:
    """The items of all policies, each with a function that says what a decision shows of it."""

    def __init__(self, each: bool) -> None:
        self._each = each
        self.found: dict[tuple[Any, ...], Item] = {}

    def _item(
        self,
        kind: str,
        policy: str,
        version: PolicyVersion,
        path: JsonPath,
        rule: str | None,
        text: str,
        goals: Iterable[str],
    ) -> Item:
        about = policy if self._each else None
        key = (kind, version.name, path, about, text if kind in ("value", "bound") else "")
        if key not in self.found:
            hits = dict.fromkeys(goals, 0)
            location = version.document.locate(path)
            self.found[key] = Item(kind, about, rule, text, location, hits)
        return self.found[key]

    def of(self, ruleset: Ruleset, merged: Merged) -> list[tuple[Item, _Shows]]:
        """The items of one ruleset."""
        by_id = {rule.id: rule for rule in ruleset.rules}
        rules = [
            pair
            for index in range(len(ruleset.rules))
            for pair in self._of_rule(ruleset, merged, index, by_id)
        ]
        return [*rules, *self._of_tables(ruleset, merged)]

    def _of_tables(self, ruleset: Ruleset, merged: Merged) -> Iterator[tuple[Item, _Shows]]:
        """Each row of each table, and what it gives otherwise."""
        for name, table in ruleset.tables.items():
            written_table = merged.tables[name]
            places = {one.model["id"]: one for one in written_table.rows}
            rows: list[tuple[str, Placed[Any], Row | None]] = [
                (f"row {row.id}", places[row.id], row) for row in table.rows
            ]
            if written_table.otherwise is not None:
                where = written_table.otherwise
                at = replace(where, path=(*where.path, "otherwise"))
                rows.append(("otherwise", at, None))
            for text, placed, row in rows:
                item = self._item(
                    "row of a table",
                    ruleset.policy,
                    placed.version,
                    placed.path,
                    None,
                    f"table {name}, {text}",
                    (_LOOKED_UP,),
                )
                yield item, partial(_looked_up, table, row)

    def _of_rule(
        self, ruleset: Ruleset, merged: Merged, index: int, by_id: Mapping[str, Rule]
    ) -> Iterator[tuple[Item, _Shows]]:
        rule = ruleset.rules[index]
        placed = merged.rules[rule.id]
        raw = placed.version.document.part(placed.path)

        def item(kind: str, at: JsonPath, text: str, goals: Iterable[str]) -> Item:
            path = (*placed.path, *at)
            return self._item(kind, ruleset.policy, placed.version, path, rule.id, text, goals)

        yield (
            item("rule", ("id",), rule.title, _TRUTHS.values()),
            lambda decision: (_TRUTHS[decision.truths[index]],),
        )
        for condition, raw_test, where, at in _tests(
            rule.condition, raw["when"], placed, ("when",), merged
        ):
            yield from _of_test(
                item if where is placed else self._defined(ruleset.policy, where),
                condition,
                raw_test,
                at,
            )
        for place, id_ in enumerate(raw.get("overrides", ())):
            if id_ in by_id:
                overridden = item("override", ("overrides", place), f"overrides {id_}", (_BOTH,))
                yield overridden, partial(_both_hold, index, by_id[id_])
        part = rule.effect.part if isinstance(rule.effect, FindingEffect) else None
        if part is not None:
            text = f"on {ruleset.line_parts[part]}"
            yield (
                item("part of the lines", ("then",), text, (_BESIDE,)),
                partial(_beside_other_lines, index, rule.id),
            )
        for name in named_in(_spelled_out(raw, merged), "parameter"):
            if name in merged.parameters:
                where = merged.parameters[name]
                yield (
                    self._item(
                        "parameter",
                        ruleset.policy,
                        where.version,
                        where.path,
                        None,
                        f"parameter {name}",
                        (_READ,),
                    ),
                    lambda decision: (_READ,) if decision.truths[index] != UNKNOWN else (),
                )

    def _defined(
        self, policy: str, where: Placed[Any]
    ) -> Callable[[str, JsonPath, str, Iterable[str]], Item]:
        """Makes the items of a definition, which are those of no rule."""

        def item(kind: str, at: JsonPath, text: str, goals: Iterable[str]) -> Item:
            return self._item(kind, policy, where.version, (*where.path, *at), None, text, goals)

        return item


def _of_test(
    item: Callable[[str, JsonPath, str, Iterable[str]], Item],
    condition: Condition,
    raw: Mapping[str, Any],
    path: JsonPath,
) -> Iterator[tuple[Item, _Shows]]:
    operator = operator_of(raw)
    row, right, test = OPERATORS[operator], raw[operator], written(condition)
    assert test is not None
    text = f"{test.fact} {operator} {shown(right)}"
    goals = [goal for goal in _TRUTHS.values() if goal != NOT_KNOWN or operator != "is_known"]
    yield (
        item("test", path, text, goals),
        lambda decision: (_TRUTHS[truth_of(condition, decision.known)],),
    )
    if row.by_size:
        bound = item("bound", path, text, (_BELOW, _AT, _ABOVE))
        yield bound, partial(_sides, condition, test)
    if isinstance(right, list) and row.shape == "several" and isinstance(test.right[0], Constant):
        for at, value in enumerate(right):
            if isinstance(value, str):
                met = item("value", (*path, operator, at), f"{test.fact}: {value}", (_MET,))
                yield met, partial(_value_met, condition, test, value)


# --- what a decision shows ---------------------------------------------------------------------------


def _looked_up(table: Table, row: Row | None, decision: _Decision) -> Iterator[str]:
    """Whether all keys are known, and this row is for them (None: none is)."""
    keys = [decision.known.get(key) for key in table.keys]
    if None not in keys and table.row(keys) == row:
        yield _LOOKED_UP


def _both_hold(index: int, other: Rule, decision: _Decision) -> Iterator[str]:
    if decision.truths[index] == HOLDS == truth_of(other.condition, decision.known):
        yield _BOTH


def _beside_other_lines(index: int, rule: str, decision: _Decision) -> Iterator[str]:
    if decision.truths[index] == HOLDS:
        made = decision.determination
        found = next((one for one in made.findings if one.rule == rule), None)
        if found is not None and 0 < len(found.lines) < len(made.lines):
            yield _BESIDE


def _left(condition: Condition, test: Test, known: Facts) -> Any:
    """The value that a test reads; None where it is not known, or where there is none."""
    left = value_of(test.left, known)
    return None if left is NONE or truth_of(condition, known) == UNKNOWN else left


def _value_met(condition: Condition, test: Test, value: str, decision: _Decision) -> Iterator[str]:
    left = _left(condition, test, decision.known)
    if (value in left) if isinstance(left, frozenset) else value == left:
        yield _MET


def _sides(condition: Condition, test: Test, decision: _Decision) -> set[str]:
    """The sides of its bounds that a value shows: at a bound, or at most one step beside it."""
    left = _left(condition, test, decision.known)
    sides: set[str] = set()
    for expression in test.right if left is not None else ():
        if isinstance(expression, Window):
            expression = Edge(expression, expression.direction == "after")
        right = value_of(expression, decision.known)
        if right is None or right is NONE:
            continue
        step: Any = timedelta(days=1) if isinstance(left, date) else 1
        if left == right:
            sides.add(_AT)
        elif right - step <= left < right:
            sides.add(_BELOW)
        elif right < left <= right + step:
            sides.add(_ABOVE)
    return sides


def _spelled_out(raw: Any, merged: Merged) -> list[Any]:
    """Some JSON, and the definitions that it names, or that those name."""
    out, names = [raw], list(named_in(raw, "define"))
    for name in names:
        placed = merged.definitions[name]
        out.append(placed.version.document.part(placed.path))
        names += [other for other in named_in(out[-1], "define") if other not in names]
    return out


def _tests(
    condition: Condition, raw: Any, where: Placed[Any], path: JsonPath, merged: Merged
) -> Iterator[tuple[Condition, Mapping[str, Any], Placed[Any], JsonPath]]:
    """The tests of a condition, each with its JSON, the rule or definition that it is in, and its path
    there."""
    if "define" in raw:
        where, path = merged.definitions[raw["define"]], ("when",)
        raw = where.version.document.part((*where.path, *path))
        yield from _tests(condition, raw, where, path, merged)
        return
    if isinstance(condition, Test) or written(condition) is not None:
        yield condition, raw, where, path
        return
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    for part, (inner, raw_part) in zip(parts, parts_of(raw), strict=True):
        yield from _tests(part, raw_part, where, (*path, *inner), merged)

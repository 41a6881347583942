"""From what holds to what is decided, for many services at once: `decide` in columns.

For services without claim lines. What columns do not say (a reduction that holds, rules that
contradict each other, what an authorization may silence) is marked odd, for `decide` itself. Held to
`decide` by tests, row for row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from payer_policy.core.ruleset import (
    Condition,
    FindingEffect,
    Not,
    Rule,
    Test,
    facts_in_expression,
    facts_in_test,
)
from payer_policy.determination.missing import MissingFacts
from payer_policy.engines.columnar.engine import ColumnarEvaluator, rule_column
from payer_policy.engines.columnar.expressions import combined, some
from payer_policy.engines.columnar.patterns import Patterns, null_bits, true_bits
from payer_policy.engines.columnar.plan import Plan

APPROVE, DENY, PEND = 0, 1, 2
DECISIONS = ("approve", "deny", "pend")


@dataclass(frozen=True, slots=True)
class Determined:
    """What is decided of each row. Patterns name positions in `ColumnarDeterminer.rules` (of the
    findings, the unsettled and the assumed) and in `ColumnarDeterminer.asked`."""

    decision: np.ndarray
    findings: Patterns
    unsettled: Patterns
    assumptions: Patterns
    missing: Patterns
    odd: np.ndarray


class ColumnarDeterminer:
    """Decides rows for one ruleset; made once, any number of threads may share it."""

    def __init__(self, evaluator: ColumnarEvaluator) -> None:
        ruleset = evaluator.ruleset
        self._evaluator = evaluator
        found = [
            (index, rule, rule.effect)
            for index, rule in enumerate(ruleset.rules)
            if isinstance(rule.effect, FindingEffect)
        ]
        found.sort(key=lambda entry: entry[1].id)
        self.rules: tuple[Rule, ...] = tuple(rule for _, rule, _ in found)
        """All that find something, by id."""
        self._columns = [rule_column(index) for index, _, _ in found]
        self._waiting = [
            place
            for place, (_, rule, effect) in enumerate(found)
            if effect.kind != "advise" and not rule.assume_not_holding
        ]
        self._assumed = [
            place
            for place, (_, rule, effect) in enumerate(found)
            if effect.kind != "advise" and rule.assume_not_holding
        ]
        kinds = defaultdict(list)
        for place, (_, _, effect) in enumerate(found):
            kinds[effect.kind].append(pl.col(self._columns[place]).fill_null(False))
        unknown = [pl.col(self._columns[place]).is_null() for place in self._waiting]
        silenced = [
            pl.col(self._columns[place]).fill_null(True)
            for place, (_, rule, _) in enumerate(found)
            if rule.section in ruleset.silences
        ]
        self._summary = {
            "deny": some(kinds["deny"]),
            "pend": some(kinds["pend"]),
            "unknown": some(unknown),
            "odd": some([*kinds["reduce"], *silenced, *map(pl.col, evaluator.conflicts.values())]),
        }
        asking = _Asking(evaluator, [found[place][0] for place in self._waiting])
        self._ask = asking.plan
        self._read = self._ask.reads()
        self.asked = asking.names
        """The facts that are asked for, in the order of the vocabulary."""

    def determine(self, frame: pl.DataFrame) -> Determined:
        """Decide rows that the evaluator has been through."""
        rows = len(frame)
        # Beside the rest of the frame, so that a summary of nothing has as many rows as it.
        summary = frame.with_columns(**self._summary).select(*self._summary)
        deny, pend, unknown, odd = (true_bits(column) for column in summary)
        decision = np.where(deny, DENY, np.where(pend | unknown, PEND, APPROVE)).astype(np.uint8)
        findings = Patterns.of([true_bits(frame[name]) for name in self._columns], rows)
        waiting = (unknown > deny).astype(bool)
        return Determined(
            decision,
            findings,
            self._unknown(frame, self._waiting, waiting),
            self._unknown(frame, self._assumed, decision != DENY),
            self._missing(frame, waiting),
            odd.astype(bool),
        )

    def _unknown(self, frame: pl.DataFrame, places: Sequence[int], rows: np.ndarray) -> Patterns:
        """Which of some rules are unknown, in those rows."""
        if not places or not rows.any():
            return Patterns.none(len(rows))
        names = [self._columns[place] for place in places]
        there = frame.select(names).filter(pl.Series(rows))
        found = Patterns.of([null_bits(there[name]) for name in names], len(there))
        return found.named(places).spread(rows)

    def _missing(self, frame: pl.DataFrame, rows: np.ndarray) -> Patterns:
        if not rows.any():
            return Patterns.none(len(rows))
        there = self._ask.run(frame.select(self._read).filter(pl.Series(rows)))
        found = Patterns.of([true_bits(there[f"ask:{name}"]) for name in self.asked], len(there))
        return found.spread(rows)


class _Asking:
    """Writes out which unknown facts are reached from unknown rules through unknown parts only."""

    def __init__(self, evaluator: ColumnarEvaluator, rules: Iterable[int]) -> None:
        ruleset = evaluator.ruleset
        self._test = evaluator.plan.test
        self.plan = Plan({})
        reached: dict[str, list[tuple[pl.Expr, list[str]]]] = defaultdict(list)
        """By fact, where it is waited for, and the columns of rules that this is read from."""
        overriding: dict[int, list[int]] = defaultdict(list)
        place = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        for index, rule in enumerate(ruleset.rules):
            for other in rule.overridden_by:
                overriding[place[other]].append(index)
        concluding: dict[int, list[str]] = defaultdict(list)
        for name, fact in ruleset.derived.items():
            for index, _ in fact.concluded_by:
                concluding[index].append(name)
        starting = set(rules)
        # From the last rule to the first: what waits for a rule comes after it.
        active: dict[int, str] = {}
        for index in reversed(range(len(ruleset.rules))):
            rule = ruleset.rules[index]
            unknown = pl.col(rule_column(index)).is_null()
            because: list[tuple[pl.Expr, list[str]]] = []
            if index in starting:
                because.append((pl.lit(True), []))
            because += [
                (pl.col(active[other]), [active[other]])
                for other in overriding[index]
                if other in active
            ]
            for name in concluding[index]:
                because += reached.get(name, [])
            if not because:
                continue
            column = active[index] = f"a:{index}"
            reads = [name for _, names in because for name in names]
            self.plan.add(column, some([expression for expression, _ in because]) & unknown, reads)
            here = pl.col(column)

            def reach(name: str, where: pl.Expr, column: str = column) -> None:
                reached[name].append((where & pl.col(name).is_null(), [column]))

            # Where only a rule that overrides it is unknown, its own condition waits for nothing.
            self._walk(rule.condition, here & self._truth(rule.condition).is_null(), reach)
            if (
                index in starting
                and isinstance(rule.effect, FindingEffect)
                and rule.effect.to is not None
            ):
                for name in facts_in_expression(rule.effect.to):
                    reach(name, here)
        asked: dict[str, list[tuple[pl.Expr, list[str]]]] = defaultdict(list)
        missing = MissingFacts(ruleset)
        for name, found in reached.items():
            if name in ruleset.derived:
                continue
            where = some([expression for expression, _ in found])
            reads = [column for _, columns in found for column in columns]
            sources = missing.asks(name)
            if sources == (name,):
                asked[name].append((where, reads))
                continue
            for source in sources:
                asked[source].append((where & pl.col(source).is_null(), reads))
            none = some(pl.col(source).is_null() for source in sources)
            asked[name].append((where & ~none, reads))
        self.names = tuple(name for name in missing.asked if name in asked)
        for name in self.names:
            self.plan.add(
                f"ask:{name}",
                some([expression for expression, _ in asked[name]]),
                [column for _, columns in asked[name] for column in columns],
            )

    def _walk(
        self, condition: Condition, here: pl.Expr, reach: Callable[[str, pl.Expr], None]
    ) -> None:
        match condition:
            case Test():
                if condition.operator != "is_known":
                    for name in dict.fromkeys(facts_in_test(condition)):
                        reach(name, here)
            case Not(part):
                self._walk(part, here, reach)
            case _:
                for part in condition.parts:
                    self._walk(part, here & self._truth(part).is_null(), reach)

    def _truth(self, condition: Condition) -> pl.Expr:
        return combined(condition, lambda test: pl.col(self._test(test)))

"""The `columnar` engine: a ruleset as Polars expressions, for files of millions of services.

A truth is a Boolean column in which null is "not known"; conditions are `&`, `|` and `~`, which keep
it so. Rows that columns cannot hold exactly (a third of a unit) are evaluated by `compiled`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, Final

import polars as pl

from payer_policy.core.ruleset import Conclude, DerivedFact, Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import NUMERIC, Value
from payer_policy.engines.columnar.expressions import (
    DTYPES,
    NotExact,
    Ratio,
    every,
    literal,
    loaded,
    some,
    stored,
)
from payer_policy.engines.columnar.plan import Plan
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.protocol import Evaluation, Evaluator

_TRUTHS: Final[Mapping[bool | None, Truth]] = {True: HOLDS, False: FAILS, None: UNKNOWN}


class ColumnarEngine:
    """Needs Polars. One call costs milliseconds, whether it is about one service or a thousand."""

    name: Final = "columnar"

    def compile(self, ruleset: Ruleset, /) -> Evaluator:
        """The ruleset as columns; row by row, where a column cannot hold what its rules conclude."""
        try:
            return ColumnarEvaluator(ruleset)
        except NotExact:
            return CompiledEngine().compile(ruleset)


class ColumnarEvaluator:
    """A ruleset over columns of facts. `numbers` are facts whose columns hold ratios.

    Raises:
        NotExact: rules conclude of a number or a date that it is none.
    """

    def __init__(self, ruleset: Ruleset, numbers: Mapping[str, Ratio] | None = None) -> None:
        self.ruleset = ruleset
        types = {name: fact.type for name, fact in ruleset.facts.items()}
        self.plan = Plan(types, numbers)
        self.conflicts: dict[str, str] = {}
        """By derived fact, the column that says where rules conclude different values."""
        place = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        last = {
            name: max((index for index, _ in fact.concluded_by), default=-1)
            for name, fact in ruleset.derived.items()
        }
        for name, index in last.items():
            if index < 0:
                self._derive(ruleset.derived[name])
        for index, rule in enumerate(ruleset.rules):
            truth, reads = self.plan.condition(rule.condition)
            overriding = [rule_column(place[id_]) for id_ in rule.overridden_by]
            truth = every([truth, *(~pl.col(name) for name in overriding)])
            self.plan.add(rule_column(index), truth, [*reads, *overriding])
            if isinstance(rule.effect, Conclude):
                for name, _ in rule.effect.values:
                    if last[name] == index:
                        self._derive(ruleset.derived[name])

    def _derive(self, fact: DerivedFact) -> None:
        type_ = self.ruleset.facts[fact.name].type
        kind = type_.kind
        if type_.can_be_none and kind not in ("code", "choice"):
            raise NotExact(fact.name)
        rules: dict[Value, list[str]] = {}
        for index, value in fact.concluded_by:
            rules.setdefault(value, []).append(rule_column(index))
        values = [*rules] if fact.otherwise is None else [*rules, fact.otherwise]
        if kind in NUMERIC:
            bottom = lcm(*(_denominator(value) for value in values))
            tops = {value: _exact(value, bottom) for value in values}
            most = max(map(abs, tops.values()), default=0)
            self.plan.writer.numbers[fact.name] = Ratio(pl.col(fact.name), bottom, most, bottom)

            def said(value: Value) -> pl.Expr:
                return pl.lit(tops[value], dtype=pl.Int64)
        else:

            def said(value: Value) -> pl.Expr:
                return literal(value, kind)

        held = {value: some(map(pl.col, names)) for value, names in rules.items()}
        nothing = pl.lit(None, dtype=DTYPES[kind])
        made = nothing
        if fact.otherwise is not None:
            none = every(~holds for holds in held.values())
            made = pl.when(none).then(said(fact.otherwise)).otherwise(nothing)
        for value, holds in held.items():
            rivals = [~other for rival, other in held.items() if rival != value]
            settled = every([holds, *rivals])
            made = pl.when(settled).then(said(value)).otherwise(made)
        if set(held) == {True} and fact.otherwise is False:
            made = held[True]
        reads = [rule_column(index) for index, _ in fact.concluded_by]
        self.plan.add(fact.name, made, reads)
        if len(held) > 1:
            holding = [holds.fill_null(False).cast(pl.UInt16) for holds in held.values()]
            column = self.conflicts[fact.name] = f"c:{fact.name}"
            self.plan.add(column, pl.sum_horizontal(holding) > 1, reads)

    @cached_property
    def _row_by_row(self) -> Evaluator:
        return CompiledEngine().compile(self.ruleset)

    def run(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame of facts, with a column for each rule (`rule_column`), each derived fact, each
        test, and each derived fact that rules may contradict (`conflicts`)."""
        return self.plan.run(frame)

    def __call__(self, facts: Facts, /) -> Evaluation:
        """What holds of one service."""
        return self.evaluate_all([facts])[0]

    def evaluate_all(self, many: Sequence[Facts]) -> list[Evaluation]:
        """What holds of each of many services."""
        held, frame = self._frame(many)
        answers: list[Evaluation | None] = [None] * len(many)
        for at, evaluation in zip(held, self._evaluations(frame), strict=True):
            answers[at] = evaluation
        return [
            self._row_by_row(facts) if answer is None else answer
            for facts, answer in zip(many, answers, strict=True)
        ]

    def _frame(self, many: Sequence[Facts]) -> tuple[list[int], pl.DataFrame]:
        """The services that columns can hold, by position, and their facts."""
        types = {
            name: fact.type.kind
            for name, fact in self.ruleset.facts.items()
            if name not in self.ruleset.derived
        }
        held: list[int] = []
        columns: dict[str, list[Any]] = {name: [] for name in types}
        for at, facts in enumerate(many):
            try:
                row = [
                    None if (value := facts.get(name)) is None else stored(value, kind)
                    for name, kind in types.items()
                ]
            except NotExact:
                continue
            held.append(at)
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
        # A column beside the facts, so that services of which nothing is known are counted too.
        frame = pl.DataFrame({"row": held}, schema={"row": pl.Int64}).with_columns(
            pl.Series(name, column, dtype=DTYPES[types[name]]) for name, column in columns.items()
        )
        return held, frame

    def _evaluations(self, frame: pl.DataFrame) -> list[Evaluation]:
        done = self.run(frame)
        rules = [rule_column(index) for index in range(len(self.ruleset.rules))]
        derived = sorted(self.ruleset.derived)
        truths = [done[name].to_list() for name in rules]
        values = [self._values(name, done[name].to_list()) for name in derived]
        conflicts = [(name, done[column].to_list()) for name, column in self.conflicts.items()]
        return [
            Evaluation(
                tuple([_TRUTHS[column[row]] for column in truths]),
                {name: column[row] for name, column in zip(derived, values, strict=True)},
                tuple(sorted(name for name, column in conflicts if column[row])),
            )
            for row in range(len(done))
        ]

    def _values(self, name: str, column: Sequence[Any]) -> list[Value | None]:
        """A derived fact's values: just those that rules conclude."""
        fact = self.ruleset.derived[name]
        number = self.plan.writer.numbers.get(name)
        kind = self.ruleset.facts[name].type.kind
        if number is None:
            return [loaded(raw, kind) for raw in column]
        assert isinstance(number.bottom, int)
        concluded = [value for _, value in fact.concluded_by]
        known = {
            _exact(value, number.bottom): value
            for value in (*concluded, *(() if fact.otherwise is None else (fact.otherwise,)))
        }
        return [None if raw is None else known[raw] for raw in column]


def rule_column(index: int) -> str:
    """The name of the column with the truths of the rule at that index."""
    return f"r:{index}"


def _denominator(value: Any) -> int:
    return Fraction(value).denominator


def _exact(value: Any, bottom: int) -> int:
    return int(Fraction(value) * bottom)

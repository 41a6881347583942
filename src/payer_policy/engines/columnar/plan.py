"""Columns to be added to a frame in as few steps as possible, each after the columns it reads.

Tests get a column each, once. A plan is made once and run on any number of
frames; it keeps nothing of a frame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import polars as pl

from payer_policy.core.ruleset import (
    Condition,
    Expression,
    Test,
    facts_in_expression,
    facts_in_test,
    tests_in,
)
from payer_policy.core.vocabulary.types import FactType
from payer_policy.engines.columnar.expressions import (
    BY_VALUE,
    ColumnWriter,
    NotExact,
    Ratio,
    combined,
)


class Plan:
    """What to add. Facts that nothing here adds are expected to be in the frame."""

    def __init__(
        self, types: Mapping[str, FactType], numbers: Mapping[str, Ratio] | None = None
    ) -> None:
        self.writer = ColumnWriter(types, numbers)
        self._depth: dict[str, int] = {}
        """Of each column that is added: in which step."""
        self._steps: dict[int, dict[str, pl.Expr]] = defaultdict(dict)
        self._by_value: dict[int, dict[tuple[str, ...], dict[str, Test]]] = defaultdict(dict)
        self._worked_out: dict[int, list[Callable[[pl.DataFrame], list[pl.Series]]]]
        self._worked_out = defaultdict(list)
        self._tests: dict[Test, str] = {}

    def add(self, name: str, expression: pl.Expr, reads: Iterable[str]) -> None:
        """A column made from others, which are added already or are in the frame."""
        depth = self._after(reads)
        self._depth[name] = depth
        self._steps[depth][name] = expression

    def add_number(self, name: str, expression: Expression) -> Ratio:
        """A number worked out value by value, in the columns `name`, `name/` and, where it is too
        large, `large:name`."""
        depth = self._after(facts_in_expression(expression))
        names = (name, f"{name}/", f"large:{name}")
        self._depth.update(dict.fromkeys(names, depth))

        def work_out(frame: pl.DataFrame) -> list[pl.Series]:
            found = self.writer.numbers_by_value(expression, frame)
            return [column.alias(to) for column, to in zip(found, names, strict=True)]

        self._worked_out[depth].append(work_out)
        return Ratio(pl.col(name), pl.col(names[1]), BY_VALUE.most, BY_VALUE.parts_most)

    def condition(self, condition: Condition) -> tuple[pl.Expr, list[str]]:
        """A condition over the columns of its tests, and the names of those columns."""
        names = [self.test(test) for test in tests_in(condition)]
        return combined(condition, lambda test: pl.col(self._tests[test])), names

    def test(self, test: Test) -> str:
        """The name of the column with the truth of a test."""
        name = self._tests.get(test)
        if name is None:
            name = self._tests[test] = f"t:{len(self._tests)}"
            facts = tuple(dict.fromkeys(facts_in_test(test)))
            try:
                self.add(name, self.writer.test(test), facts)
            except NotExact:
                depth = self._depth[name] = self._after(facts)
                self._by_value[depth].setdefault(facts, {})[name] = test
        return name

    def _after(self, reads: Iterable[str]) -> int:
        return 1 + max((self._depth.get(name, 0) for name in reads), default=0)

    def reads(self) -> list[str]:
        """The columns that a frame must have, where all that is added is an expression."""
        names = {
            name
            for step in self._steps.values()
            for made in step.values()
            for name in made.meta.root_names()
        }
        return sorted(names - self._depth.keys())

    def run(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with all columns added."""
        for depth in sorted({*self._steps, *self._by_value, *self._worked_out}):
            added = [made.alias(name) for name, made in self._steps.get(depth, {}).items()]
            found = [
                column.alias(name)
                for tests in self._by_value.get(depth, {}).values()
                for name, column in zip(
                    tests, self.writer.truths_by_value(list(tests.values()), frame), strict=True
                )
            ]
            for work_out in self._worked_out.get(depth, ()):
                found += work_out(frame)
            frame = frame.with_columns(*added, *found)
        return frame

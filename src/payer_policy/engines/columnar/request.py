"""Facts of many requests at once: a table with a row a service, held in columns.

Each row is the request that has these facts and no claim form beside them. So what follows here is
what `derive` does for such a request, a column at a time: what the form would tell (its kind, the
drug's attributes, facts computed from others), then what was given, then what silence means.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from math import lcm
from operator import or_
from typing import Any, Final

import polars as pl

from payer_policy.core.ruleset import Expression, facts_in_expression
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import NUMERIC, FactType
from payer_policy.engines.columnar.expressions import (
    DTYPES,
    NotExact,
    Ratio,
    literal,
    number_columns,
    stored,
)
from payer_policy.engines.columnar.plan import Plan
from payer_policy.language.sources import Computed, DrugAttribute, Path, Source, facts_of
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.request.derive import drug_reader
from payer_policy.request.models import Request

PAYER: Final = "#payer"
CODE: Final = "#code"
DATE: Final = "#date"
CLAIM: Final = "#claim"
"""The columns beside the facts: the payer's folder (or what stands for it), the service's code and
day, and the claim number."""
ODD: Final = "#odd"
"""Where a row's facts contradict what its form says."""
_FORM: Final[Mapping[tuple[str, str], str]] = {
    ("request", "coverage.payer"): PAYER,
    ("request", "id"): CLAIM,
    ("service", "code"): CODE,
    ("service", "date"): DATE,
}
_EMPTY: Final = Request()
"""The value of a field that is not filled in."""


@dataclass(frozen=True, slots=True)
class ColumnarFacts:
    """Adds to a table of given facts all facts that a ruleset needs, each under its name.

    `numbers` are those that are held as a ratio.
    """

    given: frozenset[str]
    renamed: Mapping[str, str]
    drug: Sequence[str]
    """The attributes of the drug that are needed."""
    read_drug: Any
    plan: Plan
    silent: Mapping[str, pl.Expr]
    numbers: Mapping[str, Ratio]
    kinds: Mapping[str, FactType]
    odd: Sequence[pl.Expr]

    def run(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with every needed fact, and `ODD`."""
        if self.drug:
            frame = self._with_drug(frame)
        frame = frame.rename(self.renamed)
        if self.silent:
            frame = frame.with_columns(**self.silent)
        frame = self.plan.run(frame)
        odd = reduce(or_, self.odd) if self.odd else pl.lit(False)
        return frame.with_columns(odd.fill_null(False).alias(ODD))

    def _with_drug(self, frame: pl.DataFrame) -> pl.DataFrame:
        pairs = frame.select(CODE, DATE).unique(maintain_order=True)
        rows = [self.read_drug(code, day) for code, day in pairs.iter_rows()]
        found = pairs.with_columns(
            pl.Series(
                f"drug:{attribute}",
                [
                    None if row[at] is None else stored(row[at], self.kinds[attribute].kind)
                    for row in rows
                ],
                dtype=DTYPES[self.kinds[attribute].kind],
            )
            for at, attribute in enumerate(self.drug)
        )
        return frame.join(
            found, on=[CODE, DATE], how="left", nulls_equal=True, maintain_order="left"
        )


def columnar_facts(
    vocabulary: Vocabulary,
    reference: ReferenceData,
    sources: Mapping[str, Source],
    needed: Iterable[str],
    given: Collection[str],
    day: date,
) -> ColumnarFacts:
    """How to add the needed facts to tables with the given ones.

    Raises:
        NotExact: some fact cannot be computed in columns.
    """
    return _Writer(vocabulary, reference, sources, given, day).write(sorted(needed))


class _Writer:
    def __init__(
        self,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        sources: Mapping[str, Source],
        given: Collection[str],
        day: date,
    ) -> None:
        self._vocabulary, self._reference, self._day = vocabulary, reference, day
        self._sources = sources
        self._given = frozenset(given)
        types = {name: fact.type for name, fact in vocabulary.facts.items()}
        self._plan = Plan(types)
        self._renamed: dict[str, str] = {}
        self._silent: dict[str, pl.Expr] = {}
        self._drug: dict[str, FactType] = {}
        self._odd: list[pl.Expr] = []
        self._placed: set[str] = set()

    def write(self, needed: Sequence[str]) -> ColumnarFacts:
        for name in needed:
            self._place(name)
        drug = list(self._drug)
        return ColumnarFacts(
            self._given,
            self._renamed,
            drug,
            drug_reader(self._reference, drug),
            self._plan,
            self._silent,
            self._plan.writer.numbers,
            self._drug,
            self._odd,
        )

    def _place(self, name: str) -> None:
        fact = self._vocabulary.facts[name]
        if name in self._placed or fact.derived:
            return
        self._placed.add(name)
        source = self._sources.get(name)
        for other in () if source is None else facts_of(source):
            self._place(other)
        match source:
            case Path(root, path) if (root, path) in _FORM:
                self._settle(name, pl.col(_FORM[root, path]), [])
            case Path("request", path) if (said := _said_by_nobody(path)) is not None and (
                fact.type.kind != "choice" or said in fact.type.values
            ):
                self._settle(name, literal(said, fact.type.kind), [])
            case DrugAttribute(attribute):
                self._drug[attribute] = fact.type
                self._settle(name, pl.col(f"drug:{attribute}"), [])
            case Computed(_, condition) if condition is not None:
                truth, reads = self._plan.condition(condition)
                self._settle(name, truth, reads)
            case Computed(expression, _) if expression is not None:
                reads = list(facts_in_expression(expression))
                if fact.type.kind in NUMERIC:
                    number, reads = self._number(name, expression)
                    try:
                        self._settle_number(name, number, reads)
                    except NotExact:  # it is too large beside what was given
                        self._settle_number(name, *self._by_value(name, expression))
                elif fact.type.kind == "date":
                    self._settle(name, self._plan.writer.day(expression), reads)
                else:
                    raise NotExact(name)
            case _:  # only a claim form tells it, and there is none
                self._silence(name)

    def _number(self, name: str, expression: Expression) -> tuple[Ratio, list[str]]:
        """A computed number, and the columns that it is read from."""
        try:
            return self._plan.writer.number(expression), list(facts_in_expression(expression))
        except NotExact:
            return self._by_value(name, expression)

    def _by_value(self, name: str, expression: Expression) -> tuple[Ratio, list[str]]:
        """As `_number`, worked out once for each distinct set of values."""
        column = f"value:{name}"
        self._odd.append(pl.col(f"large:{column}"))
        return self._plan.add_number(column, expression), [column]

    def _silence(self, name: str) -> None:
        """A fact that is as it was given."""
        fact = self._vocabulary.facts[name]
        kind = fact.type.kind
        silent = pl.lit(None, dtype=DTYPES[kind])
        if fact.absent_means is not None:
            silent = literal(fact.absent_means, kind)
        if name not in self._given:
            self._silent[name] = silent
        elif fact.absent_means is not None:
            self._silent[name] = pl.col(name).fill_null(silent)

    def _settle(self, name: str, form: pl.Expr, reads: Sequence[str]) -> None:
        """A fact as the form says it; else as it was given; else what silence means."""
        fact = self._vocabulary.facts[name]
        parts = [form]
        if name in self._given:
            given = pl.col(self._put_aside(name))
            parts.append(given)
            # It contradicts the form, or what silence means: `Engine.decide` tells them apart.
            self._contradicts(name, form != given, reads)
        if fact.absent_means is not None:
            parts.append(literal(fact.absent_means, fact.type.kind))
        self._plan.add(name, pl.coalesce(parts), reads)

    def _settle_number(self, name: str, form: Ratio, reads: Sequence[str]) -> None:
        fact = self._vocabulary.facts[name]
        others = []
        if name in self._given:
            given = Ratio.of_fact(pl.col(self._put_aside(name)), fact.type.kind)
            mine, theirs = form.over(given)
            if fact.absent_means is not None:
                raise NotExact(name)
            self._contradicts(name, mine.top != theirs.top, reads)
            others.append(given)
        if fact.absent_means is not None:
            silent = fact.absent_means
            if not isinstance(silent, (int, Decimal, Fraction)) or isinstance(silent, bool):
                raise NotExact(name)
            others.append(Ratio.of(silent))
        if isinstance(form.bottom, int):
            bottom = lcm(form.bottom, *(_fixed(other) for other in others))
            each = [one.over(Ratio.of(0)._times(bottom, bottom))[0] for one in (form, *others)]
            most = max(one.most for one in each)
            number = Ratio(pl.coalesce([one.top for one in each]), bottom, most, bottom)
        else:
            known = form.top.is_not_null()
            number = form
            for other in others:
                number = Ratio(
                    pl.when(known).then(number.top).otherwise(other.top),
                    pl.when(known).then(number.bottom).otherwise(_fixed(other)),
                    max(number.most, other.most),
                    max(number.parts_most, other.parts_most),
                )
        self._plan.add(name, number.top, reads)
        columns = number_columns(name, number)
        if len(columns) > 1:
            assert isinstance(number.bottom, pl.Expr)
            self._plan.add(columns[1], number.bottom, reads)
        self._plan.writer.numbers[name] = Ratio(
            pl.col(name),
            number.bottom if isinstance(number.bottom, int) else pl.col(columns[1]),
            number.most,
            number.parts_most,
        )

    def _put_aside(self, name: str) -> str:
        self._renamed[name] = f"given:{name}"
        return self._renamed[name]

    def _contradicts(self, name: str, differ: pl.Expr, reads: Sequence[str]) -> None:
        column = f"contradicts:{name}"
        self._plan.add(column, differ, reads)
        self._odd.append(pl.col(column))


def _fixed(number: Ratio) -> int:
    assert isinstance(number.bottom, int)
    return number.bottom


def _said_by_nobody(path: str) -> Any:
    """What a form says of itself before anybody writes on it (that it is a claim, an original)."""
    value: Any = _EMPTY
    for part in path.split("."):
        value = getattr(value, part)
    return value

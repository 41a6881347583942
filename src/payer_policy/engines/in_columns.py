"""The `columnar` engine: a ruleset over columns of facts, for files of millions of services.

A ruleset is written out once as one straight-line function, as for `compiled`, over arrays of truths:
the tests of facts come in as the rows of a matrix, and each rule is an array.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from payer_policy.core.codegen import compiled_function
from payer_policy.core.columns import Codes, Column, Flags, column_of, constant, recoded
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Conclude,
    Condition,
    DerivedFact,
    Not,
    Ruleset,
    Test,
    facts_in_test,
)
from payer_policy.core.semantics import Facts, truth_of_test
from payer_policy.core.semantics_in_columns import (
    NEGATION,
    Truths,
    at_least_truths,
    truths_of,
)
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.core.vocabulary.types import Value
from payer_policy.engines.protocol import Evaluation, Evaluator

_CHAIN: Final = 40
"""So many truths are joined by `&` or `|` in one expression; more would nest too deep for Python."""


class FactTable(Protocol):
    """Facts in columns, all of one length."""

    @property
    def rows(self) -> int: ...

    def column(self, name: str, /) -> Column:
        """A fact that no rule concludes; a column of None where nothing is known of it."""

    def truths(self, tests: Sequence[Test], /) -> Truths:
        """The truths of some tests of such facts: a row for each test."""


class Table:
    """Facts in columns by name."""

    def __init__(self, columns: Mapping[str, Column], rows: int) -> None:
        self._columns, self.rows = columns, rows
        self._nothing = constant(None, rows)

    def column(self, name: str, /) -> Column:
        return self._columns.get(name, self._nothing)

    def truths(self, tests: Sequence[Test], /) -> Truths:
        made = [truths_of(test, self.column, self.rows) for test in tests]
        return np.array(made, dtype=np.uint8).reshape(len(tests), self.rows)


# --- derived facts ---------------------------------------------------------------------------------


class _Derived(Mapping[str, Column]):
    """Derived facts, each a column when it is read: of most only the truths of tests are needed."""

    def __init__(self, codes: Mapping[str, Codes], values: Mapping[str, Sequence[Any]]) -> None:
        self._codes, self._values = codes, values
        self._made: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        found = self._made.get(name)
        if found is None:
            made = recoded(self._codes[name].astype(np.int32), self._values[name])
            found = self._made[name] = made
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def __len__(self) -> int:
        return len(self._codes)


class Evaluated(NamedTuple):
    """What holds on each row."""

    truths: Truths
    """A row for each rule, in the order of `Ruleset.rules`."""
    derived: Mapping[str, Column]
    conflicts: Mapping[str, Flags]
    """By derived fact where rules conclude different values of it."""
    test: Callable[[Test], Truths]
    """The truths of any test of the ruleset."""


def _concluded(held: Sequence[Truths], otherwise: bool) -> tuple[Codes, Flags]:
    """The code of a derived fact's value, and where rules conclude different ones.

    Args:
        held: By value, whether a rule that concludes it holds.
        otherwise: Whether it has a value, the last one, where none does.
    """
    holding, possible = (np.zeros(len(held[0]), dtype=np.uint8) for _ in range(2))
    for truth in held:
        holding += truth >> 1
        possible += truth & 1
    codes = np.zeros(len(holding), dtype=np.int32)
    for code, truth in enumerate(held, start=1):
        codes[(truth == HOLDS) & (possible == 1)] = code
    if otherwise:
        codes[possible == 0] = len(held) + 1
    return codes, holding > 1


# --- rules -----------------------------------------------------------------------------------------


class ColumnarRuleset:
    """A ruleset over columns of facts; any number of threads may share it."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.place = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        writer = _Writer(ruleset, self.place)
        self._evaluate = writer.function()
        self.tests: Sequence[Test] = list(writer.tests)
        """The distinct tests of facts that no rule concludes."""
        self._of_facts = writer.tests
        self._values = writer.values
        self.shape: Hashable = writer.shape()
        """Rulesets of one shape have the same function; only constants of their tests differ."""

    def run(self, table: FactTable) -> Evaluated:
        """What holds on each row of a table."""
        tests = table.truths(self.tests)
        truths, codes, conflicts = self._evaluate(
            list(tests), list(NEGATION[tests]), table.rows, _Others(table, self._values)
        )
        derived = _Derived(codes, self._values)
        rules = np.array(truths, dtype=np.uint8).reshape(len(truths), table.rows)
        found = {name: where for name, where in conflicts.items() if where.any()}
        return Evaluated(rules, derived, found, _Tests(table, tests, self._of_facts, derived))


class _Tests:
    """The truths of the tests of a ruleset that was evaluated."""

    def __init__(
        self,
        table: FactTable,
        truths: Truths,
        places: Mapping[Test, int],
        derived: Mapping[str, Column],
    ) -> None:
        self._table, self._truths, self._places = table, truths, places
        self._derived = derived
        self._known: dict[int, Truths] = {}

    def __call__(self, test: Test) -> Truths:
        found = self._known.get(id(test))
        if found is None:
            place = self._places.get(test)
            found = self._truths[place] if place is not None else self._of_rules(test)
            self._known[id(test)] = found
        return found

    def _of_rules(self, test: Test) -> Truths:
        return truths_of(test, self._column, self._table.rows)

    def _column(self, name: str) -> Column:
        return self._derived[name] if name in self._derived else self._table.column(name)


class _Others:
    """The truths of tests that compare a derived fact with another fact."""

    def __init__(self, table: FactTable, values: Mapping[str, Sequence[Any]]) -> None:
        self._table, self._values = table, values

    def __call__(self, test: Test, codes: Mapping[str, Codes]) -> Truths:
        derived = _Derived(codes, self._values)

        def column(name: str) -> Column:
            return derived[name] if name in codes else self._table.column(name)

        return truths_of(test, column, self._table.rows)


class _Writer:
    """Writes a ruleset as a function from the truths of tests to those of rules."""

    def __init__(self, ruleset: Ruleset, place: Mapping[str, int]) -> None:
        self._ruleset, self._place = ruleset, place
        self.tests: dict[Test, int] = {}
        self.values: dict[str, Sequence[Any]] = {}
        """By derived fact, the values that its codes stand for."""
        self._lines: list[str] = []
        self._names: dict[str, Any] = {
            "NEG": NEGATION, "at_least": at_least_truths, "concluded": _concluded, "np": np,
            "all_of": np.bitwise_and.reduce, "any_of": np.bitwise_or.reduce,
        }  # fmt: skip
        self._last = {
            name: max((index for index, _ in fact.concluded_by), default=-1)
            for name, fact in ruleset.derived.items()
        }
        self._conflicts: dict[str, str] = {}
        self._body: Sequence[str] = ()

    def function(self) -> Callable[..., Any]:
        """The function of the truths of the tests, of their negations, the number of rows, and what
        answers any other test."""
        derived = self._ruleset.derived
        for name, index in self._last.items():
            if index < 0:
                self.values[name] = [derived[name].otherwise]
                self._lines.append(f"d{self._number(name)} = np.zeros(rows, dtype=np.uint8)")
        for index, rule in enumerate(self._ruleset.rules):
            source = self._condition(rule.condition, False)
            for blocker in rule.overridden_by:
                source += f" & NEG[r{self._place[blocker]}]"
            self._lines.append(f"r{index} = {source}")
            if isinstance(rule.effect, Conclude):
                for name, _ in rule.effect.values:
                    if self._last[name] == index:
                        self._conclude(derived[name])
        rules = "".join(f"r{index}, " for index in range(len(self._ruleset.rules)))
        codes = self._codes(sorted(derived))
        conflicts = ", ".join(
            f"{self._constant(name)}: {one}" for name, one in sorted(self._conflicts.items())
        )
        self._body = [*self._lines, f"return ({rules}), {{{codes}}}, {{{conflicts}}}"]
        return compiled_function("evaluate", "t, n, rows, other", self._body, self._names)

    def shape(self) -> Hashable:
        """All that the function is made of but the tests, of which only the facts count here."""
        constants = [
            (name, one.tobytes() if isinstance(one, np.ndarray) else one)
            for name, one in self._names.items()
            if name.startswith("K")
        ]
        values = [(name, tuple(one)) for name, one in sorted(self.values.items())]
        tests = [(test.operator, tuple(facts_in_test(test))) for test in self.tests]
        return tuple(self._body), tuple(constants), tuple(values), tuple(tests)

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {name: at for at, name in enumerate(sorted(self._ruleset.derived))}

    def _number(self, name: str) -> int:
        return self._numbers[name]

    def _codes(self, names: Sequence[str]) -> str:
        return ", ".join(f"{self._constant(name)}: d{self._number(name)}" for name in names)

    def _constant(self, value: Any) -> str:
        name = f"K{len(self._names)}"
        self._names[name] = value
        return name

    def _condition(self, condition: Condition, negated: bool) -> str:
        match condition:
            case Test():
                return self._test(condition, negated)
            case Not(part):
                return self._condition(part, not negated)
            case All(parts) | AnyOf(parts):
                every = isinstance(condition, All) is not negated
                if not parts:
                    return f"np.full(rows, {HOLDS if every else FAILS}, dtype=np.uint8)"
                return self._joined([self._condition(part, negated) for part in parts], every)
            case AtLeast(count, parts):
                if negated:  # fewer than n of m hold: at least m - n + 1 fail
                    count = len(parts) - count + 1
                inside = ", ".join([self._condition(part, negated) for part in parts])
                return f"at_least({count}, [{inside}], rows)"

    def _joined(self, sources: Sequence[str], every: bool) -> str:
        if len(sources) > _CHAIN:
            return f"{'all_of' if every else 'any_of'}([{', '.join(sources)}])"
        return f"({(' & ' if every else ' | ').join(sources)})"

    def _test(self, test: Test, negated: bool) -> str:
        read = [
            name for name in dict.fromkeys(facts_in_test(test)) if name in self._ruleset.derived
        ]
        if not read:
            place = self.tests.setdefault(test, len(self.tests))
            return f"n[{place}]" if negated else f"t[{place}]"
        if len(set(facts_in_test(test))) > 1:
            source = f"other({self._constant(test)}, {{{self._codes(read)}}})"
            return f"NEG[{source}]" if negated else source
        (name,) = read
        table = [truth_of_test(test, {name: value}) for value in self.values[name]]
        truths = np.array(table, dtype=np.uint8)
        truths = NEGATION[truths] if negated else truths
        source = f"d{self._number(name)}"
        if truths.tolist() == [FAILS, UNKNOWN, UNKNOWN, HOLDS] and len(truths) == 4:
            return source  # its codes are the truths of the rules that conclude it
        return f"{self._constant(truths)}[{source}]"

    def _conclude(self, fact: DerivedFact) -> None:
        """Write the codes of a derived fact, all of whose rules are written."""
        rules: dict[Value, list[str]] = {}
        for index, value in fact.concluded_by:
            rules.setdefault(value, []).append(f"r{index}")
        held = [self._joined(names, False) for names in rules.values()]
        own = f"d{self._number(fact.name)}"
        if len(held) == 1:  # as one value is concluded, the truth of its rules says all
            self._lines.append(f"{own} = {held[0]}")
            self.values[fact.name] = [fact.otherwise, None, None, *rules]
            return
        otherwise = fact.otherwise is not None
        conflict = self._conflicts[fact.name] = f"c{self._number(fact.name)}"
        self._lines.append(f"{own}, {conflict} = concluded([{', '.join(held)}], {otherwise})")
        self.values[fact.name] = [None, *rules, *([fact.otherwise] if otherwise else [])]


# --- the engine ------------------------------------------------------------------------------------


class ColumnarEngine:
    """Needs numpy and PyArrow. One call costs a millisecond, for one service or for a thousand."""

    name: Final = "columnar"

    def compile(self, ruleset: Ruleset, /) -> Evaluator:
        """The ruleset as a function from facts to an `Evaluation`."""
        return ColumnarEvaluator(ruleset)


class ColumnarEvaluator:
    """A ruleset's evaluator for mappings of facts: each becomes a row of a table."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._rules = ColumnarRuleset(ruleset)

    def __call__(self, facts: Facts, /) -> Evaluation:
        """What holds of one service."""
        return self.evaluate_all([facts])[0]

    def evaluate_all(self, many: Sequence[Facts]) -> list[Evaluation]:
        """What holds of each of many services."""
        ruleset = self._rules.ruleset
        names = [name for name in ruleset.facts if name not in ruleset.derived]
        columns = {name: column_of([facts.get(name) for facts in many]) for name in names}
        done = self._rules.run(Table(columns, len(many)))
        truths = done.truths.T.tolist()
        derived = sorted(ruleset.derived)
        return [
            Evaluation(
                tuple(truths[row]),
                {name: done.derived[name][row] for name in derived},
                tuple(sorted(name for name, rows in done.conflicts.items() if rows[row])),
            )
            for row in range(len(many))
        ]

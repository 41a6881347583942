"""Scenarios on `columnar` as it is used: many services in one table.

A table of one service costs as much as a table of a thousand. So the scenarios run twice: first on
`compiled`, to collect the facts that each ruleset is asked about, then on the answers of one table a
ruleset.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from payer_policy.core.ruleset import Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.vocabulary.types import Value
from payer_policy.engine import Engine
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.in_columns import ColumnarEvaluator
from payer_policy.engines.protocol import Evaluation
from payer_policy.specs.replay import Script, replay


def in_bulk(engine: Engine, scripts: Sequence[Script]) -> Engine:
    """A columnar engine that has evaluated what these scenarios ask about. It answers any other
    request too, in a table of its own."""
    tables: list[_Table] = []

    def compile(ruleset: Ruleset) -> _Table:
        tables.append(_Table(ruleset))
        return tables[-1]

    ready = engine.with_changes(engine.library, compile)
    for script in scripts:
        with suppress(Exception):  # the run that counts reports it
            replay(script, ready, with_account=False)
    for table in tables:
        table.evaluate()
    return ready


class _Table:
    """A ruleset's evaluator: collects facts until `evaluate`, then answers from the table."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._columns = ColumnarEvaluator(ruleset)
        self._rows = CompiledEngine().compile(ruleset)
        self._asked: dict[frozenset[tuple[str, Value | None]], Facts] = {}
        self._answers: dict[frozenset[tuple[str, Value | None]], Evaluation] | None = None

    def __call__(self, facts: Facts, /) -> Evaluation:
        asked = frozenset(facts.items())
        if self._answers is None:
            self._asked[asked] = facts
            return self._rows(facts)
        return self._answers.get(asked) or self._columns(facts)

    def evaluate(self) -> None:
        self._answers = {}
        with suppress(Exception):  # then each is asked alone, and only what fails pends
            answers = self._columns.evaluate_all(list(self._asked.values()))
            self._answers = dict(zip(self._asked, answers, strict=True))

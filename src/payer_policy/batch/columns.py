"""Tables of facts decided a column at a time: each row is the request with these facts and no form.

Rows are grouped by the ruleset that is in force for their payer, code and date of service. A row that
columns cannot decide (a cell that is no value, a fact that contradicts the form, a reduction that
holds) is decided alone by `Engine.decide`, so that every row has the answer that it would have there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from payer_policy.batch.answers import reason_text
from payer_policy.batch.schema import ANSWER
from payer_policy.core.ruleset import FindingEffect, Rule, Ruleset
from payer_policy.core.vocabulary.types import MAX_TEXT
from payer_policy.determination.columns import DECISIONS, ColumnarDeterminer, Determined
from payer_policy.determination.rules import rank
from payer_policy.engine import Engine
from payer_policy.engines.columnar.engine import ColumnarEvaluator
from payer_policy.engines.columnar.expressions import NotExact
from payer_policy.engines.columnar.patterns import Patterns, true_bits
from payer_policy.engines.columnar.request import (
    CLAIM,
    CODE,
    DATE,
    ODD,
    PAYER,
    ColumnarFacts,
    columnar_facts,
)
from payer_policy.engines.columnar.tables import typed_table
from payer_policy.formats.tables.cells import cell_value

ROW: Final = "#row"
APPLIES: Final = "#applies"
_UNUSUAL: Final = rf"^\s|\s$|^$|[\x00-\x1f\x7f-\x9f]|^.{{{MAX_TEXT + 1}}}"
"""What a claim number is not, once the blanks around it are taken off."""
_KEPT: Final = 512
"""So many rulesets are kept ready, each for one set of given facts."""


@dataclass(frozen=True, slots=True)
class _Program:
    """All that is compiled of one ruleset for tables with certain facts."""

    ruleset: Ruleset
    facts: ColumnarFacts
    evaluator: ColumnarEvaluator
    """With one column more: whether the policy applies (`APPLIES`)."""
    determiner: ColumnarDeterminer


class ColumnarBatch:
    """Decides tables of facts by the policies of an engine. Compiles what it meets, once."""

    def __init__(self, engine: Engine) -> None:
        self._library = engine.library
        self._programs = lru_cache(maxsize=_KEPT)(self._compile)

    # --- routing ----------------------------------------------------------------------------------

    def _routed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns beside the facts: payer, code, day."""
        source = self._library.facts_by_source
        wanted = {
            PAYER: source.get(("request", "coverage.payer"), ""),
            CODE: source.get(("service", "code"), ""),
            DATE: source.get(("service", "date"), ""),
        }
        business = source.get(("request", "coverage.line_of_business"), "")
        empty = {PAYER: pl.String, CODE: pl.String, DATE: pl.Date}
        frame = frame.with_columns(
            (pl.col(fact) if fact in frame.columns else pl.lit(None, dtype=empty[column])).alias(
                column
            )
            for column, fact in wanted.items()
        )
        by = [PAYER, business] if business in frame.columns else [PAYER]
        distinct = frame.select(by).unique(maintain_order=True)
        payer_folder = self._library.reference.payer_folder
        folders = [payer_folder(*row) for row in distinct.iter_rows()]
        if folders == distinct[PAYER].to_list():
            return frame
        found = distinct.with_columns(pl.Series("#folder", folders, dtype=pl.String))
        joined = frame.select(by).join(
            found, on=by, how="left", nulls_equal=True, maintain_order="left"
        )
        return frame.with_columns(joined["#folder"].alias(PAYER))

    def _not_one_day(self, frame: pl.DataFrame) -> np.ndarray:
        """The rows that name no day, or several."""
        several = frame[DATE].is_null()
        through = self._library.facts_by_source.get(("service", "through"), "")
        if through in frame.columns:
            several |= (frame[through] > frame[DATE]).fill_null(False)
        return several.to_numpy()

    def _groups(self, frame: pl.DataFrame) -> Iterator[tuple[Ruleset | None, pl.DataFrame]]:
        """The rows by ruleset; those of several policies with each of them, those of none last."""
        pairs = frame.select(PAYER, CODE).unique(maintain_order=True)
        parts: Iterable[pl.DataFrame] = (
            [frame]
            if len(pairs) == 1
            else frame.partition_by(PAYER, CODE, maintain_order=True, include_key=True)
        )
        for part in parts:
            payer, code = part[PAYER][0], part[CODE][0]
            addresses = self._library.candidates(payer, code)
            if not addresses:
                yield None, part
            for address in addresses:
                yield from self._by_day(address, part)

    def _by_day(
        self, address: str, frame: pl.DataFrame
    ) -> Iterator[tuple[Ruleset | None, pl.DataFrame]]:
        windows = self._library.windows(address)
        at = frame[DATE]
        low, high = at.min(), at.max()
        rest = pl.repeat(True, len(frame), eager=True)
        for first, last, _ in windows:
            if first > high or (last is not None and last < low):  # type: ignore[operator]
                continue
            ruleset = self._library.ruleset(address, first)
            if first <= low and (last is None or high <= last):  # type: ignore[operator]
                yield ruleset, frame
                return
            here = (at >= first) & (at <= (last or date.max))
            if here.any():
                rest &= ~here
                yield ruleset, frame.filter(here)
        if rest.any():
            yield None, frame.filter(rest)

    def _compile(self, address: str, first: date, given: frozenset[str]) -> _Program | None:
        """None: columns cannot hold all that this ruleset computes."""
        library = self._library
        ruleset = library.ruleset(address, first)
        assert ruleset is not None
        try:
            facts = columnar_facts(
                library.vocabulary,
                library.reference,
                library.basis.sources_on(ruleset.facts, ruleset.first_day),
                ruleset.facts,
                given,
                ruleset.first_day,
            )
            evaluator = ColumnarEvaluator(ruleset, facts.numbers)
        except NotExact:
            return None
        condition, reads = evaluator.plan.condition(ruleset.applies_to)
        evaluator.plan.add(APPLIES, condition, reads)
        return _Program(ruleset, facts, evaluator, ColumnarDeterminer(evaluator))

    # --- deciding ---------------------------------------------------------------------------------

    def decide(self, table: pl.DataFrame, first: int) -> tuple[pa.Table, list[int]]:
        """The answers on the rows of a table, by record, and the positions of rows that must be
        decided alone.

        Args:
            table: Raw columns, named by facts, and `id`.
            first: The record number of its first row.

        Raises:
            WrongColumn: a column cannot hold what its fact is.
        """
        facts = {
            name: fact.type
            for name, fact in self._library.vocabulary.facts.items()
            if name in table.columns
        }
        typed, odd = typed_table(facts, table, cell_value)
        claim, unreadable = claim_ids(table)
        alone = (odd | unreadable).to_numpy().copy()
        rows = pl.int_range(len(table), dtype=pl.Int64, eager=True)
        frame = self._routed(typed.with_columns(claim.alias(CLAIM), rows.alias(ROW)))
        alone |= self._not_one_day(frame)
        if alone.any():
            frame = frame.filter(pl.Series(~alone))
        answered = alone.copy()
        tables: list[tuple[np.ndarray, pa.Table]] = []
        given = frozenset(facts)
        for ruleset, group in self._groups(frame):
            if ruleset is None:
                continue
            program = self._programs(ruleset.policy, ruleset.first_day, given)
            if program is None:
                alone[group[ROW].to_numpy()] = True
                continue
            derived = program.evaluator.run(program.facts.run(group))
            # Where a fact contradicts the form, whether the policy applies is not to be trusted.
            applied = derived.filter(pl.col(APPLIES) | pl.col(ODD))
            if not len(applied):
                continue
            determined = program.determiner.determine(applied)
            here = applied[ROW].to_numpy()
            answered[here] = True
            alone[here] |= determined.odd | true_bits(applied[ODD]).astype(bool)
            tables.append((here, _answers(program, applied, determined, first)))
        answered |= alone
        if not answered.all():
            none = frame.filter(pl.Series(~answered).gather(frame[ROW]))
            tables.append((none[ROW].to_numpy(), _without_policy(none, first)))
        return _in_order(tables, alone), np.flatnonzero(alone).tolist()


def _in_order(tables: Sequence[tuple[np.ndarray, pa.Table]], alone: np.ndarray) -> pa.Table:
    """The tables as one, by record, without the rows that are to be decided alone."""
    if not tables:
        return ANSWER.empty_table()
    rows = np.concatenate([here for here, _ in tables])
    table = tables[0][1] if len(tables) == 1 else pa.concat_tables([made for _, made in tables])
    if alone.any():
        kept = ~alone[rows]
        rows, table = rows[kept], table.filter(pa.array(kept))
    if len(tables) > 1:
        # Stable: of one record, the policies stay in their order.
        table = table.unify_dictionaries().take(pa.array(np.argsort(rows, kind="stable")))
    return table


def _answers(
    program: _Program, frame: pl.DataFrame, determined: Determined, first: int
) -> pa.Table:
    ruleset, rules = program.ruleset, program.determiner.rules
    rows = len(frame)
    ids = [rule.id for rule in rules]
    reasons = [
        reason_text(rule.effect.kind, rule.effect.reason)
        for rule in rules
        if isinstance(rule.effect, FindingEffect)
    ]
    findings, said = _texts(determined.findings, ids, reasons)
    (missing,) = _texts(determined.missing, program.determiner.asked)
    (unsettled,) = _texts(determined.unsettled, ids)
    (assumptions,) = _texts(determined.assumptions, ids)
    asked = ruleset.information_request
    return _table(
        frame,
        first,
        decision=_words(determined.decision, DECISIONS),
        headline=_headlines(ruleset, rules, determined.findings),
        findings=findings,
        reasons=said,
        missing=missing,
        unsettled=unsettled,
        assumptions=assumptions,
        information_request=_where(
            determined.unsettled.any() & (asked is not None),
            "" if asked is None else reason_text("ask", asked),
        ),
        policy=_same(ruleset.policy, rows),
        policy_version=_same(ruleset.version, rows),
        policy_hash=_same(ruleset.hash, rows),
        engine=_same("columnar", rows),
    )


def _headlines(ruleset: Ruleset, rules: Sequence[Rule], findings: Patterns) -> pa.Array:
    """On each row the finding that leads."""
    order = sorted(range(len(rules)), key=lambda place: rank(ruleset, rules[place]))
    rank_of = np.empty(len(rules), dtype=np.int32)
    rank_of[order] = np.arange(len(rules), dtype=np.int32)
    offsets, items = findings.flat()
    found = np.diff(offsets) > 0
    leading = np.zeros(len(found), dtype=np.int32)
    if len(items):
        leading[found] = np.minimum.reduceat(rank_of[items], offsets[:-1][found])
    ids = pa.array([rules[place].id for place in order] or [""], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(leading, mask=~found), ids)


def _without_policy(frame: pl.DataFrame, first: int) -> pa.Table:
    return _table(frame, first, decision=_same("no_policy", len(frame)))


def _table(frame: pl.DataFrame, first: int, **columns: pa.Array) -> pa.Table:
    rows = len(frame)
    known = {
        "record": pa.array(frame[ROW].to_numpy() + first),
        "claim_id": frame[CLAIM].to_arrow().cast(pa.string()),
        "kind": _same("claim", rows),
        "code": frame[CODE].to_arrow().cast(pa.string()).dictionary_encode(),
        "service_date": frame[DATE].to_arrow(),
        **columns,
    }
    arrays = []
    for field in ANSWER:
        array = known.get(field.name)
        if array is None and pa.types.is_list(field.type):
            nothing = pa.array([], field.type.value_type)
            array = pa.ListArray.from_arrays(pa.array(np.zeros(rows + 1, dtype=np.int32)), nothing)
        elif array is None:
            array = pa.nulls(rows, field.type)
        arrays.append(array)
    return pa.Table.from_arrays(arrays, schema=ANSWER)


def _same(text: str, rows: int) -> pa.Array:
    return _words(np.zeros(rows, dtype=np.int32), [text])


def _where(rows: np.ndarray, text: str) -> pa.Array:
    """The text on some rows, nothing on the others."""
    indices = pa.array(np.zeros(len(rows), dtype=np.int32), mask=~rows)
    return pa.DictionaryArray.from_arrays(indices, pa.array([text], pa.string()))


def _words(indices: np.ndarray, words: Sequence[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(indices.astype(np.int32)), pa.array(words or [""], pa.string())
    )


def _texts(patterns: Patterns, *texts: Sequence[str]) -> list[pa.Array]:
    """For each row the texts that its pattern names, of each of some lists."""
    offsets, items = patterns.flat()
    starts, places = pa.array(offsets), pa.array(items)
    return [
        pa.ListArray.from_arrays(starts, pa.array(named, pa.string()).take(places))
        for named in texts
    ]


def claim_ids(table: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """The claim numbers of a table as requests hold them, and which of them are none."""
    nothing = pl.repeat(False, len(table), dtype=pl.Boolean, eager=True)
    if "id" not in table.columns or table["id"].dtype == pl.Null:
        return pl.repeat(None, len(table), dtype=pl.String, eager=True), nothing
    ids = table["id"].cast(pl.String)
    if not ids.str.contains(_UNUSUAL).any():
        return ids, nothing
    ids = ids.str.strip_chars()
    return ids, ids.str.contains(_UNUSUAL).fill_null(False)

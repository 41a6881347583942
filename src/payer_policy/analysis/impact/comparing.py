"""Compares a block of claims under two versions, in a worker process.

Both versions get the same block from one reader, and each decides it as `batch` does: tables of
facts a column at a time, claims one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import polars as pl

from payer_policy.analysis.impact.billed import Charges, charge_type
from payer_policy.analysis.impact.columns import (
    LISTS,
    TEXTS,
    other_lines,
    other_reasons,
    paired,
    side_by_side,
)
from payer_policy.analysis.impact.compared import ChangedService, ChangeGroup, Compared
from payer_policy.analysis.impact.model import Because, ChangeKey, Tally
from payer_policy.analysis.impact.rows import changed_rows
from payer_policy.batch.deciding import Answered, CountsDiffer, Decider
from payer_policy.core.vocabulary.types import FactType
from payer_policy.determination import Outcome
from payer_policy.engines.columnar.tables import WrongColumn, typed_table
from payer_policy.formats.blocks import Block
from payer_policy.formats.tables.cells import cell_value
from payer_policy.request.models import Request

BILLED: Final = "#billed"
LINES: Final = "#lines"
PLACE: Final = "#place"
_MONEY: Final = pl.Int128()
_BY: Final = (
    "decision",
    "decision_new",
    *(f"{n}{s}" for n in (*LISTS, *TEXTS) for s in ("", "_new")),
)


class _Block:
    """A block as one version read it: its claims, or its table of facts, and the amounts billed."""

    def __init__(self, charge: dict[str, FactType]) -> None:
        self._type = charge
        self._fact = next(iter(charge), None)
        self._billed: dict[int, list[int | None]] = {}
        self.requests: dict[int, Request] = {}
        self.frame: pl.DataFrame | None = None
        self.first = 0

    def facts(self, frame: pl.DataFrame, first: int) -> None:
        self.frame, self.first = frame, first

    def decided(self, record: int, request: Request, outcome: Outcome) -> None:
        if self.frame is not None:
            return  # a row of a table that was decided on its own
        self.requests[record] = request
        charges = Charges(request, self._fact)
        services = outcome.determinations or outcome.without_policy
        self._billed[record] = [charges.of(_numbers(one.lines)) for one in services]

    def billed(self, table: Any) -> pl.Series:
        """The amount billed for each row of the answers, in millionths of a dollar."""
        records = table["record"].to_numpy()
        if self.frame is None:
            values = [one for record in dict.fromkeys(records.tolist()) for one in self._of(record)]
            return pl.Series(BILLED, values, dtype=_MONEY)
        if self._fact is None or self._fact not in self.frame.columns:
            return pl.repeat(None, len(records), dtype=_MONEY, eager=True).alias(BILLED)
        try:
            typed, odd = typed_table(self._type, self.frame, cell_value)
        except WrongColumn:  # each row is rejected for it
            return pl.repeat(None, len(records), dtype=_MONEY, eager=True).alias(BILLED)
        whole = typed[self._fact].set(odd, None).gather(records - self.first).cast(_MONEY)
        return whole.alias(BILLED)

    def _of(self, record: int) -> Sequence[int | None]:
        return self._billed[record]


def _numbers(lines: Sequence[Any]) -> list[int]:
    return [one if isinstance(one, int) else one.number for one in lines]


class Comparer:
    """Decides blocks by two versions and compares the answers."""

    def __init__(
        self, old: Decider, new: Decider, policy: str | None, examples: int, *, rows: bool
    ) -> None:
        self._old, self._new = old, new
        self._policy = policy
        self._examples = examples
        self._rows = rows
        self._charges = (charge_type(old.facts), charge_type(new.facts))

    def answered(self, file: str, block: Block) -> Compared:
        """The comparison of one block.

        Raises:
            CountsDiffer: records were lost or doubled on the way.
        """
        blocks = (_Block(self._charges[0]), _Block(self._charges[1]))
        old = self._old.answered(file, block, blocks[0])
        new = self._new.answered(file, block, blocks[1])
        for side in (old, new):
            side.hold_to(block)
        if old.records != new.records:
            raise CountsDiffer(
                f"the old version read {old.records} records, the new one {new.records}"
            )
        gone = tuple({reject.record for reject in side.rejects} for side in (old, new))
        both = sum(_both(old, new).values())
        frame = self._frame(old, new, blocks, (gone[0], gone[1]))
        if self._policy is not None:
            here = [pl.col(f"policy{one}").eq_missing(self._policy) for one in ("", "_new")]
            frame = frame.filter(here[0] | here[1])
        cells = _cells(frame)
        differing = frame.filter(
            (pl.col("decision") != pl.col("decision_new")) | other_reasons() | pl.col(LINES)
        )
        return Compared(
            changed_rows(differing if self._rows else differing.clear(), file, BILLED, LINES),
            old.records,
            Counter(both=both, old=len(old.rejects) - both, new=len(new.rejects) - both),
            (old.counts["rejects"], new.counts["rejects"]),
            cells,
            self._changes(differing, file, blocks),
        )

    def _frame(
        self,
        old: Answered,
        new: Answered,
        blocks: tuple[_Block, _Block],
        gone: tuple[set[int], set[int]],
    ) -> pl.DataFrame:
        places = paired(old.table, new.table)
        frame = side_by_side(old.table, new.table, places, gone)
        lines = other_lines(old.table, new.table, places)
        billed = [
            _gathered(one.billed(side.table), at)
            for one, side, at in zip(blocks, (old, new), places, strict=True)
        ]
        return frame.with_columns(
            pl.coalesce(billed[0], billed[1]).alias(BILLED), lines.fill_null(False).alias(LINES)
        )

    def _changes(
        self, frame: pl.DataFrame, file: str, blocks: tuple[_Block, _Block]
    ) -> dict[ChangeKey, ChangeGroup]:
        grouped = (
            frame.with_columns(pl.int_range(pl.len()).alias(PLACE))
            .group_by(*_BY, LINES, maintain_order=True)
            .agg(*_TALLY, pl.col(PLACE).head(self._examples))
        )
        groups: dict[ChangeKey, ChangeGroup] = {}
        firsts: dict[ChangeKey, list[int]] = {}
        for row in grouped.iter_rows(named=True):
            key = _key(row)
            groups.setdefault(key, ChangeGroup()).tally.add(_tally(row))
            firsts.setdefault(key, []).extend(row[PLACE])
        chosen = [
            (key, at) for key, places in firsts.items() for at in sorted(places)[: self._examples]
        ]
        services = self._services(frame.select(_NAMED)[[at for _, at in chosen]], file, blocks)
        for (key, _), one in zip(chosen, services, strict=True):
            groups[key].first.append(one)
        return groups

    def _services(
        self, frame: pl.DataFrame, file: str, blocks: tuple[_Block, _Block]
    ) -> Iterator[ChangedService]:
        facts = blocks[0].frame
        if facts is not None:
            facts = facts[(frame["record"] - blocks[0].first).to_list()]
        for at, (record, claim_id, code, day, billed, old, new) in enumerate(frame.iter_rows()):
            request = blocks[0].requests.get(record) or blocks[1].requests.get(record)
            row = None if facts is None else (facts, at)
            yield ChangedService(
                file, record, claim_id, code, day, billed, (old, new), request, row
            )


_NAMED: Final = (
    "record", "claim_id", "code", "service_date", BILLED, "policy", "policy_new",
)  # fmt: skip
_TALLY: Final = (
    pl.len().alias("services"),
    pl.col(BILLED).sum().alias("billed"),
    pl.col(BILLED).null_count().alias("unknown"),
)


def _tally(row: dict[str, Any]) -> Tally:
    return Tally(row["services"], row["billed"], row["unknown"])


def _cells(frame: pl.DataFrame) -> dict[tuple[str, str], Tally]:
    counted = frame.group_by("decision", "decision_new", maintain_order=True).agg(*_TALLY)
    return {
        (row["decision"], row["decision_new"]): _tally(row) for row in counted.iter_rows(named=True)
    }


def _both(old: Answered, new: Answered) -> Counter[int]:
    """The number of times that each record was rejected by both."""
    counted = [Counter(reject.record for reject in side.rejects) for side in (old, new)]
    return counted[0] & counted[1]


def _gathered(billed: pl.Series, at: Any) -> pl.Series:
    index = pl.Series(at)
    if (at < 0).any():
        index = index.set(index < 0, None)
    return billed.gather(index)


def _key(row: dict[str, Any]) -> ChangeKey:
    old, new = _because(row, ""), _because(row, "_new")
    decisions = (row["decision"], row["decision_new"])
    kind: Any = "units" if row[LINES] else "reasons"
    if decisions[0] != decisions[1]:
        kind = "decision"
    went, came = _reasons(old - new, new - old)
    return ChangeKey(kind, *decisions, went, came)


def _reasons(went: set[Because], came: set[Because]) -> tuple[tuple[Because, ...], ...]:
    """The reasons in order. Rules that were not checked are named only where nothing else changed: they
    change with every other question, and would split services with the same change."""
    if any(one.says != "assumed" for one in went | came):
        went, came = ({one for one in side if one.says != "assumed"} for side in (went, came))
    return tuple(sorted(went)), tuple(sorted(came))


def _because(row: dict[str, Any], suffix: str) -> set[Because]:
    rules, says = row[f"findings{suffix}"], row[f"reasons{suffix}"]
    found = {Because(*pair) for pair in zip(rules, says, strict=True)}
    found |= {Because(rule, "unsettled") for rule in row[f"unsettled{suffix}"]}
    found |= {Because(rule, "assumed") for rule in row[f"assumptions{suffix}"]}
    if row[f"information_request{suffix}"] is not None:
        found.add(Because("", row[f"information_request{suffix}"]))
    if row[f"internal{suffix}"] is not None:
        found.add(Because("", "internal"))
    return found

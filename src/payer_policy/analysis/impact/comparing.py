"""Compares a block of claims under two versions, in a worker process.

Both versions get the same block from one reader, and each decides it as `batch` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.analysis.impact.billed import Charges, charge_fact, millionths
from payer_policy.analysis.impact.columns import SideBySide, nth, side_by_side
from payer_policy.analysis.impact.compared import ChangedService, ChangeGroup, Compared
from payer_policy.analysis.impact.model import CHANGE_KINDS, Because, ChangeKey, Tally
from payer_policy.analysis.impact.rows import changed_rows
from payer_policy.batch.deciding import Answered, CountsDiffer, Decider
from payer_policy.batch.fact_table import fact_columns
from payer_policy.core.columns import Codes, Column, column_of, constant, encoded, grouped, mapped
from payer_policy.engine import Engine
from payer_policy.formats.blocks import Block
from payer_policy.request.models import Request


class _Block:
    """A block as one version read it: its claims, or its table of facts, and the amounts billed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._vocabulary = engine.library.vocabulary
        self._fact = charge_fact(self._vocabulary.facts)
        self.requests: dict[int, Request] = {}
        self.table: Any = None
        self.first = 0

    def facts(self, table: Any, first: int) -> None:
        self.table, self.first = table, first

    def read(self, record: int, request: Request) -> None:
        self.requests[record] = request

    def billed(self, answers: Any) -> Column:
        """The amount billed for each row of the answers, in millionths of a dollar."""
        if self.table is None:
            return column_of(self._of_lines(answers))
        column = None
        if self._fact in self.table.column_names:
            table = self.table.select([self._fact])
            column = fact_columns(table, self._vocabulary)[0].facts.get(self._fact)
        if column is None:
            return constant(None, len(answers))
        return mapped(millionths, [column]).take(answers["record"].to_numpy() - self.first)

    def _of_lines(self, answers: Any) -> Iterator[int | None]:
        lines = answers["lines"]
        numbers = iter(pc.struct_field(pc.list_flatten(lines), "number").to_pylist())
        sizes = iter(pc.list_value_length(lines).to_pylist())
        for record, rows in groupby(answers["record"].to_pylist()):
            request = self.requests[record]
            charges = Charges(request, self._fact)
            services = None
            for at, _ in enumerate(rows):
                own = list(islice(numbers, next(sizes)))
                if not own and request.lines:  # of a claim that no policy applies to
                    services = services or self._engine.considered(request)
                    own = list(services[at].lines)
                yield charges.of(own)


class Comparer:
    """Decides blocks by two versions and compares the answers."""

    def __init__(
        self, old: Decider, new: Decider, policy: str | None, examples: int, *, rows: bool
    ) -> None:
        self._old, self._new = old, new
        self._policy = policy
        self._examples = examples
        self._rows = rows

    def answered(self, file: str, block: Block) -> Compared:
        """The comparison of one block.

        Raises:
            CountsDiffer: records were lost or doubled on the way.
        """
        blocks = (_Block(self._old.engine), _Block(self._new.engine))
        old = self._old.answered(file, block, blocks[0])
        new = self._new.answered(file, block, blocks[1])
        for side in (old, new):
            side.hold_to(block)
        if old.records != new.records:
            raise CountsDiffer(
                f"the old version read {old.records} records, the new one {new.records}"
            )
        both = sum(_both(old, new).values())
        services = side_by_side(
            (old.table, new.table),
            ({reject.record for reject in old.rejects}, {reject.record for reject in new.rejects}),
            (blocks[0].billed(old.table), blocks[1].billed(new.table)),
        )
        if self._policy is not None:
            services = services.take(services.decided_by(self._policy))
        changed = services.changed
        return Compared(
            changed_rows(changed if self._rows else changed.take(slice(0)), file),
            old.records,
            Counter(both=both, old=len(old.rejects) - both, new=len(new.rejects) - both),
            (old.counts["rejects"], new.counts["rejects"]),
            _cells(services),
            self._changes(changed, file, blocks),
        )

    def _changes(
        self, services: SideBySide, file: str, blocks: tuple[_Block, _Block]
    ) -> dict[ChangeKey, ChangeGroup]:
        said, count = services.said, len(services.combinations[0])
        row, combined = grouped(
            [
                (services.kinds, len(CHANGE_KINDS)),
                (said[services.old], count),
                (said[services.new], count),
            ]
        )
        row, used = encoded(row)
        keys: dict[ChangeKey, int] = {}
        numbers = [
            keys.setdefault(_key(services, *one), len(keys))
            for one in zip(*[codes[used].tolist() for codes in combined], strict=True)
        ]
        key = np.array(numbers, dtype=np.int32)[row]
        tallies = _tallies(key, len(keys), services.billed)
        groups = [ChangeGroup(tallies[number]) for number in range(len(keys))]
        first = np.flatnonzero(nth(key) < self._examples)
        found = _described(services.take(first), file, blocks)
        for number, one in zip(key[first].tolist(), found, strict=True):
            groups[number].first.append(one)
        return dict(zip(keys, groups, strict=True))


def _described(
    services: SideBySide, file: str, blocks: tuple[_Block, _Block]
) -> Iterator[ChangedService]:
    named = services.rows.select(["record", "claim_id", "code", "service_date"])
    named = named.take(pa.array(services.named))
    cells: list[Any] = [None] * len(named)
    old, new = blocks
    if old.table is not None:
        cells = old.table.take(pa.array(named["record"].to_numpy() - old.first)).to_pylist()
    policy = services.columns["policy"]
    for at, about in enumerate(named.to_pylist()):
        yield ChangedService(
            file,
            **about,
            billed=services.billed[at],
            policies=(policy[services.old[at]], policy[services.new[at]]),
            request=old.requests.get(about["record"]) or new.requests.get(about["record"]),
            row=cells[at],
        )


def _tallies(group: Codes, groups: int, billed: Column) -> dict[int, Tally]:
    """The services of each group that has any, with the amounts billed for them."""
    row, each = grouped([(group, groups), (billed.codes, len(billed.values))])
    found: dict[int, Tally] = {}
    counts = np.bincount(row, minlength=len(each[0])).tolist()
    for at, amount, services in zip(*[codes.tolist() for codes in each], counts, strict=True):
        if services:
            value = billed.values[amount]
            unknown = services if value is None else 0
            tally = Tally(services, 0 if value is None else value * services, unknown)
            found.setdefault(at, Tally()).add(tally)
    return found


def _cells(services: SideBySide) -> dict[tuple[str, str], Tally]:
    decision = services.columns["decision"]
    count = len(decision.values)
    row, each = grouped(
        [(decision.codes[services.old], count), (decision.codes[services.new], count)]
    )
    pairs = [
        (decision.values[old], decision.values[new])
        for old, new in zip(*[codes.tolist() for codes in each], strict=True)
    ]
    tallies = _tallies(row, len(pairs), services.billed)
    return {pairs[at]: tally for at, tally in tallies.items()}


def _both(old: Answered, new: Answered) -> Counter[int]:
    """The number of times that each record was rejected by both."""
    counted = [Counter(reject.record for reject in side.rejects) for side in (old, new)]
    return counted[0] & counted[1]


def _key(services: SideBySide, kind: int, old: int, new: int) -> ChangeKey:
    said = (services.says(old), services.says(new))
    was, will = map(_because, said)
    went, came = _reasons(was - will, will - was)
    return ChangeKey(CHANGE_KINDS[kind], said[0]["decision"], said[1]["decision"], went, came)


def _because(said: Mapping[str, Any]) -> set[Because]:
    """The reasons of an answer, by what its row says."""
    found = {Because(*pair) for pair in zip(said["findings"], said["reasons"], strict=True)}
    found |= {Because(rule, "unsettled") for rule in said["unsettled"]}
    found |= {Because(rule, "assumed") for rule in said["assumptions"]}
    if said["information_request"] is not None:
        found.add(Because("", said["information_request"]))
    if said["internal"] is not None:
        found.add(Because("", "internal"))
    return found


def _reasons(went: set[Because], came: set[Because]) -> tuple[tuple[Because, ...], ...]:
    """The reasons in order. Rules that were not checked are named only where nothing else changed: they
    change with every other question, and would split services with the same change."""
    if any(one.says != "assumed" for one in went | came):
        went, came = ({one for one in side if one.says != "assumed"} for side in (went, came))
    return tuple(sorted(went)), tuple(sorted(came))

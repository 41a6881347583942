"""From rules that hold to decisions, for many services at once: `Determiner` in columns.

What the rules find on a line, what waits, and what is missing are flags of rules and parts of the
service, so they are arrays. Where rules contradict each other, or a reduction is about a part of a
unit, a service is left to `Determiner` itself: `Determined.alone`. Held to it by tests, row for row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from payer_policy.core.columns import (
    Codes,
    Column,
    Flags,
    Groups,
    Places,
    column_of,
    constant,
    either,
    grouped,
    patterns,
    recoded,
)
from payer_policy.core.ruleset import (
    Condition,
    FindingEffect,
    Not,
    Reason,
    Sentence,
    Test,
    facts_in_expression,
    facts_in_test,
)
from payer_policy.core.semantics_in_columns import Truths, combined_truths, expression_column
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.determination.allocation_in_columns import (
    APPROVE,
    DENY,
    NOT_KNOWN,
    PEND,
    REDUCE,
    Shares,
    share_out,
)
from payer_policy.determination.details import follower_rule
from payer_policy.determination.missing import MissingFacts
from payer_policy.determination.rules import ADVICE, Rank, rank
from payer_policy.engines.in_columns import ColumnarRuleset, Evaluated, FactTable

DECISIONS: Final = ("approve", "deny", "pend", "partial")
OUTCOMES: Final = ("approve", "deny", "pend", "reduce")
_PLAINLY: Final = ("pay", "deny", "pend", "reduce")
"""What becomes of a line by its outcome, where no rule chooses."""
_MAKES: Final = ("deny", "packaged", "return")
"""What denials make of a line, the strictest first."""
_Key = TypeVar("_Key", int, str)
_PARTIAL: Final = 3
_LARGE: Final = 10**15
_MOST_LINES: Final = 50
"""A service with more lines and a reduction is left to `Determiner`."""


class Lines(NamedTuple):
    """The lines of some services, by number within each service."""

    groups: Groups
    """Which lines are of which service."""
    number: Places
    units: Column
    parts: Mapping[str, Flags]
    """By part of a service, the lines that belong to it."""


class FoundRule(NamedTuple):
    """What a rule found, without its sentence."""

    rule: str
    kind: str
    reason: Reason
    makes: str | None = None
    """What it makes of a line that it denies: `deny`, `return` or `packaged`; None: it denies none."""
    follow_up: bool = False


@dataclass(frozen=True, slots=True)
class Determined:
    """What is decided of each service; the values of `findings`, `missing`, … are tuples."""

    decision: np.ndarray[Any, Any]
    """Positions in `DECISIONS`."""
    headline: Column
    findings: Column
    """`FoundRule`s, by rule."""
    unsettled: Column
    assumptions: Column
    """The rules that the policy assumes not to apply."""
    missing: Column
    """Facts to ask for, in the order of the vocabulary."""
    asks: Flags
    """Whether information is asked for."""
    recommended: Flags
    """Whether the service is denied once a clinician confirms it."""
    outcome: np.ndarray[Any, Any]
    """For each line its position in `OUTCOMES`."""
    least: Column
    most: Column
    """For each line the units that are allowed."""
    line_parts: Column
    line_findings: Column
    line_disposition: Column
    alone: Flags
    """The services that `Determiner` decides: nothing else here is true of them."""


class _Deciding(NamedTuple):
    place: int
    """Its place in the ruleset."""
    rule: str
    effect: FindingEffect
    silenced: bool
    assumed: bool
    rank: Rank


Amounts = Callable[[int, Callable[[str], Column]], Column]
"""From a rule's place, and what gives the columns of facts, to what the reduction leaves."""


def _shape_of(rule: _Deciding) -> Hashable:
    effect = rule.effect
    reads = [tuple(facts_in_expression(one)) for one in effect.amounts()]
    return rule._replace(effect=replace(effect, because=_SAYS, to=None, certifies=None)), tuple(
        reads
    )


_SAYS: Final = Sentence(("",), ())


class ColumnarDeterminer:
    """Decides for one ruleset; any number of threads may share it."""

    def __init__(self, rules: ColumnarRuleset) -> None:
        ruleset = self.ruleset = rules.ruleset
        self.rules = rules
        self.deciding = sorted(
            (
                _Deciding(
                    index,
                    rule.id,
                    rule.effect,
                    rule.section in ruleset.silences and rule.effect.kind != "certify",
                    rule.assume_not_holding,
                    rank(ruleset, rule),
                )
                for index, rule in enumerate(ruleset.rules)
                if isinstance(rule.effect, FindingEffect)
            ),
            key=lambda one: one.rule,
        )
        """The rules that have a finding, by id."""
        self.followers = {part: follower_rule(ruleset, part)[0] for part in sorted(ruleset.follows)}
        self.shape: Hashable = (
            rules.shape,
            tuple([_shape_of(one) for one in self.deciding]),
            tuple(ruleset.facts),
            tuple(sorted(ruleset.follows.items())),
            tuple(sorted(ruleset.silences)),
            tuple(ruleset.sections),
            ruleset.covered_by,
            ruleset.needed_by,
            ruleset.information_request,
        )
        """Rulesets of one shape decide alike from the truths of their tests and the amounts of their
        reductions."""

    @cached_property
    def asking(self) -> _Asking:
        return _Asking(self.rules)

    def determine(
        self,
        table: FactTable,
        done: Evaluated,
        lines: Lines,
        amounts: Amounts | None = None,
        beforehand: Flags | None = None,
    ) -> Determined:
        """Decide the services of a table.

        Args:
            table: Their facts.
            done: What holds of them.
            lines: Their lines.
            amounts: Gives the amounts of the reduction at a place of the ruleset, where those are not the
                same for all of them.
            beforehand: The services of preauthorization requests; None: there are none.
        """
        return _Case(self, table, done, lines, amounts, beforehand).determined()


class _Limits(NamedTuple):
    """The reductions that hold of some services."""

    deciding: Sequence[int]
    """By position of the deciding rule."""
    rows: Places
    """The services with any of them."""
    on: Sequence[Flags]
    """The lines of those services that each falls on."""
    left: Sequence[Any]
    """What each leaves each of those services."""


class _Case:
    """The services of one table being decided.

    What is `by` part has flags of services for each part of their lines; None: for all lines."""

    def __init__(
        self,
        determiner: ColumnarDeterminer,
        table: FactTable,
        done: Evaluated,
        lines: Lines,
        amounts: Amounts | None,
        beforehand: Flags | None,
    ) -> None:
        self._amount_of, self._beforehand = amounts, beforehand
        self._determiner, self._ruleset = determiner, determiner.ruleset
        self._table, self._done, self._lines = table, done, lines
        self._rows = table.rows
        self._bare = lines.groups.sizes == 0
        """Services without lines: what does the policy require?"""
        self._alone = self._flags()
        for conflict in done.conflicts.values():
            self._alone |= conflict
        self._falls = self._falling()
        self._found: dict[int, Flags] = {}
        """By position of the deciding rule."""
        self._recommended_by: dict[str | None, Flags] = {}
        """By part, the services where something denies that a clinician must confirm."""
        self._advice: dict[int, Flags] = {}
        self._waiting: dict[int, Flags] = {}
        self._assumed: dict[int, Flags] = {}
        self._amounts: dict[int, Flags] = {}
        """By reduction, where only its amount is not known."""
        self._units_open: dict[int, Flags] = {}
        """By reduction, where it is not known what a line takes of it."""
        self._reductions: dict[int, tuple[Flags, Any]] = {}
        """By reduction, the services of which it holds, and what it leaves each."""
        self._left: dict[int, tuple[Any, Flags]] = {}
        """By reduction, its amount where it was asked for."""
        self._denied_with: dict[str, Flags] = {}
        """By part, the lines that are denied with those that they follow."""
        self._pended_with: dict[str, Flags] = {}

    def _flags(self, value: bool = False) -> Flags:
        return np.full(self._rows, value, dtype=np.bool_)

    @cached_property
    def _units(self) -> tuple[Any, Flags]:
        """The billed units of each line, and where they are no whole number."""
        return _whole(self._lines.units)

    def determined(self) -> Determined:
        denied_by, pended_by = self._find()
        denied, pending = self._on_lines(denied_by), self._on_lines(pended_by)
        recommended = self._on_lines(self._recommended_by)
        limits = self._limits()
        if limits is not None:
            self._alone |= self._lines.groups.any(recommended) & self._limited(limits)
        denied_then = (
            self._denied_then(denied | recommended) if recommended.any() else self._flags()
        )
        self._follow(denied, pending, limits)
        shares = self._shared(denied, pending, limits)
        nowhere = self._flags()
        bare_denied = np.logical_or.reduce([nowhere, *denied_by.values()]) & self._bare
        bare_pended = np.logical_or.reduce([nowhere, *pended_by.values()]) & self._bare
        bare_recommended = self._bare & np.logical_or.reduce(
            [nowhere, *self._recommended_by.values()]
        )
        bare_pended |= self._wait_without_lines(bare_denied | bare_recommended)
        decision = self._decisions(shares.outcome, bare_denied, bare_pended)
        self._leave_denied((shares.outcome == DENY) | recommended, bare_denied | bare_recommended)
        waiting = [*self._waiting.values(), *self._amounts.values(), *self._units_open.values()]
        asks = np.logical_or.reduce([nowhere, *waiting])
        row, found = self._patterns()
        line_parts = self._line_parts()
        least, most = self._allowed(shares)
        asking = self._determiner.asking
        line_findings, line_disposition = self._line_findings(
            row, found, line_parts, shares.outcome
        )
        return Determined(
            decision,
            recoded(row, [self._headline(one) for one in found]),
            recoded(row, found),
            self._unsettled(),
            self._names(self._assumed),
            asking.missing(self._table, self._done, self._waits(), self._by_rule(self._amounts)),
            asks,
            (decision == PEND) & (denied_then | bare_recommended),
            shares.outcome,
            least,
            most,
            line_parts,
            line_findings,
            line_disposition,
            self._alone,
        )

    # --- what the rules find -------------------------------------------------------------------------

    def _falling(self) -> Mapping[str | None, Flags]:
        """On which services there is something of a part."""
        falls: dict[str | None, Flags] = {None: self._flags(True)}
        for part, on in self._lines.parts.items():
            falls[part] = self._lines.groups.any(on) | self._bare
        return falls

    def _find(self) -> tuple[dict[str | None, Flags], dict[str | None, Flags]]:
        """What every rule finds: by part, the services where something denies, and where it pends."""
        denied: dict[str | None, Flags] = {}
        pended: dict[str | None, Flags] = {}

        def add(by: dict[str | None, Flags], part: str | None, where: Flags) -> None:
            by[part] = by[part] | where if part in by else where

        covered, uncertain = self._cover()
        truths = self._done.truths
        self._leave_beforehand()
        live = truths.max(axis=1, initial=0) > 0
        for at, rule in enumerate(self._determiner.deciding):
            if not live[rule.place] or rule.effect.kind == "certify":
                continue
            truth = truths[rule.place]
            part, kind = rule.effect.part, rule.effect.kind
            on = self._falls.get(part, self._bare)
            holds, unknown = (truth == HOLDS) & on, (truth == UNKNOWN) & on
            if rule.silenced:
                advice = holds & covered
                _put(self._advice, at, advice & self._exceeded(rule, advice))
                holds, unknown = holds & ~covered, unknown & ~covered
                if kind != "advise":
                    waiting = holds & uncertain
                    holds = holds & ~uncertain
                    _put(self._waiting, at, waiting)
                    add(pended, part, waiting)
            _put(self._found, at, holds & self._exceeded(rule, holds))
            if kind == "reduce" and holds.any():
                self._reductions[at] = holds, self._amount(rule)[0]
            elif kind == "deny" and rule.effect.review:
                add(self._recommended_by, part, holds)
                add(pended, part, holds)
            elif kind == "deny":
                add(denied, part, holds)
            elif kind == "pend":
                add(pended, part, holds)
            if kind == "advise":
                continue
            if rule.assumed:
                _put(self._assumed, at, unknown)
            else:
                _put(self._waiting, at, unknown)
                add(pended, part, unknown)
        return denied, pended

    def _leave_beforehand(self) -> None:
        """Leave preauthorizations alone for which a rule may certify, or none may be needed."""
        beforehand = self._beforehand
        if beforehand is None or not beforehand.any():
            return
        for rule in self._determiner.deciding:
            if rule.effect.kind == "certify":
                self._alone |= beforehand & (self._done.truths[rule.place] != FAILS)
        needed_by = self._ruleset.needed_by
        if needed_by is not None:
            self._alone |= beforehand & ~self._bare & ~_is_true(self._done.derived[needed_by])

    def _cover(self) -> tuple[Flags, Flags]:
        """Which services an authorization covers, and of which it is not known whether one does."""
        cover = self._ruleset.covered_by
        if cover is None:
            return self._flags(), self._flags()
        column = self._done.derived.get(cover)
        if column is None:
            return self._flags(), self._flags(True)
        return _is_true(column), column.codes == 0

    def _amount(self, rule: _Deciding) -> tuple[Any, Flags]:
        """What a reduction leaves each service, and where that is a part of a unit."""
        if rule.place not in self._left:
            self._left[rule.place] = self._worked_out(rule)
        return self._left[rule.place]

    def _worked_out(self, rule: _Deciding) -> tuple[Any, Flags]:
        done, table = self._done, self._table

        def column(name: str) -> Column:
            return done.derived[name] if name in done.derived else table.column(name)

        if rule.effect.to is None:
            return np.full(self._rows, NOT_KNOWN, dtype=np.int64), self._flags()
        if self._amount_of is not None:
            found = self._amount_of(rule.place, column)
        else:
            found = expression_column(rule.effect.to, column, self._rows)
        amount, parted = _whole(found)
        return np.where(amount == NOT_KNOWN, NOT_KNOWN, np.maximum(amount, 0)), parted

    def _exceeded(self, rule: _Deciding, rows: Flags) -> Flags | bool:
        """Whether more units are known to be billed than a reduction leaves; true of other rules."""
        if rule.effect.kind != "reduce" or not rows.any():
            return True
        amount, parted = self._amount(rule)
        groups, part = self._lines.groups, rule.effect.part
        whole, of_lines = self._units
        self._alone |= rows & (parted | groups.any(of_lines) | (groups.sizes > _MOST_LINES))
        counted = np.where(whole == NOT_KNOWN, 0, whole)
        if part is not None:
            counted = np.where(self._lines.parts[part], counted, 0)
        billed = np.zeros(self._rows, dtype=np.int64)
        np.add.at(billed, groups.of_row, counted)
        exceeded: Flags = (amount != NOT_KNOWN) & (self._bare | (billed > amount))
        return exceeded

    # --- lines ---------------------------------------------------------------------------------------

    def _on_lines(self, by: Mapping[str | None, Flags]) -> Flags:
        """The lines on which what is true of their service by part is true."""
        groups = self._lines.groups
        made = np.zeros(len(groups.of_row), dtype=np.bool_)
        for part, where in by.items():
            if where.any():
                here = where[groups.of_row]
                made |= here if part is None else here & self._lines.parts[part]
        return made

    def _limits(self) -> _Limits | None:
        """The reductions that hold of services with lines."""
        if not self._reductions:
            return None
        groups = self._lines.groups
        some = np.logical_or.reduce([where for where, _ in self._reductions.values()])
        rows = np.flatnonzero(some & ~self._bare & ~self._alone)
        if not len(rows):
            return None
        on, left = [], []
        for at, (where, amount) in self._reductions.items():
            on.append(self._on_lines({self._determiner.deciding[at].effect.part: where}))
            left.append(amount[rows])
        lines = groups.take(rows)[1]
        return _Limits(list(self._reductions), rows, [one[lines] for one in on], left)

    def _shared(self, denied: Flags, pending: Flags, limits: _Limits | None) -> Shares:
        """The decision on every line, and what it leaves open of the reductions."""
        groups, (units, _) = self._lines.groups, self._units
        plain = share_out(groups, units, denied, pending, [], [])
        if limits is None:
            return plain
        some, lines = groups.take(limits.rows)
        own = share_out(some, units[lines], denied[lines], pending[lines], limits.on, limits.left)
        plain.outcome[lines], plain.limited[lines] = own.outcome, own.limited
        plain.least[lines], plain.most[lines] = own.least, own.most
        for limit, at in enumerate(limits.deciding):
            unknown = limits.left[limit] == NOT_KNOWN
            pends = some.any(limits.on[limit] & (own.outcome == PEND))
            _put(self._amounts, at, self._spread(limits.rows, unknown & pends))
            without, earlier = own.without_units[limit], own.earlier[limit]
            _put(self._units_open, at, self._spread(limits.rows, without | earlier))
            self._alone |= self._spread(limits.rows, without & earlier)  # it is named twice
        return plain

    def _spread(self, rows: Places, where: Flags) -> Flags:
        made = self._flags()
        made[rows] = where
        return made

    def _limited(self, limits: _Limits) -> Flags:
        where = self._flags()
        where[limits.rows] = True
        return where

    def _wait_without_lines(self, denied: Flags) -> Flags:
        """Services without lines that wait for the units, or the amount, of a reduction."""
        waits = self._flags()
        for at, (where, amount) in self._reductions.items():
            here = where & self._bare & ~denied
            _put(self._amounts, at, here & (amount == NOT_KNOWN))
            _put(self._units_open, at, here & (amount != NOT_KNOWN))
            waits |= here
        return waits

    def _allowed(self, shares: Shares) -> tuple[Column, Column]:
        """The units of each line that are allowed: the least and the most."""
        outcome, units = shares.outcome, self._lines.units
        nothing = constant(0, len(outcome))
        positive = Column(
            units.codes, [None if one is None else max(one, 0) for one in units.values]
        )
        least = either(outcome == APPROVE, units, nothing)
        most = either(outcome == DENY, nothing, either(outcome == PEND, positive, units))
        if shares.limited.any():
            numbers = [
                column_of([None if one == NOT_KNOWN else one for one in found.tolist()])
                for found in (shares.least, shares.most)
            ]
            least = either(shares.limited, numbers[0], least)
            most = either(shares.limited, numbers[1], most)
        return least, most

    def _follow(self, denied: Flags, pending: Flags, limits: _Limits | None) -> None:
        """Deny, or pend, the lines of a part that follows another with the lines that they follow."""
        if not self._ruleset.follows or not (denied.any() or pending.any() or limits is not None):
            return
        self._denied_with, self._pended_with = self._following(denied, pending, limits)
        denied |= np.logical_or.reduce(list(self._denied_with.values()))
        with_pended = np.logical_or.reduce(list(self._pended_with.values()))
        pending |= with_pended
        if len(self._ruleset.follows) > 1:
            self._alone |= self._lines.groups.any(with_pended)  # in which order they are named

    def _following(
        self, denied: Flags, pending: Flags, limits: _Limits | None
    ) -> tuple[dict[str, Flags], dict[str, Flags]]:
        """By part, the lines that are denied with those they follow, and those that pend with them."""
        groups, parts, follows = self._lines.groups, self._lines.parts, self._ruleset.follows
        taken = np.logical_or.reduce([parts[part] for part in set(follows.values())])
        following: dict[str, Flags] = {}
        for part in sorted(follows):
            mine = parts[part] & ~taken
            taken = taken | mine
            following[part] = mine & groups.any(parts[follows[part]])[groups.of_row]
        outcome = np.where(denied, DENY, np.where(pending, PEND, APPROVE)).astype(np.uint8)
        if limits is not None:
            some, lines = groups.take(limits.rows)
            apart = denied | np.logical_or.reduce(list(following.values()))
            outcome[lines] = share_out(
                some, self._units[0][lines], apart[lines], pending[lines], limits.on, limits.left
            ).outcome
        with_denied, with_pended = {}, {}
        for part, mine in following.items():
            followed = parts[follows[part]]
            paid = groups.any(followed & ((outcome == APPROVE) | (outcome == REDUCE)))
            possible = groups.any(followed & (outcome != DENY))[groups.of_row]
            here = mine & ~denied & ~paid[groups.of_row]
            with_denied[part] = here & ~possible
            with_pended[part] = here & possible & ~pending
        return with_denied, with_pended

    def _denied_then(self, denied: Flags) -> Flags:
        """The services of which every line is denied once a clinician confirms it, where nothing limits
        them."""
        groups = self._lines.groups
        if self._ruleset.follows:
            with_denied, _ = self._following(denied, np.zeros_like(denied), None)
            denied = np.logical_or.reduce([denied, *with_denied.values()])
        every: Flags = ~groups.any(~denied) & ~self._bare
        return every

    def _decisions(self, outcome: Any, denied: Flags, pended: Flags) -> Any:
        """`decision_of` the outcomes of each service's lines."""
        has = self._lines.groups.union(np.left_shift(np.uint8(1), outcome))
        made = np.full(self._rows, _PARTIAL, dtype=np.uint8)
        made[has == 1 << APPROVE] = APPROVE
        made[has == 1 << DENY] = DENY
        made[(has & 1 << PEND) != 0] = PEND
        bare = np.where(denied, DENY, np.where(pended, PEND, APPROVE))
        return np.where(self._bare, bare, made).astype(np.uint8)

    def _leave_denied(self, denied: Flags, bare_denied: Flags) -> None:
        """What is not known of a line that is denied does not matter."""
        if not (denied.any() or bare_denied.any()):
            return
        groups = self._lines.groups
        bare = self._bare & ~bare_denied
        left: dict[str | None, Flags] = {None: groups.any(~denied) | bare}
        for part, on in self._lines.parts.items():
            left[part] = groups.any(on & ~denied) | bare
        for waiting in (self._waiting, self._assumed):
            for at, where in waiting.items():
                waiting[at] = where & left.get(self._determiner.deciding[at].effect.part, bare)

    def _line_parts(self) -> Column:
        """The parts of each line, by name."""
        names = sorted(self._lines.parts)
        rows = len(self._lines.groups.of_row)
        row, found = patterns([self._lines.parts[name] for name in names], rows)
        return recoded(row, [tuple([names[at] for at in one]) for one in found])

    # --- findings ------------------------------------------------------------------------------------

    def _patterns(self) -> tuple[Codes, list[tuple[FoundRule, ...]]]:
        """For each service a position among the distinct lists of findings, and those, by rule."""
        found, advice = list(self._found), list(self._advice)
        columns = [self._found[at] for at in found] + [self._advice[at] for at in advice]
        row, places = patterns(columns, self._rows)
        deciding = self._determiner.deciding
        rules = [_found_rule(deciding[at]) for at in found]
        rules += [
            FoundRule(deciding[at].rule, "advise", deciding[at].effect.reason) for at in advice
        ]
        parts = {part: on for part, on in self._denied_with.items() if on.any()}
        lists = [[rules[place] for place in one] for one in places]
        for part, on in parts.items():
            led = self._leading(part, on)
            row, (before, own) = grouped([(row, len(lists)), (led.codes, len(led.values))])
            extra = [
                []
                if one is None
                else [FoundRule(self._determiner.followers[part], "deny", one[0], one[1] or "deny")]
                for one in led.values
            ]
            lists = [
                lists[one] + extra[other]
                for one, other in zip(before.tolist(), own.tolist(), strict=True)
            ]
        return row, [tuple(sorted(one, key=lambda found: found.rule)) for one in lists]

    def _leading(self, part: str, on: Flags) -> Column:
        """The reason of what leads on the lines that some lines of a part are denied with, and what it
        makes of them."""
        groups, parts = self._lines.groups, self._lines.parts
        followed = parts[self._ruleset.follows[part]]
        wanted = groups.any(on)
        codes = np.zeros(self._rows, dtype=np.int32)
        reasons: list[tuple[Reason, str | None] | None] = [None]
        deciding = self._determiner.deciding
        denying = [at for at in self._found if deciding[at].effect.kind in ("deny", "reduce")]
        for at in sorted(denying, key=lambda at: deciding[at].rank):
            effect = deciding[at].effect
            here = self._found[at] & wanted & (codes == 0)
            if effect.part is not None and here.any():
                here &= groups.any(followed & parts[effect.part])
            if here.any():
                codes[here] = len(reasons)
                reasons.append((effect.reason, effect.disposition))
        return recoded(codes, reasons)

    def _headline(self, found: Sequence[FoundRule]) -> str | None:
        """The finding that leads."""
        return min(found, key=self._rank).rule if found else None

    def _rank(self, found: FoundRule) -> Rank:
        place = self._ranks.get(found.rule)
        if place is None:  # behind what denies the lines that it follows
            return 0, len(self._ruleset.sections) + 1, found.rule
        silenced = found.kind == "advise"
        return (ADVICE, *place[1:]) if silenced else place

    @cached_property
    def _ranks(self) -> Mapping[str, Rank]:
        return {one.rule: one.rank for one in self._determiner.deciding}

    def _line_findings(
        self, row: Codes, found: Sequence[tuple[FoundRule, ...]], parts: Column, outcome: Any
    ) -> tuple[Column, Column]:
        """The rules with a finding on each line, and what becomes of the line."""
        groups = self._lines.groups
        followers = self._determiner.followers
        own = np.zeros(len(groups.of_row), dtype=np.int32)
        for at, part in enumerate(followers, start=1):
            if part in self._denied_with:
                own[self._denied_with[part]] = at
        names = [None, *followers.values()]
        on = {one.rule: one.effect.part for one in self._determiner.deciding}
        codes, each = grouped(
            [
                (row[groups.of_row], len(found)),
                (parts.codes, len(parts.values)),
                (own, len(names)),
            ]
        )
        made, makes = [], []
        for pattern, of_line, follower in zip(*[one.tolist() for one in each], strict=True):
            of_parts = parts.values[of_line] or ()
            here = [
                one
                for one in found[pattern]
                if (
                    on[one.rule] is None or on[one.rule] in of_parts
                    if one.rule in on
                    else one.rule == names[follower]
                )
            ]
            made.append(tuple([one.rule for one in here]))
            chosen = {one.makes for one in here}
            makes.append(next((one for one in _MAKES if one in chosen), "deny"))
        plain = Column(outcome.astype(np.int32) + 1, (None, *_PLAINLY))
        return recoded(codes, made), either(outcome == DENY, recoded(codes, makes), plain)

    # --- what is not known ---------------------------------------------------------------------------

    def _names(self, flags: Mapping[int, Flags], more: Mapping[str, Flags] | None = None) -> Column:
        """For each service the rules that are flagged, by id."""
        names = [self._determiner.deciding[at].rule for at in flags]
        columns = list(flags.values())
        for name, where in (more or {}).items():
            names.append(name)
            columns.append(where)
        row, found = patterns(columns, self._rows)
        return recoded(row, [tuple(sorted([names[place] for place in one])) for one in found])

    def _unsettled(self) -> Column:
        followers, groups = self._determiner.followers, self._lines.groups
        pended = {
            followers[part]: groups.any(on) for part, on in self._pended_with.items() if on.any()
        }
        waiting = dict(self._waiting)
        for more in (self._amounts, self._units_open):
            for at, where in more.items():
                _put(waiting, at, where)
        return self._names(waiting, pended)

    def _waits(self) -> Mapping[int, Flags]:
        """By rule of the ruleset, where it is not known whether it applies, or is covered."""
        return self._by_rule(self._waiting)

    def _by_rule(self, flags: Mapping[int, Flags]) -> Mapping[int, Flags]:
        deciding = self._determiner.deciding
        return {deciding[at].place: where for at, where in flags.items() if where.any()}


def _found_rule(rule: _Deciding) -> FoundRule:
    effect = rule.effect
    denies = effect.kind == "deny" and not effect.review
    makes = (effect.disposition or "deny") if denies else None
    return FoundRule(rule.rule, effect.kind, effect.reason, makes, effect.follow_up)


def _whole(numbers: Column) -> tuple[Any, Flags]:
    """Numbers as integers, `NOT_KNOWN` where not known; and where one is no such integer."""
    made, parted = [], []
    for number in numbers.values:
        fits = number is None or (type(number) is int and abs(number) < _LARGE)
        made.append(NOT_KNOWN if number is None or not fits else number)
        parted.append(not fits)
    return np.array(made, dtype=np.int64)[numbers.codes], np.array(parted)[numbers.codes]


def _is_true(column: Column) -> Flags:
    table = np.array([value is True for value in column.values], dtype=np.bool_)
    return table[column.codes]


def _put(flags: dict[_Key, Flags], at: _Key, where: Flags) -> None:
    """Add flags of a rule, or of a fact, where there are any."""
    if where.any():
        flags[at] = flags[at] | where if at in flags else where


class _Asking:
    """Which unknown facts are reached from unknown rules through unknown parts only."""

    def __init__(self, rules: ColumnarRuleset) -> None:
        self._rules, self._ruleset = rules, rules.ruleset
        self._missing = MissingFacts(self._ruleset)
        self._overriding: dict[int, list[int]] = defaultdict(list)
        self._concluding: dict[int, list[str]] = defaultdict(list)
        for index, rule in enumerate(self._ruleset.rules):
            for other in rule.overridden_by:
                self._overriding[rules.place[other]].append(index)
        for name, fact in self._ruleset.derived.items():
            for index, _ in fact.concluded_by:
                self._concluding[index].append(name)

    def missing(
        self,
        table: FactTable,
        done: Evaluated,
        waiting: Mapping[int, Flags],
        amounts: Mapping[int, Flags],
    ) -> Column:
        """For each service the facts to ask for.

        Args:
            table: The facts.
            done: What holds.
            waiting: By rule of the ruleset, the services for which it is not known whether it applies.
            amounts: By rule, the services for which only its amount is not known.
        """
        if not (waiting or amounts):
            return constant(None, table.rows)
        search = _Search(table, done)
        ruleset = self._ruleset
        cover = ruleset.covered_by
        for index, where in (*waiting.items(), *amounts.items()):
            rule = ruleset.rules[index]
            assert isinstance(rule.effect, FindingEffect)
            if index in waiting and cover is not None and rule.section in ruleset.silences:
                search.reach(cover, waiting[index])
            if rule.effect.to is not None:
                for name in facts_in_expression(rule.effect.to):
                    search.reach(name, where)
        active: dict[int, Flags] = {}
        # From the last rule to the first: what waits for a rule comes after it.
        for index in reversed(range(len(ruleset.rules))):
            because = [
                *(active[other] for other in self._overriding[index] if other in active),
                *(
                    search.reached[name]
                    for name in self._concluding[index]
                    if name in search.reached
                ),
            ]
            if index in waiting:
                because.append(waiting[index])
            if because:
                here = np.logical_or.reduce(because) & (done.truths[index] == UNKNOWN)
                if here.any():
                    active[index] = here
                    search.walk(ruleset.rules[index].condition, here)
        return self._asked(table, search.reached)

    def _asked(self, table: FactTable, reached: Mapping[str, Flags]) -> Column:
        asked: dict[str, Flags] = {}
        for name, where in reached.items():
            if name in self._ruleset.derived:
                continue
            sources = self._missing.asks(name)
            if sources == (name,):
                _put(asked, name, where)
                continue
            left = where
            for source in sources:
                unknown = table.column(source).codes == 0
                _put(asked, source, where & unknown)
                left = left & ~unknown
            _put(asked, name, left)
        names = [name for name in self._missing.asked if name in asked]
        row, found = patterns([asked[name] for name in names], table.rows)
        return recoded(row, [tuple([names[place] for place in one]) for one in found])


class _Search:
    """What is reached so far, on the rows of one table."""

    def __init__(self, table: FactTable, done: Evaluated) -> None:
        self._table, self._done = table, done
        self._test = done.test
        self._conditions: dict[int, Truths] = {}
        self.reached: dict[str, Flags] = {}

    def reach(self, name: str, where: Flags) -> None:
        """A fact is read on some rows; where it is not known it is reached."""
        column = self._done.derived.get(name)
        column = self._table.column(name) if column is None else column
        _put(self.reached, name, where & (column.codes == 0))

    def _truths(self, condition: Condition) -> Truths:
        """The truths of a condition, whose parts are asked about too."""
        if isinstance(condition, Test):
            return self._test(condition)
        found = self._conditions.get(id(condition))
        if found is None:
            found = combined_truths(condition, self._truths, self._table.rows)
            self._conditions[id(condition)] = found
        return found

    def walk(self, condition: Condition, where: Flags) -> None:
        """What an unknown condition waits for, on those of some rows where it is unknown."""
        here = where & (self._truths(condition) == UNKNOWN)
        if not here.any():
            return
        match condition:
            case Test():
                if condition.operator != "is_known":
                    for name in dict.fromkeys(facts_in_test(condition)):
                        self.reach(name, here)
            case Not(part):
                self.walk(part, here)
            case _:
                for part in condition.parts:
                    self.walk(part, here)

"""From rules to lines, computed a second time: the findings on each line, and its allowed units.

The half of the checker that starts where every rule has its truth. `steps` builds on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from payer_policy.audit.checker.certified import Terms, terms_of
from payer_policy.audit.checker.values import ZERO, as_json, read, value_of
from payer_policy.core.ruleset import FindingEffect, Rule, Ruleset, facts_read, tests_in
from payer_policy.core.sealed import at, names
from payer_policy.core.vocabulary.types import FactType

DOES: Final = {"deny": "denies", "pend": "pends", "reduce": "reduces", "certify": "certifies",
               "advise": "advises"}  # fmt: skip
PLAIN: Final = {"approve": "pay", "deny": "deny", "pend": "pend", "reduce": "reduce",
                "not_required": "not_required"}  # fmt: skip
NUMBER: Final = FactType("decimal")
FOLLOWED: Final = "lines followed"
NEED: Final = "built-in:preauthorization-needed"


class Lines:
    """The outcome of the lines of a service, from the truths of its rules."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.rules = {rule.id: rule for rule in ruleset.rules}
        self.known: dict[str, Any] = {}
        self.truths: dict[str, str] = {}
        self.recorded: Mapping[str, str] = {}
        """The truths before those that depend on a conflict became unknown."""
        self.conflicts: list[str] = []
        self.left: dict[str, tuple[Fraction, Fraction | None]] = {}
        self.finds: dict[str, list[int]] = {}
        self.waits: dict[tuple[str, str], list[int]] = {}
        self.assumed: set[str] = set()
        self.silenced: set[str] = set()
        self.with_others: dict[str, list[int]] = {}
        self.asks = False
        """Whether it is asked beforehand."""
        self.needed: Any = None
        """Whether preauthorization is needed; None: not known, or not asked."""
        self.none_needed = False
        """Whether none is, of a request with lines: then nothing is decided."""
        self.confirmed: set[str] = set()
        self.recommended = False
        self.contradict: list[str] = []
        """Rules that certify different things."""
        self.certifying: tuple[str, Terms] | None = None

        self.unknown_terms: set[str] = set()
        self.day: Any = None
        """The first day that is asked for."""

    def seen(self, own: Any, *path: str, type_: FactType | None = None) -> Any:
        """What later steps use: the checker's own truth or value, or the recorded one."""
        raise NotImplementedError

    def built_in(self, part: str) -> str:
        """The id of the finding on lines of a part that follows another."""
        return f"built-in:{part}-follows-{self.ruleset.follows[part]}"

    # --- from rules to lines ---------------------------------------------------------------------

    def lines(self, stated: Sequence[Any], fault: Any) -> tuple[list[Any], list[Any]]:
        """The outcome of each line, and the steps to it. Without lines: of one line with every part."""
        live = sorted(id_ for id_, truth in self.truths.items() if truth != "fails")
        rules = [
            self.rules[id_] for id_ in live if isinstance(self.rules[id_].effect, FindingEffect)
        ]
        parts = [{*names(line, "parts")} for line in stated] or [set()]
        billed = [read(NUMBER, at(line, "units"), None) for line in stated] or [None]
        on: dict[str, list[int]] = {}
        does: dict[str, str] = {}
        asked = self.asks and bool(stated) and fault is None and self.ruleset.needed_by is not None
        self.none_needed, open_need = asked and self.needed is False, asked and self.needed is None
        for rule in rules:
            part, what = getattr(rule.effect, "part", None), self.does(rule)
            here = [index for index in range(len(parts))
                    if not stated or part is None or part in parts[index]]  # fmt: skip
            if here and what is not None:
                on[rule.id], does[rule.id] = here, what
                self.find(rule, what, here, billed if stated else None)
        zero = self.certify(does, billed)
        mine = [{id_: what for id_, what in does.items() if index in on[id_]}
                for index in range(len(parts))]  # fmt: skip
        denied = {index for index, one in enumerate(mine)
                  if "denies" in one.values() or zero == "denies"}  # fmt: skip
        advised = {index for index, one in enumerate(mine)
                   if "recommends" in one.values() or zero == "recommends"}  # fmt: skip
        every = fault is not None or bool(self.contradict or self.unknown_terms)
        waiting = {index for index, one in enumerate(mine)
                   if every or {"pends", "waits"} & {*one.values()}} | advised  # fmt: skip
        self.recommended = bool(advised) and self.denied_then(
            parts, billed, mine, denied | advised, waiting
        )
        self.follow(parts, billed, mine, denied, waiting)
        made, left = self.in_order(billed, mine, denied, waiting)
        mine_shown: list[Any] = mine
        closed = {index for index, one in enumerate(made) if one[0] == "deny"} | advised
        self.recommended = self.recommended and "pend" in {one[0] for one in made}
        self.waits = {key: open_ for key, here in self.waits.items()
                      if (open_ := [one for one in here
                                    if one not in advised or key[1] == FOLLOWED])}  # fmt: skip
        if self.none_needed:
            made, left = [("not_required", units, units) for units in billed], [{} for _ in billed]
            self.recommended, mine_shown = False, [{} for _ in billed]
        if open_need:
            self.recommended, left = False, [{} for _ in billed]
            made = [("pend", ZERO, most) for _, _, most in made]
        steps = [{"number": at(stated[index], "number") if stated else None, "rules": mine_shown[index],
                  "left": left[index]} for index in range(len(parts))]  # fmt: skip
        lines = [
            self.line_of(stated[index] if stated else {}, one) for index, one in enumerate(made)
        ]
        self.open_on(mine, closed)
        for part, here in self.with_others.items():
            self.finds[self.built_in(part)] = here
        for index, one in enumerate(lines):
            one["findings"] = [id_ for id_ in sorted(self.finds) if index in self.finds[id_]]
            one["disposition"] = self.disposition(one["outcome"], one["findings"])
        if open_need:
            self.waits[NEED, "preauthorization"] = [*range(len(parts))]
        return lines, steps if stated else []

    @staticmethod
    def line_of(line: Any, made: Any) -> dict[str, Any]:
        """A line as it should be recorded, but for its findings."""
        outcome, least, most = made
        settled = None if outcome == "pend" else as_json(most)
        return {"number": at(line, "number"), "parts": at(line, "parts"),
                "outcome": outcome, "billed_units": at(line, "units"),
                "allowed_units": settled, "allowed_least": as_json(least),
                "allowed_most": as_json(most)}  # fmt: skip

    def open_on(self, mine: Sequence[Mapping[str, str]], closed: set[int]) -> None:
        """What waits, or is assumed, on lines that are neither denied nor recommended for it."""
        for index, one in enumerate(mine):
            for id_, what in one.items() if index not in closed else ():
                if what == "waits":
                    key = (id_, "authorization" if self.truths[id_] == "holds" else "condition")
                    self.waits.setdefault(key, []).append(index)
                elif what == "is assumed":
                    self.assumed.add(id_)
                elif what == "certifies" and id_ in self.unknown_terms:
                    self.waits.setdefault((id_, "amount"), []).append(index)

    def denied_then(
        self, parts: Any, billed: Any, mine: Any, denied: set[int], waiting: Any
    ) -> bool:
        """Whether all lines are denied once what is recommended is confirmed."""
        kept = dict(self.left), dict(self.waits), dict(self.with_others)
        denied = {*denied}
        self.follow(parts, billed, mine, denied, {*waiting})
        made, _ = self.in_order(billed, mine, denied, waiting)
        self.left, self.waits, self.with_others = kept
        return all(one[0] == "deny" for one in made)

    def disposition(self, outcome: str, findings: Sequence[str]) -> str:
        """What becomes of a line, as the rules that deny it choose."""
        if outcome != "deny":
            return PLAIN[outcome]
        chosen = {self.chosen(id_) for id_ in findings if self.kind_of(id_) == "deny"} - {"open"}
        return next((one for one in ("deny", "packaged", "return") if one in chosen), "deny")

    def kind_of(self, id_: str) -> str:
        """What a finding does on its lines."""
        if id_ in self.silenced:
            return "advise"
        return str(getattr(self.rules[id_].effect, "kind", "")) if id_ in self.rules else "deny"

    def chosen(self, id_: str) -> str:
        """What a denial makes of its lines; `open`: nothing, until it is confirmed."""
        if id_ not in self.rules:
            return str(self.finding(id_, []).get("disposition", "deny"))
        effect: Any = self.rules[id_].effect
        return "open" if self.reviewed(id_) else effect.disposition or "deny"

    def finding(self, id_: str, lines: list[Any]) -> dict[str, Any]:
        """A finding as it should be recorded."""
        raise NotImplementedError

    def reviewed(self, id_: str) -> bool:
        """Whether a clinician must still confirm that a rule denies."""
        return bool(getattr(self.rules[id_].effect, "review", False)) and id_ not in self.confirmed

    def certify(self, does: Mapping[str, str], billed: Sequence[Any]) -> str | None:
        """What the rules that certify come to: they may limit, deny, or recommend to deny, everything."""
        rules = [self.rules[id_] for id_ in does if self.kind_of(id_) == "certify"]
        applying = [one for one in rules if does[one.id] == "certifies"]
        made = {one.id: terms_of(one.effect, self.known, self.day) for one in applying}
        self.unknown_terms = {id_ for id_, terms in made.items() if terms is None}
        if len({terms for terms in made.values() if terms is not None}) > 1:
            self.contradict = sorted(id_ for id_, terms in made.items() if terms is not None)
        if len(applying) < len(rules) or self.unknown_terms or self.contradict or not made:
            return None
        id_ = min(made)
        terms = made[id_]
        assert terms is not None
        self.certifying = id_, terms
        if terms.quantity is None:
            return None
        if terms.quantity <= 0:
            return "recommends" if self.reviewed(id_) else "denies"
        if None not in billed:
            self.left[id_] = terms.quantity, terms.quantity
        return None

    def does(self, rule: Rule) -> str | None:
        """What a finding rule that may hold does on its lines; None: nothing."""
        kind, holds = getattr(rule.effect, "kind", "advise"), self.truths[rule.id] == "holds"
        if kind == "certify":
            return (
                (DOES[kind] if holds else "waits") if self.asks and not self.none_needed else None
            )
        denies = "recommends" if self.reviewed(rule.id) else DOES[kind]
        silenced = rule.section in self.ruleset.silences
        covered = self.known.get(str(self.ruleset.covered_by)) if silenced else False
        if covered is True:
            return "is silenced" if holds else None
        if kind == "advise" or (holds and covered is False):
            return denies if holds else None
        assumed = rule.assume_not_holding and not holds and not self.in_conflict(rule.id)
        return "is assumed" if assumed else "waits"

    def find(self, rule: Rule, what: str, on: list[int], billed: Sequence[Any] | None) -> None:
        """Add the finding of a rule that holds; of a reduction, if more is billed than it leaves."""
        exceeds = True
        if getattr(rule.effect, "kind", "") == "reduce" and what in ("reduces", "is silenced"):
            to = getattr(rule.effect, "to", None)
            own = None if to is None else value_of(to, self.known)
            to = self.seen(own, "rules", rule.id, "to", type_=NUMBER)
            least = None if to is None else max(to, ZERO)
            if what == "reduces":
                self.left[rule.id] = (least or ZERO, least)
            known = (
                None if billed is None else [billed[one] for one in on if billed[one] is not None]
            )
            exceeds = least is not None and (known is None or sum(known) > least)
        if exceeds and what in (*DOES.values(), "recommends", "is silenced"):
            self.finds[rule.id] = on
            self.silenced |= {rule.id} if what == "is silenced" else set()

    def follow(
        self, parts: Any, billed: Any, mine: Any, denied: set[int], waiting: set[int]
    ) -> None:
        """Deny lines that follow others if none of those can be paid; pend them if that is not known."""
        follows = self.ruleset.follows
        leads: dict[int, tuple[str, list[int]]] = {}
        for index, own in enumerate(parts):
            part = min(own & {*follows}, default="")
            others = [one for one in range(len(parts)) if follows.get(part, "") in parts[one]]
            if others and not own & {*follows.values()}:
                leads[index] = part, others
        kept = dict(self.left), {key: [*on] for key, on in self.waits.items()}
        alone, _ = self.in_order(billed, mine, denied | {*leads}, waiting)
        self.left, self.waits = kept
        for index, (part, others) in leads.items():
            outcomes = {alone[one][0] for one in others}
            if index in denied or outcomes & {"approve", "reduce"}:
                continue
            if outcomes == {"deny"}:
                self.with_others.setdefault(part, []).append(index)
            elif index not in waiting:
                self.waits.setdefault((self.built_in(part), "lines followed"), []).append(index)
                waiting.add(index)
        denied |= {index for on in self.with_others.values() for index in on}

    def in_order(self, billed: Any, mine: Any, denied: set[int], waiting: set[int]) -> Any:
        """The allowed units of every line in order, and what was left before each."""
        made, left = [], []
        for index, units in enumerate(billed):
            before = {id_: self.left[id_] for id_ in mine[index] if id_ in self.left}
            left.append({id_: [as_json(low), as_json(high)] for id_, (low, high) in before.items()})
            made.append(self.allot(index, units, index in denied, index in waiting, before))
        return made, left

    def allot(self, index: int, units: Any, denied: bool, waits: bool, before: Any) -> Any:
        """The outcome of a line, and its least and most allowed units, taken from what is left."""
        if denied:
            return "deny", ZERO, ZERO
        if units is None and not before and not waits:
            return "approve", None, None
        lows, highs = [low for low, _ in before.values()], [high for _, high in before.values()]
        least = ZERO if units is None else min([units, *lows])
        most = min([one for one in (units, *highs) if one is not None], default=None)
        if units is not None and most is not None and most <= 0 < units:
            return "deny", ZERO, ZERO
        outcome = "approve" if most == units else "reduce"
        if waits:
            least, most = ZERO, None if most is None else max(most, ZERO)
        if waits or units is None or least != most:
            outcome = "pend"
        for id_, (low, high) in before.items():
            what = "line units" if units is None else "earlier lines"
            what = "amount" if high is None else what
            if outcome == "pend" and (what != "earlier lines" or low < min(units, high)):
                self.waits.setdefault((id_, what), []).append(index)
            if most is not None and most > 0:
                rest = None if high is None else high - max(least, ZERO)
                self.left[id_] = (max(low - most, ZERO), rest)
        return outcome, least, most

    # --- facts in conflict -----------------------------------------------------------------------

    def behind(self, id_: str, seen: frozenset[str] = frozenset()) -> set[str]:
        """The derived facts that a rule depends on, also through other rules."""
        rule, out = self.rules[id_], set[str]()
        for other in rule.overridden_by:
            if other in self.rules:
                out |= self.behind(other, seen)
        for name in {*facts_read(rule)} & {*self.ruleset.derived} - seen:
            out |= {name}.union(*(self.behind(one, seen | {name}) for one in self.concluding(name)))
        return out

    def concluding(self, name: str) -> list[str]:
        return [
            self.ruleset.rules[index].id for index, _ in self.ruleset.derived[name].concluded_by
        ]

    def in_conflict(self, id_: str) -> bool:
        return bool(self.conflicts) and not self.behind(id_).isdisjoint(self.conflicts)

    def unsettle(self) -> None:
        """Make unknown what depends on whether a fact in conflict is known."""
        turned: set[str] = set()
        for rule in self.ruleset.rules:  # each comes after the rules that it depends on
            asked = {test.fact for test in tests_in(rule.condition) if test.operator == "is_known"}
            asked &= {*self.ruleset.derived}
            behind = asked.union(*(self.behind(one) for name in asked
                                   for one in self.concluding(name)))  # fmt: skip
            read = {*facts_read(rule)} & {*self.ruleset.derived}
            before = {*rule.overridden_by, *(one for name in read for one in self.concluding(name))}
            if behind & {*self.conflicts} or before & turned:
                turned.add(rule.id)
        for id_ in turned:
            self.truths[id_] = "unknown"
        for name in self.ruleset.derived:
            if turned.intersection(self.concluding(name)):
                self.known[name] = None

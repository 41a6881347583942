"""What is answered without a rule of the policy: what pends or is noted for its dates, and voids.

A date decides which version of a policy decides, and which lines are one service. So a service whose
date is not settled pends before any rule is evaluated, and so does one of which it is not known whether
the policy applies. What asks for information does so with the policy's own reason codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

from payer_policy.core.lazy import Lazy
from payer_policy.core.ruleset import CHANGES, RESERVED, SEVERAL_DAYS, Reason, Ruleset
from payer_policy.core.semantics import total
from payer_policy.core.vocabulary.types import Units
from payer_policy.determination.allocation import ServiceLine
from payer_policy.determination.decide import REFUSING, decision_of, nothing_decided
from payer_policy.determination.model import (
    About,
    Decision,
    Details,
    Determination,
    Finding,
    LineOutcome,
    PolicyIdentity,
    Question,
)
from payer_policy.determination.rules import KINDS, Rank, rank
from payer_policy.determination.words import line_list, listed


def undecided(newest: Ruleset, lines: Sequence[ServiceLine], about: About) -> Determination:
    """A service that no version of its policy has evaluated yet; the title is that of the newest."""
    policy = PolicyIdentity(newest.policy, None, newest.title, None, None, None)
    return nothing_decided(lines, about, policy)


def _open(line: LineOutcome, *findings: str) -> LineOutcome:
    """The line while it pends, and nothing is known of it but what is billed."""
    most = None if line.billed_units is None else max(line.billed_units, 0)
    return replace(
        line,
        outcome="pend",
        disposition="pend",
        allowed_least=0,
        allowed_most=most,
        findings=findings,
    )


def pended(
    about: Determination,
    rule: str,
    because: str,
    reason: Reason | None,
    questions: Sequence[Question] = (),
) -> Determination:
    """A determination in which everything pends before any rule is asked.

    Args:
        about: Claim, service, policy, engine and lines; what was decided of them is dropped.
        rule: The id of the finding.
        because: Its sentence.
        reason: The policy's codes to ask for information with.
        questions: What to ask for, where an answer would settle it.
    """
    numbers = _numbers(about)
    return replace(
        about,
        decision="pend",
        lines=tuple([_open(line, rule) for line in about.lines]),
        findings=(_found(rule, "pend", because, reason, numbers),),
        details=Lazy.known(Details(missing=tuple(questions))),
        information_request=reason if questions else None,
        internal=None,
        headline=rule,
        conflicts=(),
        recommended=None,
        certified=None,
    )


def voided(about: Determination, original: str) -> Determination:
    """A void: nothing is allowed and nothing found; the payment of the original claim is reversed.

    Args:
        about: Claim, service, policy, engine and lines; nothing is decided yet.
        original: The number of the claim that is voided.
    """
    lines = tuple(
        [
            replace(line, outcome="void", disposition="void", allowed_least=0, allowed_most=0)
            for line in about.lines
        ]
    )
    return replace(about, decision="void", lines=lines, voids=original)


def _found(
    rule: str, kind: Any, because: str, reason: Reason | None, lines: Sequence[int]
) -> Finding:
    given = Reason(None, None, ()) if reason is None or kind == "advise" else reason
    return Finding(
        rule, RESERVED[rule], kind, False, given.group, given.carc, given.rarcs, because, None,
        tuple(lines), (),
    )  # fmt: skip


def _numbers(determination: Determination) -> tuple[int, ...]:
    return tuple(dict.fromkeys(line.number for line in determination.lines))


# --- sentences -----------------------------------------------------------------------------------

T = TypeVar("T")


def may_not_apply(facts: Sequence[str]) -> str:
    """Why a service pends of which it is not known whether its policy applies; `facts` are labels."""
    return f"Whether this policy decides the service depends on {listed(facts)}."


_BILL: Final = "Bill one line for each day of service."


def date_missing(kind: str, undated: Sequence[int], own: bool) -> str:
    """Why a service pends: its own lines have no date, or other lines of its code have none."""
    if not undated:
        return "No date of service is given. The date decides which version of the policy applies."
    what = "date or period" if kind == "preauthorization" else "date of service"
    have = "has" if len(undated) == 1 else "have"
    sentence = f"{_lines(undated)} {have} no {what}."
    if own:
        return (
            f"{sentence} The date decides which version of the policy applies and which lines are "
            "one service."
        )
    return f"{sentence} The code is the same, and the date decides which lines are one service."


def several_days(numbers: Sequence[int], first: date, last: date, why: str = "") -> str:
    """Why a service pends whose lines run over several days; `why` is more than the default."""
    if not numbers:
        return f"The service runs from {first} through {last}. {why or 'Ask about one day.'}"
    run = "runs" if len(numbers) == 1 else "run"
    why = f"{why} " if why else ""
    return f"{_lines(numbers)} {run} from {first} through {last}. {why}{_BILL}"


def _lines(numbers: Sequence[int]) -> str:
    text = line_list(numbers)
    return text[:1].upper() + text[1:]


# --- a line over several days, each day decided by itself -------------------------------------------


def per_diem(
    days: Sequence[Determination],
    count: int,
    units: Sequence[Units | None],
    last: date,
    reason: Reason | None,
) -> Determination:
    """One answer on lines whose days were decided one by one.

    Where all days have the same outcomes for the same reasons, that is the answer, and units add
    up. Where they do not, no one answer is right for the line: it pends, and names the days.

    Args:
        days: The answer on each day, in order, as a service of that day.
        count: How many days there are; there are fewer answers where the policy does not apply.
        units: The units billed on each line, in the order of the lines.
        last: The last day.
        reason: The policy's codes to ask for information with.
    """
    first = days[0]
    change = next((one for one in days if _reasons(one) != _reasons(first)), None)
    billed = tuple(
        replace(line, billed_units=number) for line, number in zip(first.lines, units, strict=True)
    )
    if change is not None or len(days) < count:
        assert first.service_date is not None
        why = "The policy does not apply on each of these days."
        if change is not None:
            why = (
                f"Its days are not decided alike: {_answer(first)} as of {first.service_date}, "
                f"{_answer(change)} as of {change.service_date}."
            )
        sentence = several_days(_numbers(first), first.service_date, last, why)
        return pended(replace(first, lines=billed), SEVERAL_DAYS, sentence, reason)
    lines = []
    for at, line in enumerate(billed):
        least = _sum([one.lines[at].allowed_least for one in days])
        most = _sum([one.lines[at].allowed_most for one in days])
        lines.append(replace(line, allowed_least=least, allowed_most=most))
    return replace(
        first,
        lines=tuple(lines),
        details=Lazy(partial(_details_of_all, tuple(days))),
        internal=next((one.internal for one in days if one.internal is not None), None),
        conflicts=_merged([one.conflicts for one in days], lambda one: one.fact),
    )


def _details_of_all(days: Sequence[Determination]) -> Details:
    known = [dict(one.derived) for one in days]
    return Details(
        _merged([one.unsettled for one in days], lambda one: one.rule),
        _merged([one.missing for one in days], lambda one: one.fact),
        _merged([one.assumptions for one in days], lambda one: one.name),
        tuple(
            (name, value)
            for name, value in days[0].derived
            if all(one.get(name) == value for one in known)
        ),
    )


def _reasons(determination: Determination) -> Any:
    """What was decided and why, without amounts and sentences."""
    return (
        determination.decision,
        [(line.outcome, line.findings) for line in determination.lines],
        [_key(found) for found in determination.findings],
        determination.internal is None,
    )


def _key(found: Finding) -> tuple[str, str, str | None, str | None, tuple[str, ...]]:
    return found.rule, found.kind, found.group, found.carc, found.rarcs


def _sum(amounts: Sequence[Units | None]) -> Units | None:
    known = [amount for amount in amounts if amount is not None]
    return total(*known) if len(known) == len(amounts) else None


def _merged(lists: Sequence[tuple[T, ...]], key: Callable[[T], str]) -> tuple[T, ...]:
    """All entries, each by its key once, in the order in which they are met."""
    found: dict[str, T] = {}
    for entries in lists:
        for entry in entries:
            found.setdefault(key(entry), entry)
    return tuple(found.values())


# --- a preauthorization for a period ----------------------------------------------------------------


class Period:
    """The answer on a preauthorization's period, from the answers as of single days.

    The first day decides. A denial or reduction holds for a line only where the same rule makes it
    with the same codes as of the last day; else the line pends. An approval holds, and later days with
    another answer are noted.
    """

    def __init__(
        self,
        first: date,
        starts: Sequence[date],
        last: date,
        decide: Callable[[date], Determination | None],
        ruleset: Ruleset,
    ) -> None:
        """`starts` are the first days of later windows within the period, in order.

        `decide` gives the answer as of a day; None: the policy does not apply then. `ruleset` is
        that of the first day.
        """
        self._starts, self._last = starts, last
        self._decide, self._ruleset = decide, ruleset
        self._reason = ruleset.information_request
        self._first_day = first
        found = decide(first)
        assert found is not None
        self.first = found

    def answer(self) -> Determination:
        first, last = self.first, self._decide(self._last)
        places = range(len(first.lines)) if first.lines else (None,)
        open_ = [at for at in places if self._refused(at) and not self._stand(at, last)]
        if open_:
            return self._pended(open_, last)
        if last is not None:
            findings = tuple(self._ended(one, last, ()) for one in first.findings)
            if findings != first.findings:
                headline = _headline(self._ruleset, findings)
                first = replace(first, findings=findings, headline=headline)
        return self._with_advice(first)

    def _refused(self, at: int | None) -> bool:
        outcome = self.first.decision if at is None else self.first.lines[at].outcome
        return outcome in ("deny", "reduce")

    def _stand(self, at: int | None, other: Determination | None) -> bool:
        """Whether what refuses a line does so as of another day as well."""
        if other is None or not self._keys(self.first, at) & self._keys(other, at):
            return False
        if at is None or self.first.lines[at].outcome == "deny":
            return other.decision == "deny" if at is None else other.lines[at].outcome == "deny"
        mine, theirs = self.first.lines[at], other.lines[at]
        return mine.allowed_units == theirs.allowed_units and theirs.outcome == "reduce"

    @staticmethod
    def _keys(made: Determination, at: int | None) -> set[Any]:
        found = [one for one in made.findings if one.kind in REFUSING]
        if at is not None:
            found = [one for one in found if one.rule in made.lines[at].findings]
        return {_key(one) for one in found}

    def _pended(self, open_: Sequence[int | None], last: Determination | None) -> Determination:
        first = self.first
        numbers = [first.lines[at].number for at in open_ if at is not None]
        day = min(self._first_day_without(at) for at in open_)
        denied = "denied" if first.decision in ("deny", "partial") else "reduced"
        then = self._decide(day)
        what = (
            "no version of the policy applies" if then is None else f"it would be {_answer(then)}"
        )
        rules = listed(sorted({key[0] for at in open_ for key in self._keys(first, at)}))
        sentence = (
            f"As of {self._first_day} the request would be {denied} ({rules}). From {day} on the "
            f"answer changes: {what}. Ask for the days before and from {day} on by themselves."
        )
        lines = tuple(
            _open(line, *sorted({*line.findings, CHANGES})) if at in open_ else line
            for at, line in enumerate(first.lines)
        )
        changes = _found(CHANGES, "pend", sentence, self._reason, numbers)
        kept = [self._ended(one, last, numbers) for one in first.findings]
        findings = sorted((*kept, changes), key=lambda one: one.rule)
        missing = _merged([one.missing for one in (first, last) if one], lambda one: one.fact)
        return replace(
            first,
            decision=decision_of([line.outcome for line in lines]) if lines else "pend",
            lines=lines,
            findings=tuple(findings),
            headline=_headline(self._ruleset, findings),
            recommended=None,
            certified=None,
            details=Lazy.known(replace(first.details(), missing=missing)),
            information_request=self._reason,
        )

    def _first_day_without(self, at: int | None) -> date:
        """The first day of the period, among those evaluated, on which the line is no longer refused."""
        good = day = self._first_day
        for day in (*self._starts, self._last):
            if not self._stand(at, self._decide(day)):
                break
            good = day
        while (day - good).days > 1:
            middle = good + (day - good) // 2
            good, day = (middle, day) if self._stand(at, self._decide(middle)) else (good, middle)
        return day

    def _ended(self, found: Finding, last: Determination | None, open_: Sequence[int]) -> Finding:
        """A finding of the first day that no longer refuses anything is a note."""
        if found.kind not in ("deny", "reduce") or found.review is not None:
            return found
        if last is not None and _key(found) in {_key(one) for one in last.findings}:
            left = tuple(number for number in found.lines if number not in open_)
            if left or not found.lines:
                return replace(found, lines=left)
        return replace(found, kind="advise")

    def _with_advice(self, made: Determination) -> Determination:
        """Note the first later window in which the answer is another one."""
        first = self.first
        for day in self._starts:
            other = self._decide(day)
            if other is None:
                sentence = f"From {day} on no version of the policy applies."
            elif _outcomes(other) != _outcomes(first):
                sentence = f"As of {day} the answer would be another: {_answer(other)}."
            else:
                continue
            note = _found(CHANGES, "advise", sentence, None, _numbers(first))
            lines = tuple(
                replace(line, findings=tuple(sorted({*line.findings, CHANGES})))
                for line in made.lines
            )
            findings = sorted((*made.findings, note), key=lambda one: one.rule)
            headline = _headline(self._ruleset, findings)
            return replace(made, lines=lines, findings=tuple(findings), headline=headline)
        return made


def _outcomes(made: Determination) -> Any:
    return made.decision, [line.outcome for line in made.lines]


_ANSWERS: Final[Mapping[Decision, str]] = {
    "approve": "approved",
    "deny": "denied",
    "pend": "pended",
    "partial": "approved in part",
    "void": "a void",
    "not_required": "not required",
}


def _answer(made: Determination) -> str:
    """What was decided, with the rules that say so."""
    rules = [one.rule for one in made.findings if one.kind not in ("certify", "advise")]
    return _ANSWERS[made.decision] + (f" ({listed(rules)})" if rules else "")


def _headline(ruleset: Ruleset, findings: Sequence[Finding]) -> str | None:
    """The finding that leads; what no rule of the policy found comes after what its rules found."""

    def place(found: Finding) -> Rank:
        own = rules.get(found.rule)
        section = rank(ruleset, own)[1] if own is not None else len(ruleset.sections) + 1
        return KINDS.index(found.kind), section, found.rule

    rules = {rule.id: rule for rule in ruleset.rules}
    return min(findings, key=place).rule if findings else None

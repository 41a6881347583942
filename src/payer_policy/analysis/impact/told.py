"""The words that the text report and the HTML report share: money, decisions, reasons, headlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from payer_policy.analysis.impact.model import Because, ChangeKey, ChangeKind, Impact, Tally, money

NAMES: Final = {
    "approve": "approve",
    "partial": "partial",
    "deny": "deny",
    "pend": "pend",
    "void": "void",
    "no_policy": "no policy",
    "rejected": "rejected",
}
HEADINGS: Final[dict[ChangeKind, str]] = {
    "decision": "Another decision",
    "units": "The same decision, for other lines or units",
    "reasons": "The same decision, for other reasons",
}
_VERBS: Final = {
    "deny": "denied by",
    "pend": "held for review by",
    "reduce": "reduced by",
    "advise": "noted by",
    "unsettled": "not settled:",
    "assumed": "assumed not to hold:",
}


SAYS: Final = {"unsettled": "not settled", "assumed": "assumed not to hold", "internal": "a fault"}
"""What a reason without codes says, for people."""


def number(count: int) -> str:
    """`12,345`."""
    return f"{count:,}"


def services(count: int) -> str:
    """`1 service`, `12,345 services`."""
    return f"{count:,} service{'' if count == 1 else 's'}"


def dollars(millionths: int) -> str:
    """`$1,250.00`."""
    whole, _, part = money(abs(millionths)).partition(".")
    return f"{'-' if millionths < 0 else ''}${int(whole):,}.{part}"


def billed(tally: Tally) -> str:
    """What was billed, and for how many services that is not known."""
    if tally.unknown == tally.services:
        return "not known" if tally.services else dollars(0)
    if tally.unknown:
        return f"{dollars(tally.billed)}, not known for {number(tally.unknown)}"
    return dollars(tally.billed)


def change_name(key: ChangeKey) -> str:
    """`approve → deny`."""
    if key.old == key.new:
        return NAMES[key.old]
    return f"{NAMES[key.old]} → {NAMES[key.new]}"


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """Some reasons in one line: `denied by`, the rules, and the reason codes."""

    verb: str
    rules: tuple[str, ...]
    codes: str


def reason_lines(reasons: Sequence[Because]) -> list[ReasonLine]:
    """Reasons as they are shown: each finding by itself, the rules that are not settled together."""
    lines: list[ReasonLine] = []
    together: dict[str, list[str]] = {}
    for one in reasons:
        verb, _, codes = one.says.partition(" ")
        if not one.rule:
            asked = "asked for" if verb == "ask" else "a fault of the policy or the engine"
            lines.append(ReasonLine(asked, (), f"with {codes}" if codes else ""))
        elif verb in ("unsettled", "assumed"):
            together.setdefault(verb, []).append(one.rule)
        else:
            lines.append(ReasonLine(_VERBS.get(verb, verb), (one.rule,), codes))
    lines.sort(key=lambda line: (not line.rules, line.verb, line.rules))
    return lines + [
        ReasonLine(_VERBS[verb], tuple(rules), "") for verb, rules in sorted(together.items())
    ]


def headline(impact: Impact) -> str:
    """The whole answer in one sentence."""
    everything, changed = impact.everything, impact.changed
    if not everything.services:
        return "No service was decided, so nothing can be compared."
    if changed.services:
        verb = "gets" if changed.services == 1 else "get"
        return (
            f"{number(changed.services)} of {services(everything.services)} {verb} another "
            f"decision{_worth(changed)}."
        )
    rest = everything.services - impact.same.services
    if rest:
        verb = "changes" if rest == 1 else "change"
        return (
            f"No decision changes. The reasons or units of {number(rest)} of "
            f"{services(everything.services)} {verb}."
        )
    return f"No change: {_all(everything)} the same decision for the same reasons."


def _all(everything: Tally) -> str:
    if everything.services == 1:
        return "the one service gets"
    return f"all {services(everything.services)} get"


def _worth(tally: Tally) -> str:
    if tally.unknown == tally.services:
        return ""
    rest = f" (not known for {number(tally.unknown)})" if tally.unknown else ""
    return f", {dollars(tally.billed)} billed{rest}"


def rejects_told(impact: Impact) -> list[str]:
    """A sentence on records that could not be read or decided; none where all could."""
    found = impact.rejects
    said = []
    if found.both:
        said.append(f"{_records(found.both)} by either version; not in any table")
    if found.old_only:
        said.append(f"{_records(found.old_only)} by the old version alone")
    if found.new_only:
        said.append(f"{_records(found.new_only)} by the new version alone")
    if said:
        codes: dict[str, int] = {}
        for counted in (found.old_codes, found.new_codes):
            for code, count in counted.items():
                codes[code] = max(codes.get(code, 0), count)
        said.append(f"what was wrong: {', '.join(f'{c} ({n:,})' for c, n in codes.items())}")
    return said


def _records(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'} could not be read or decided"

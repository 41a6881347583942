"""The words that the text report and the HTML report share: money, decisions, reasons, headlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from payer_policy.analysis.impact.model import Because, ChangeKey, ChangeKind, Impact, Tally, money

HEADINGS: Final[dict[ChangeKind, str]] = {
    "decision": "Another decision",
    "units": "The same decision, for other lines or units",
    "reasons": "The same decision, for other reasons",
}
SAYS: Final = {
    "unsettled": "undetermined",
    "assumed": "not checked",
    "internal": "internal error",
}
"""What a reason without codes says."""
_VERBS: Final = {
    "deny": "denied by",
    "pend": "pended by",
    "reduce": "reduced by",
    "advise": "noted by",
}


def decision_name(decision: str) -> str:
    """`no policy` for `no_policy`."""
    return decision.replace("_", " ")


def number(count: int) -> str:
    """`12,345`."""
    return f"{count:,}"


def services(count: int) -> str:
    """`1 service`, `12,345 services`."""
    return _counted(count, "service")


def records(count: int) -> str:
    """`1 record`, `12,345 records`."""
    return _counted(count, "record")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def dollars(millionths: int) -> str:
    """`$1,250.00`, for an amount in millionths of a dollar."""
    whole, _, part = money(abs(millionths)).partition(".")
    return f"{'-' if millionths < 0 else ''}${int(whole):,}.{part}"


def billed(tally: Tally) -> str:
    """The amount billed, and the number of services whose amount is not known."""
    if tally.unknown == tally.services:
        return "not known" if tally.services else dollars(0)
    if tally.unknown:
        return f"{dollars(tally.billed)}, not known for {number(tally.unknown)}"
    return dollars(tally.billed)


def change_name(key: ChangeKey) -> str:
    """`approve → deny`."""
    return " → ".join(decision_name(one) for one in dict.fromkeys((key.old, key.new)))


@dataclass(frozen=True, slots=True)
class ReasonLine:
    """One line of reasons: `denied by`, the rules, and the reason codes."""

    verb: str
    rules: tuple[str, ...]
    codes: str


def reason_lines(reasons: Sequence[Because]) -> list[ReasonLine]:
    """Reasons as they are shown: each finding on its own line, undetermined rules on one line."""
    lines: list[ReasonLine] = []
    together: dict[str, list[str]] = {}
    for one in reasons:
        verb, _, codes = one.says.partition(" ")
        if not one.rule:
            name = "information requested" if verb == "ask" else SAYS["internal"]
            lines.append(ReasonLine(name, (), f"with {codes}" if codes else ""))
        elif verb in SAYS:
            together.setdefault(verb, []).append(one.rule)
        else:
            lines.append(ReasonLine(_VERBS.get(verb, verb), (one.rule,), codes))
    lines.sort(key=lambda line: (not line.rules, line.verb, line.rules))
    return lines + [
        ReasonLine(f"{SAYS[verb]}:", tuple(rules), "") for verb, rules in sorted(together.items())
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
    one = everything.services == 1
    all_of_them = "the one service gets" if one else f"all {services(everything.services)} get"
    return f"No change: {all_of_them} the same decision for the same reasons."


def _worth(tally: Tally) -> str:
    if tally.unknown == tally.services:
        return ""
    rest = f" (not known for {number(tally.unknown)})" if tally.unknown else ""
    return f", {dollars(tally.billed)} billed{rest}"


def rejects_in_words(impact: Impact) -> list[str]:
    """Sentences on the records that could not be read or decided; none where all could."""
    found = impact.rejects
    sentences = [
        f"{records(count)} could not be read or decided by {by}"
        for count, by in (
            (found.both, "either version; not in any table"),
            (found.old_only, "the old version alone"),
            (found.new_only, "the new version alone"),
        )
        if count
    ]
    if sentences:
        codes = {
            code: max(counted.get(code, 0) for counted in (found.old_codes, found.new_codes))
            for code in (*found.old_codes, *found.new_codes)
        }
        listed = ", ".join(f"{code} ({count:,})" for code, count in codes.items())
        sentences.append(f"what was wrong: {listed}")
    return sentences

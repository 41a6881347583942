"""Whether reason codes may be in an 835 on a day, by the dated lists of the policy folder.

`check` asks the same of policies beforehand; a stored answer may be older than today's lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.policy.reference.data import ReasonCode

_ALERT_OF_APPEAL = "MA01"
NO_APPEAL = "MA130"
"""The RARC of a claim that cannot be processed: no appeal, it is to be sent again."""


class ReasonProblem(NamedTuple):
    """Why a line's codes cannot be sent."""

    code: str
    message: str
    hint: str | None


def reason_problems(
    known: Mapping[tuple[str, str], ReasonCode],
    group: str | None,
    carc: str | None,
    rarcs: Sequence[str],
    day: date,
) -> Iterator[ReasonProblem]:
    """What is wrong with the codes of one line, all of it; without a reason, with its remarks.

    A CARC that says so needs a RARC that is not an alert; one for a single group has that group;
    every code is listed and in force (X12 code sources 139 and 411). MA130 leaves no right of
    appeal, which MA01 would grant.
    """
    for system, code in [("group", group), ("carc", carc), *(("rarc", rarc) for rarc in rarcs)]:
        if code is None:
            continue
        entry = known.get((system, code))
        if entry is None:
            listed = [name for kind, name in known if kind == system]
            message = f"{system.upper()} {code} is in no list of the policy folder"
            yield ReasonProblem("unknown-code", message, did_you_mean(code, listed))
        elif not entry.in_force_throughout(day, day):
            message = f"{system.upper()} {code} is not in force on {day}"
            yield ReasonProblem("reason-not-in-force", message, "see reason_codes/ for its dates")
    entry = known.get(("carc", carc or ""))
    if entry is not None:
        if entry.only_group is not None and entry.only_group != group:
            message = f"CARC {carc} goes with group {entry.only_group} only; found {group}"
            yield ReasonProblem("reason-group", message, f"use {entry.only_group}")
        remarks = [known[key] for rarc in rarcs if (key := ("rarc", rarc)) in known]
        if entry.needs_rarc and all(remark.alert for remark in remarks):
            found = ", ".join(rarcs) or "none"
            message = f"CARC {carc} needs a RARC that explains it; found {found}"
            yield ReasonProblem("reason-needs-rarc", message, "an alert explains no adjustment")
    if NO_APPEAL in rarcs and _ALERT_OF_APPEAL in rarcs:
        message = f"{NO_APPEAL} leaves no right of appeal, and {_ALERT_OF_APPEAL} explains one"
        yield ReasonProblem("contradiction", message, f"leave {_ALERT_OF_APPEAL} out")


def of_claim(rarc: str) -> bool:
    """Whether a RARC speaks of the claim: those of series MA do, M and N of a line (code source 411;
    the series are older than the one list that holds them now)."""
    return rarc.startswith("MA")

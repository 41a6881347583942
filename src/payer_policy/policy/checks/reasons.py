"""Reason codes: they exist, are in force on all days of the rule, and go together."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date

from payer_policy.core.diagnostics import slip_of
from payer_policy.core.json_source import Reporter
from payer_policy.policy.files import ReasonModel
from payer_policy.policy.reference.data import ReasonCode, ReferenceData


def check_reason(
    reason: ReasonModel,
    kind: str,
    window: tuple[date, date | None],
    reference: ReferenceData,
    unread: Set[str],
    report: Reporter,
    *,
    of_a_rule: bool = True,
) -> None:
    """Check the reason codes of one finding.

    Args:
        reason: The codes.
        kind: What the finding does, such as `deny`.
        window: The first and the last day on which it is made.
        reference: All reason codes.
        unread: The lists that are broken.
        report: Reports problems of the finding.
        of_a_rule: Whether a rule makes it.
    """
    if kind in ("deny", "reduce"):
        for field in ("group", "carc"):
            if getattr(reason, field) is None:
                does = "denies" if kind == "deny" else "reduces"
                message = f"a rule that {does} needs a `{field}`"
                report("missing-key", message, key=True, hint=f'add "{field}": "…"')
    explained = False
    for system, code, path in _codes(reason):
        entry = reference.reason_codes.get((system, code))
        if entry is None:
            if system not in unread:
                listed = {code for kind, code in reference.reason_codes if kind == system}
                hint = slip_of(code, listed) or "add it there, with its dates"
                message = f"`{code}` is not in reason_codes/{system}.json"
                report("unknown-code", message, path, hint=hint)
            explained = True  # what it explains cannot be judged
            continue
        if system == "rarc" and not entry.alert:
            explained = True
        if not entry.in_force_throughout(*window):
            hint = "choose a code that is in force"
            if of_a_rule:
                hint += ', or give the rule its own days: "in_force": {"from": …, "through": …}'
            what = "the rule" if of_a_rule else "this version"
            message = f"{system.upper()} {code} {_standing(entry)}; {what} applies {_days(*window)}"
            report("reason-not-in-force", message, path, hint=hint)
    for index, code in enumerate(reason.rarc):
        if code in reason.rarc[:index]:
            message = f"RARC {code} is listed twice in `rarc`"
            report("duplicate-entry", message, ("rarc", index), hint="keep one")
    _check_carc(reason, reference, explained, report)


def _codes(reason: ReasonModel) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    if reason.group is not None:
        yield "group", reason.group, ("group",)
    if reason.carc is not None:
        yield "carc", reason.carc, ("carc",)
    for index, code in enumerate(reason.rarc):
        yield "rarc", code, ("rarc", index)


def _check_carc(
    reason: ReasonModel, reference: ReferenceData, explained: bool, report: Reporter
) -> None:
    carc = reference.reason_codes.get(("carc", reason.carc or ""))
    if carc is None:
        return
    if carc.needs_rarc and not explained:
        found = "only alerts were found" if reason.rarc else "none was found"
        message = f"CARC {carc.code} must come with a RARC that explains it; {found}"
        hint = 'add "rarc": ["…"] with a code that is not an alert'
        report("reason-needs-rarc", message, ("carc",), hint=hint)
    if carc.only_group and reason.group not in (None, carc.only_group):
        message = f"CARC {carc.code} goes with group {carc.only_group}; found {reason.group}"
        report("reason-group", message, ("group",), hint=f'write "group": "{carc.only_group}"')


def _standing(entry: ReasonCode) -> str:
    if entry.deactivated:
        return "is deactivated"
    first = f"from {entry.first_day}" if entry.first_day else ""
    last = f"through {entry.last_day}" if entry.last_day else ""
    return f"is in force {' '.join(part for part in (first, last) if part)}"


def _days(first: date, last: date | None) -> str:
    return f"from {first} through {last}" if last else f"from {first} on"

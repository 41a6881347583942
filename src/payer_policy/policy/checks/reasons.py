"""Reason codes: they exist, are in force on all days of the rule, and go together."""

from __future__ import annotations

from collections.abc import Iterator, Set
from datetime import date
from typing import Protocol

from payer_policy.core.diagnostics import slip_of
from payer_policy.policy.files import ReasonModel
from payer_policy.policy.reference import ReasonCode, ReferenceData


class Problem(Protocol):
    """Reports a problem of one finding; the path is inside the finding."""

    def __call__(
        self,
        code: str,
        message: str,
        *path: str | int,
        key: bool = False,
        hint: str | None = None,
        warning: bool = False,
    ) -> None: ...


def check_reason(
    reason: ReasonModel,
    kind: str,
    window: tuple[date, date | None],
    reference: ReferenceData,
    unread: Set[str],
    problem: Problem,
    *,
    of_a_rule: bool = True,
) -> None:
    """Check the reason codes of one finding. `unread` are the lists that are broken."""
    if kind in ("deny", "reduce"):
        for field in ("group", "carc"):
            if getattr(reason, field) is None:
                message = (
                    f"a rule that {'denies' if kind == 'deny' else 'reduces'} needs a `{field}`"
                )
                problem("missing-key", message, key=True, hint=f'add "{field}": "…"')
    explained = False
    for system, code, path in _codes(reason):
        entry = reference.reason_codes.get((system, code))
        if entry is None:
            if system not in unread:
                listed = {code for kind, code in reference.reason_codes if kind == system}
                problem(
                    "unknown-code",
                    f"`{code}` is not in reason_codes/{system}.json",
                    *path,
                    hint=slip_of(code, listed) or "add it there, with its dates",
                )
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
            problem("reason-not-in-force", message, *path, hint=hint)
    for index, code in enumerate(reason.rarc):
        if code in reason.rarc[:index]:
            message = f"RARC {code} stands twice in `rarc`"
            problem("duplicate-entry", message, "rarc", index, hint="keep one")
    _check_carc(reason, reference, explained, problem)


def _codes(reason: ReasonModel) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    if reason.group is not None:
        yield "group", reason.group, ("group",)
    if reason.carc is not None:
        yield "carc", reason.carc, ("carc",)
    for index, code in enumerate(reason.rarc):
        yield "rarc", code, ("rarc", index)


def _check_carc(
    reason: ReasonModel, reference: ReferenceData, explained: bool, problem: Problem
) -> None:
    carc = reference.reason_codes.get(("carc", reason.carc or ""))
    if carc is None:
        return
    if carc.needs_rarc and not explained:
        found = "only alerts were found" if reason.rarc else "none was found"
        problem(
            "reason-needs-rarc",
            f"CARC {carc.code} must come with a RARC that explains it; {found}",
            "carc",
            hint='add "rarc": ["…"] with a code that is no alert',
        )
    if carc.only_group and reason.group not in (None, carc.only_group):
        problem(
            "reason-group",
            f"CARC {carc.code} goes with group {carc.only_group}; found {reason.group}",
            "group",
            hint=f'write "group": "{carc.only_group}"',
        )


def _standing(entry: ReasonCode) -> str:
    if entry.deactivated:
        return "is deactivated"
    first = f"from {entry.first_day}" if entry.first_day else ""
    last = f"through {entry.last_day}" if entry.last_day else ""
    return f"is in force {' '.join(part for part in (first, last) if part)}"


def _days(first: date, last: date | None) -> str:
    return f"from {first} through {last}" if last else f"from {first} on"

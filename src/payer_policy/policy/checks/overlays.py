"""Versions by date, and overlays on their bases: windows, gaps, and circles of `extends`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date
from itertools import pairwise

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.policy.order import find_cycles
from payer_policy.policy.versions import PolicyVersion, ReportDiagnostic, day_after, day_before


def sound_overlays(
    versions: Mapping[str, Sequence[PolicyVersion]],
    unread: Set[str],
    report: ReportDiagnostic,
) -> dict[str, tuple[PolicyVersion, ...]]:
    """The policies by address, without those whose bases are missing, unread or run in a circle.

    `unread` are addresses with a file that is broken: what extends them cannot be judged.
    """
    policies = {
        address: tuple(sorted(listed, key=lambda version: version.first_day))
        for address, listed in versions.items()
    }
    known = {*policies, *unread}
    bases: dict[str, set[str]] = {address: set() for address in policies}
    bad: set[str] = set(unread)
    for address, listed in policies.items():
        for version in listed:
            base = version.model.extends
            if base is not None and base not in known:
                bad.add(address)
                _unknown_base(version, base, known, report)
            elif base is not None:
                bases[address].add(base)
        if address not in unread:
            _check_windows(listed, report)
    for circle in find_cycles(bases):
        bad.update(circle)
        _report_circle(circle, policies, report)
    while more := {address for address in policies if bases[address] & bad} - bad:
        bad |= more  # what extends a policy that is left out is left out too
    sound = {address: listed for address, listed in policies.items() if address not in bad}
    for listed in sound.values():
        for version in listed:
            _check_base_in_force(version, sound, report)
    # Versions whose own base is sound can be checked, even beside a broken file.
    alone = {
        address: tuple(version for version in listed if version.model.extends is None)
        for address, listed in policies.items()
        if address in unread
    }
    return sound | {address: listed for address, listed in alone.items() if listed}


def _unknown_base(
    version: PolicyVersion, base: str, known: Set[str], report: ReportDiagnostic
) -> None:
    hint = did_you_mean(base, known)
    if hint is None and base.count("/") != 1:
        hint = "write <payer>/<policy>"
    elif hint is None:
        hint = f"policies here: {', '.join(sorted(known - {version.address}))}"
    message = f"`{base}` is not a policy of this folder"
    report(version.document.problem("unknown-base", message, ("extends",), hint=hint))


def _report_circle(
    circle: Sequence[str],
    policies: Mapping[str, Sequence[PolicyVersion]],
    report: ReportDiagnostic,
) -> None:
    first, following = circle[0], circle[1]
    version = next(v for v in policies[first] if v.model.extends == following)
    message = f"these policies extend one another: {' -> '.join(circle)}"
    if len(circle) == 2:
        message = f"the policy {first} extends itself"
    hint = "let one of them stand on its own"
    report(version.document.problem("cycle", message, ("extends",), hint=hint))


def _check_windows(listed: Sequence[PolicyVersion], report: ReportDiagnostic) -> None:
    for earlier, later in pairwise(listed):
        gap = (day_after(earlier.last_day or date.max), day_before(later.first_day))
        if earlier.last_day is None or earlier.last_day >= later.first_day:
            ends = (
                "has no last day"
                if earlier.last_day is None
                else f"runs through {earlier.last_day}"
            )
            report(
                earlier.document.problem(
                    "overlapping-windows",
                    f"this version {ends}, but the next one begins on {later.first_day}",
                    ("effective", "through"),
                    hint=f'write "through": "{day_before(later.first_day)}"',
                )
            )
        elif gap[0] <= gap[1]:
            report(
                later.document.problem(
                    "window-gap",
                    f"no version of {later.address} is in force from {gap[0]} through {gap[1]}",
                    ("effective", "from"),
                    warning=True,
                    hint="if that is meant, nothing needs to be done",
                )
            )


def _check_base_in_force(
    version: PolicyVersion,
    policies: Mapping[str, Sequence[PolicyVersion]],
    report: ReportDiagnostic,
) -> None:
    base = version.model.extends
    if base is None:
        return
    for first, last in _uncovered(version, policies[base]):
        until = f"through {last}" if last is not None else "on"
        report(
            version.document.problem(
                "base-not-in-force",
                f"no version of the base {base} is in force from {first} {until}",
                ("effective", "from" if first == version.first_day else "through"),
                hint="keep the dates of this version inside those of the base",
            )
        )


def _uncovered(
    version: PolicyVersion, bases: Sequence[PolicyVersion]
) -> list[tuple[date, date | None]]:
    """The runs of a version's days on which none of its bases is in force."""
    out: list[tuple[date, date | None]] = []
    day = version.first_day
    for base in sorted(bases, key=lambda base: base.first_day):
        if base.first_day > day:
            last = day_before(base.first_day)
            if version.last_day is not None and version.last_day <= last:
                break
            out.append((day, last))
        if base.last_day is None:
            return out
        if base.last_day >= day:
            if base.last_day == date.max:
                return out
            day = day_after(base.last_day)
    if version.last_day is None or day <= version.last_day:
        out.append((day, version.last_day))
    return out

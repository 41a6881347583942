"""Versions by date, and overlays on their bases: windows, gaps, and circles of `extends`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import date
from itertools import pairwise

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonPath, Report
from payer_policy.policy.days import day_after, day_before
from payer_policy.policy.order import find_cycles
from payer_policy.policy.versions import PolicyVersion


def sound_overlays(
    versions: Mapping[str, Sequence[PolicyVersion]],
    unread: Set[str],
    report: Report,
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
            bases[address].update(known.intersection(version.extends))
            for base in version.model.extends:
                if base not in known:
                    bad.add(address)
                    _unknown_base(version, base, known, report)
            _check_extends(version, report)
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
        address: tuple(version for version in listed if not version.overlays)
        for address, listed in policies.items()
        if address in unread
    }
    return sound | {address: listed for address, listed in alone.items() if listed}


def _unknown_base(version: PolicyVersion, base: str, known: Set[str], report: Report) -> None:
    hint = did_you_mean(base, known)
    if hint is None and base.count("/") != 1:
        hint = "write <payer>/<policy>"
    elif hint is None:
        hint = f"policies here: {', '.join(sorted(known - {version.address}))}"
    message = f"`{base}` is not a policy of this folder"
    version.reporter(report)("unknown-base", message, _where(version, base), hint=hint)


def _where(version: PolicyVersion, base: str) -> JsonPath:
    """Where a version names a base; where one that it continues does, it says `continues`."""
    if base not in version.model.extends:
        return ("continues",)
    if isinstance(version.document.value.get("extends"), str):
        return ("extends",)
    return ("extends", version.model.extends.index(base))


def _check_extends(version: PolicyVersion, report: Report) -> None:
    listed = version.model.extends
    for index, base in enumerate(listed):
        if base in listed[:index]:
            message = f"`{base}` is listed twice in `extends`"
            version.reporter(report)(
                "duplicate-entry", message, ("extends", index), hint="keep one"
            )


def _report_circle(
    circle: Sequence[str],
    policies: Mapping[str, Sequence[PolicyVersion]],
    report: Report,
) -> None:
    first, following = circle[0], circle[1]
    version = next(v for v in policies[first] if following in v.model.extends)
    message = f"these policies extend one another: {' -> '.join(circle)}"
    if len(circle) == 2:
        message = f"the policy {first} extends itself"
    hint = "let one of them extend no other"
    version.reporter(report)("cycle", message, _where(version, following), hint=hint)


def _check_windows(listed: Sequence[PolicyVersion], report: Report) -> None:
    for earlier, later in pairwise(listed):
        last = earlier.last_day
        before = day_before(later.first_day)
        if last is None or last >= later.first_day:
            ends = "has no last day" if last is None else f"runs through {last}"
            message = f"this version {ends}, but the next one begins on {later.first_day}"
            path, hint = ("effective", "through"), f'write "through": "{before}"'
            earlier.reporter(report)("overlapping-windows", message, path, hint=hint)
        elif last < before:
            message = (
                f"no version of {later.address} is in force from {day_after(last)} through {before}"
            )
            hint = "if that is meant, nothing needs to be done"
            path = ("effective", "from")
            later.reporter(report)("window-gap", message, path, warning=True, hint=hint)


def _check_base_in_force(
    version: PolicyVersion,
    policies: Mapping[str, Sequence[PolicyVersion]],
    report: Report,
) -> None:
    for base in version.extends:
        for first, last in _uncovered(version, policies[base]):
            until = f"through {last}" if last is not None else "on"
            message = f"no version of the base {base} is in force from {first} {until}"
            path = ("effective", "from" if first == version.first_day else "through")
            hint = "keep the dates of this version inside those of the base"
            version.reporter(report)("base-not-in-force", message, path, hint=hint)


def _uncovered(
    version: PolicyVersion, bases: Sequence[PolicyVersion]
) -> list[tuple[date, date | None]]:
    """The runs of a version's days on which none of its bases is in force."""
    out: list[tuple[date, date | None]] = []
    day = version.first_day
    for base in sorted(bases, key=lambda base: base.first_day):
        if not base.overlaps(version):
            continue
        if base.first_day > day:
            out.append((day, day_before(base.first_day)))
        if base.last_day is None or base.last_day == date.max:
            return out
        day = max(day, day_after(base.last_day))
    if version.last_day is None or day <= version.last_day:
        out.append((day, version.last_day))
    return out

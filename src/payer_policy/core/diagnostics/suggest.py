"""The nearest right name for a misspelled one: one place, so that every "did you mean" agrees."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MOST_SLIPS: Final = 3
MAX_NAME: Final = 200
"""A longer text is no misspelled name."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is closest to `name`, or None where none is close. Deterministic."""
    if len(name) > MAX_NAME:
        return None
    candidates = sorted(set(known))
    by_folded = {candidate.casefold(): candidate for candidate in reversed(candidates)}
    if (same := by_folded.get(name.strip().casefold())) is not None:
        return same
    close = get_close_matches(name, candidates, n=1, cutoff=0.6)
    if close:
        return close[0]
    # A right last word under a wrong first one (`member.age` for `patient.age`) is a common slip.
    last = name.rpartition(".")[2]
    tails = [candidate for candidate in candidates if candidate.rpartition(".")[2] == last]
    return tails[0] if last and tails else None


def slip_of(code: str, known: Iterable[str]) -> str | None:
    """A hint with the codes that are one slip of the finger away; codes that are merely alike mean
    something else, so they are never suggested."""
    found = sorted(other for other in set(known) if _one_slip(code, other))
    if not 0 < len(found) <= MOST_SLIPS:
        return None
    *others, last = (f"`{name}`" for name in found)
    return f"did you mean {', '.join(others)} or {last}?" if others else f"did you mean {last}?"


def _one_slip(a: str, b: str) -> bool:
    """One character wrong, missing or too many, or two neighbors swapped."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    same = 0
    while same < min(len(a), len(b)) and a[same] == b[same]:
        same += 1
    x, y = a[same:], b[same:]
    return x[1:] in (y, y[1:]) or x == y[1:] or (x[:2] == y[1::-1] and x[2:] == y[2:])


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint sentence with the nearest right name, or None."""
    found = nearest(name, known)
    return None if found is None else f"did you mean `{found}`?"

"""The nearest right name for a misspelt one: one place, so that every "did you mean" agrees."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is closest to `name`, or None where none is close. Deterministic."""
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


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint sentence with the nearest right name, or None."""
    found = nearest(name, known)
    return None if found is None else f"did you mean `{found}`?"

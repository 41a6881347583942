"""Three truth values as two bits, so that Kleene's strong logic is plain `&` and `|`.

Bit 1 says "known to hold", bit 0 says "not known to fail". So `HOLDS` is 0b11, `UNKNOWN` 0b01 and
`FAILS` 0b00; conjunction is bitwise and, disjunction bitwise or, and `NEGATED` swaps the halves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

Truth = int
FAILS: Final[Truth] = 0
UNKNOWN: Final[Truth] = 1
HOLDS: Final[Truth] = 3

NEGATED: Final = (HOLDS, UNKNOWN, -1, FAILS)
"""`NEGATED[t]` is not-t; index 2 is no truth value."""

WORDS: Final = {HOLDS: "holds", FAILS: "does not hold", UNKNOWN: "is not known"}


def all_of(truths: Iterable[Truth]) -> Truth:
    """Strong Kleene conjunction; of nothing: HOLDS."""
    out = HOLDS
    for truth in truths:
        out &= truth
    return out


def any_of(truths: Iterable[Truth]) -> Truth:
    """Strong Kleene disjunction; of nothing: FAILS."""
    out = FAILS
    for truth in truths:
        out |= truth
    return out


def at_least(count: int, truths: Iterable[Truth]) -> Truth:
    """Whether at least `count` of the truths hold."""
    certain = possible = 0
    for truth in truths:
        certain += truth >> 1
        possible += truth & 1
    return HOLDS if certain >= count else FAILS if possible < count else UNKNOWN

"""The answers to whether two rulesets give the same result for every request.

`equivalence` finds them with a solver; a module that only passes them on does not need one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from payer_policy.core.vocabulary.types import Value


@dataclass(frozen=True, slots=True)
class Proved:
    """Two rulesets give the same result for every request."""


@dataclass(frozen=True, slots=True)
class Differs:
    """They do not; the facts of one request that shows it."""

    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class NotProved:
    """It was not determined, and why."""

    why: str


Answer = Proved | Differs | NotProved

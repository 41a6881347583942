"""What comes of the question whether two rulesets say the same of every request.

`equivalence` answers it with a solver; who only passes the answer on needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from payer_policy.core.vocabulary.types import Value


@dataclass(frozen=True, slots=True)
class Proved:
    """Two rulesets say the same of every request."""


@dataclass(frozen=True, slots=True)
class Differs:
    """They do not: of this request, for one."""

    facts: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class NotProved:
    """It was not found out, and why."""

    why: str


Answer = Proved | Differs | NotProved

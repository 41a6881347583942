"""The one protocol behind which every engine runs: compile a ruleset, then evaluate facts.

An engine says which rules hold, fail or are unknown, and what was concluded. It decides nothing:
the determination, the explanation and the missing facts are made from its answer in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import Truth
from payer_policy.core.vocabulary.types import Value


class EngineFailure(PayerPolicyError, RuntimeError):
    """The engine could not answer. The caller pends the request with this as the reason."""


class EngineUnavailable(EngineFailure):
    """What the engine is built on is not installed. The message tells people what to do."""


class Evaluation(NamedTuple):
    """What holds: the least fixpoint of the ruleset's two halves on some facts."""

    truths: Sequence[Truth]
    """One truth a rule, in the order of `Ruleset.rules`, overrides already applied."""
    derived: Mapping[str, Value | None]
    """Every derived fact of the ruleset; None while not known."""
    conflicts: tuple[str, ...] = ()
    """Derived facts for which two holding rules conclude different values, sorted."""
    disagreement: str | None = None
    """For `checked`: what its two engines answered differently. The request pends."""
    live: Sequence[int] | None = None
    """Of a large ruleset, the rules that find something and do not fail, by id; None: all are to
    be looked at."""


class Evaluator(Protocol):
    """A compiled ruleset. Safe to call from several threads; the same facts, the same answer.

    `facts` maps names to values; a name that is missing, or None, is not known. Facts that the
    ruleset derives are ignored when given.
    """

    def __call__(self, facts: Facts, /) -> Evaluation: ...


class Engine(Protocol):
    """A way to run rulesets."""

    @property
    def name(self) -> str: ...

    def compile(self, ruleset: Ruleset, /) -> Evaluator: ...

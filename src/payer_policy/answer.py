"""One claim or preauthorization request as it was read, and what became of it: decided, or refused.

The way from an `Intake` to an answer is the same for the command line and for the service, and so are
the bytes of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from payer_policy.determination import NoPolicy, Outcome
from payer_policy.diagnostics import Diagnostic, PolicyError
from payer_policy.diagnostics.render import as_json
from payer_policy.engine import Decided, Engine
from payer_policy.intake import Intake
from payer_policy.request.models import Request

REFUSAL_VERSION: Final = "payer-policy/refusal/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """One claim: decided, or refused with what is wrong (never both)."""

    claim_id: str | None
    request: Request | None
    """None where the claim was refused."""
    decided: tuple[Decided, ...]
    without_policy: tuple[NoPolicy, ...]
    problems: tuple[Diagnostic, ...]

    @property
    def refused(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)

    @property
    def outcome(self) -> Outcome:
        """The determinations alone. Of a refused claim there are none."""
        made = tuple(decided.determination for decided in self.decided)
        return Outcome(self.claim_id, made, self.without_policy)

    def to_json(self) -> dict[str, Any]:
        """The outcome (`schema/outcome.schema.json`), or the refusal with its problems."""
        if self.request is None:
            return {
                "schema": REFUSAL_VERSION,
                "claim_id": self.claim_id,
                "problems": [as_json(problem) for problem in self.problems],
            }
        return self.outcome.to_json()


def answer(engine: Engine, intake: Intake) -> Answer:
    """What an engine says of a claim that was read. Never raises for any claim."""
    if intake.request is None:
        return Answer(intake.claim_id, None, (), (), intake.diagnostics)
    try:
        decided, without = engine.decide_fully(intake.request)
    except PolicyError as error:
        problems = tuple(intake.placed(problem) for problem in error.diagnostics)
        return Answer(intake.claim_id, None, (), (), (*intake.diagnostics, *problems))
    return Answer(intake.claim_id, intake.request, decided, without, intake.diagnostics)

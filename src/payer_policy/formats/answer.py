"""One claim or preauthorization request as it was read, and what became of it: decided, or refused.

The way from an `Intake` to an answer is the same for the command line and for the service, and so are
the bytes of the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.determination import NoPolicy, Outcome
from payer_policy.engine import Decided, Engine
from payer_policy.formats.intake import Intake
from payer_policy.request.models import Line, Request

REFUSAL_VERSION: Final = "payer-policy/refusal/1"


@dataclass(frozen=True, slots=True)
class Answer:
    """One claim: decided, or refused with what is wrong (never both)."""

    claim_id: str | None
    """The claim number; None: it has none."""
    request: Request | None
    """None where the claim was refused."""
    decided: tuple[Decided, ...]
    """What was decided, with what it was made from; empty where the claim was refused."""
    without_policy: tuple[NoPolicy, ...]
    """The services that no policy covers."""
    problems: tuple[Diagnostic, ...]
    """What is wrong; with an error among them the claim is refused."""
    as_of: date | None = None
    """The day that was filled in as the date of service, since the request gave none."""

    @property
    def refused(self) -> bool:
        """Whether the claim was refused."""
        return any(problem.severity == "error" for problem in self.problems)

    @property
    def outcome(self) -> Outcome:
        """The determinations alone. Of a refused claim there are none."""
        made = tuple(decided.determination for decided in self.decided)
        return Outcome(self.claim_id, made, self.without_policy, as_of=self.as_of)

    @property
    def decisions(self) -> list[tuple[str, str]]:
        """For each determination the policy's address and the decision; `no_policy` of none."""
        found: list[tuple[str, str]] = [
            (one.policy.address, one.decision) for one in self.outcome.determinations
        ]
        return [("", "no_policy")] if self.request is not None and not found else found

    def to_json(self) -> dict[str, Any]:
        """The outcome (`schema/outcome.schema.json`), or the refusal with its problems."""
        if self.request is None:
            return {
                "schema": REFUSAL_VERSION,
                "claim_id": self.claim_id,
                "problems": [problem.to_json() for problem in self.problems],
            }
        return self.outcome.to_json()


def answer(
    engine: Engine, intake: Intake, today: date | None = None, *, is_order: bool = False
) -> Answer:
    """What an engine says of a claim that was read. Never raises for any claim.

    Args:
        engine: That decides.
        intake: What was read.
        today: The day that a question is about where it names none; None: it is not filled in.
        is_order: Whether the lines are ordered and not billed, so that they too may be about today.
    """
    if intake.request is None:
        return Answer(intake.claim_id, None, (), (), intake.diagnostics)
    request, as_of = _dated(engine, intake.request, today, is_order)
    try:
        decided, without = engine.decide_fully(request)
    except PolicyError as error:
        problems = tuple(intake.placed(problem) for problem in error.diagnostics)
        return Answer(intake.claim_id, None, (), (), (*intake.diagnostics, *problems))
    return Answer(intake.claim_id, request, decided, without, intake.diagnostics, as_of)


def _dated(
    engine: Engine, request: Request, today: date | None, is_order: bool
) -> tuple[Request, date | None]:
    """The request with a day where it names none, and the day that was filled in.

    What was billed without a date is never dated here: nobody knows the day but the biller.
    """
    fact = engine.library.facts_by_source.get(("service", "date"))
    if today is None or fact is None or request.facts.get(fact) is not None:
        return request, None
    if request.lines and not (is_order and all(_undated(line) for line in request.lines)):
        return request, None
    facts = {**request.facts, fact: today.isoformat()}
    return request.model_copy(update={"facts": facts}), today


def _undated(line: Line) -> bool:
    return line.date is None and line.through is None

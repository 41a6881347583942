"""What `decide` and `explain` share: read a claim file with its facts, decide claim after claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from payer_policy.cli import options
from payer_policy.determination import NoPolicy
from payer_policy.diagnostics import Diagnostic, PolicyError
from payer_policy.engine import Decided, Engine
from payer_policy.intake import (
    Intake,
    read_requests,
    read_supplements,
    supplemented,
    unmatched,
)
from payer_policy.request.models import Request


@dataclass(frozen=True, slots=True)
class Answer:
    """One claim of a file: decided, or refused with what is wrong (never both)."""

    claim_id: str | None
    request: Request | None
    decided: tuple[Decided, ...]
    without_policy: tuple[NoPolicy, ...]
    problems: tuple[Diagnostic, ...]

    @property
    def refused(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


def answers(engine: Engine, path: str, facts_path: str | None) -> Iterator[Answer]:
    """Every claim of a file in its order; what is wrong with one does not stop the next.

    Raises:
        PolicyError: the facts file is wrong; it is taken whole or not at all.
    """
    name = "standard input" if path == "-" else path
    intakes = read_requests(options.read_bytes(path), name)
    if facts_path is not None:
        supplements = read_supplements(options.read_bytes(facts_path), facts_path)
        stray = tuple(unmatched(supplements, intakes))
        intakes = supplemented(intakes, supplements)
        if stray:
            yield Answer(None, None, (), (), stray)
    for intake in intakes:
        yield answer(engine, intake)


def answer(engine: Engine, intake: Intake) -> Answer:
    """One claim, decided or refused."""
    if intake.request is None:
        return Answer(intake.claim_id, None, (), (), intake.diagnostics)
    try:
        decided, without = engine.decide_fully(intake.request)
    except PolicyError as error:
        problems = tuple(intake.placed(problem) for problem in error.diagnostics)
        return Answer(intake.claim_id, None, (), (), (*intake.diagnostics, *problems))
    return Answer(intake.claim_id, intake.request, decided, without, intake.diagnostics)

"""Reads a claim file with its facts, and decides its claims one after another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from payer_policy.cli import options
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.engine import Engine
from payer_policy.formats import Intake, read_requests, read_supplements, supplemented, unmatched
from payer_policy.formats.answer import Answer, answer


def today() -> date:
    """The day of a question that names none; decisions themselves read no clock."""
    return date.today()


def answers(engine: Engine, path: str, facts_path: str | None) -> Iterator[Answer]:
    """The answers to the claims of a file, in order; a problem with one does not stop the next.

    Raises:
        PolicyError: The facts file is wrong; it is used as a whole or not at all.
    """
    name = options.file_name(path)
    library = engine.library
    intakes = read_requests(options.read_bytes(path), name, library.vocabulary, library.reference)
    intakes, stray = with_facts(intakes, facts_path)
    if stray:
        yield Answer(None, None, (), (), stray)
    for intake in intakes:
        yield answer(engine, intake, today())


def with_facts(
    intakes: list[Intake], facts_path: str | None
) -> tuple[list[Intake], tuple[Diagnostic, ...]]:
    """Requests with the facts of a file (None: no facts), and problems of facts without a request.

    Raises:
        PolicyError: The facts file is wrong; it is used as a whole or not at all.
    """
    if facts_path is None:
        return intakes, ()
    supplements = read_supplements(options.read_bytes(facts_path), facts_path)
    stray = tuple(unmatched(supplements, intakes))
    return supplemented(intakes, supplements), stray

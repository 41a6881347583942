"""What `decide` and `explain` share: read a claim file with its facts, decide claim after claim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from payer_policy.cli import options
from payer_policy.engine import Engine
from payer_policy.formats import read_requests, read_supplements, supplemented, unmatched
from payer_policy.formats.answer import Answer, answer


def today() -> date:
    """The day that a question is about where it names none; decisions themselves read no clock."""
    return date.today()


def answers(engine: Engine, path: str, facts_path: str | None) -> Iterator[Answer]:
    """Every claim of a file in its order; what is wrong with one does not stop the next.

    Raises:
        PolicyError: the facts file is wrong; it is taken whole or not at all.
    """
    name = "standard input" if path == "-" else path
    library = engine.library
    intakes = read_requests(options.read_bytes(path), name, library.vocabulary, library.reference)
    if facts_path is not None:
        supplements = read_supplements(options.read_bytes(facts_path), facts_path)
        stray = tuple(unmatched(supplements, intakes))
        intakes = supplemented(intakes, supplements)
        if stray:
            yield Answer(None, None, (), (), stray)
    for intake in intakes:
        yield answer(engine, intake, today())

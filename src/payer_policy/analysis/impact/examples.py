"""Examples in plain English: the decision of each version and its reasons, in its rules' sentences.

The claim of an example is decided once more on its own, so that the sentences have its values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from payer_policy.analysis.impact.model import ChangeKey, Example, Side
from payer_policy.core.diagnostics import PolicyError
from payer_policy.determination import Determination, LineOutcome, Outcome
from payer_policy.determination.explain import DECISIONS
from payer_policy.determination.words import capital, counted, line_list, listed, one_line, stop
from payer_policy.engine import Engine
from payer_policy.formats.tables.requests import FactRows
from payer_policy.request.models import Request

if TYPE_CHECKING:
    from payer_policy.analysis.impact.compared import ChangedService

_NO_POLICY: Final = "No policy applies, so nothing is decided: neither approved nor denied."
_MOST: Final = 2
"""The number of questions of a pended claim that are repeated."""


class ExampleWriter:
    """Puts examples into words, and remembers the titles of their rules."""

    def __init__(self, old: Engine, new: Engine) -> None:
        self._engines = (old, new)
        self._titles: tuple[dict[str, str], dict[str, str]] = ({}, {})

    def example(self, found: ChangedService) -> Example:
        """The example with the sentences of both versions."""
        request = found.request
        if found.row is not None:
            rows = FactRows(list(found.row), self._engines[0].library.vocabulary.facts)
            _, read = rows.request(list(found.row.values()))
            request = read if isinstance(read, Request) else None
        made = [
            self._made(engine, request, found, policy)
            for engine, policy in zip(self._engines, found.policies, strict=True)
        ]
        shared = _notes(made[0]) & _notes(made[1])
        sides = [one if isinstance(one, Side) else _side(one, shared) for one in made]
        return Example(
            found.file,
            found.record,
            found.claim_id,
            found.code,
            found.service_date,
            found.billed,
            sides[0],
            sides[1],
        )

    def titles_of(self, keys: Iterable[ChangeKey]) -> dict[str, str]:
        """The titles of the rules that came or went, by id; the new version's where they differ."""
        rules = {one.rule for key in keys for one in (*key.went, *key.came)}
        titles = self._titles[0] | self._titles[1]
        return {rule: titles[rule] for rule in sorted(rules) if rule in titles}

    def _made(
        self, engine: Engine, request: Request | None, found: ChangedService, policy: str | None
    ) -> Determination | Side:
        """The determination, or the side of the example where there is none."""
        if request is None:
            return Side("rejected", "The record could not be read.", None)
        try:
            outcome = engine.decide(request)
        except PolicyError as error:
            message = stop(one_line(error.diagnostics[0].message))
            return Side("rejected", f"Could not be decided: {message}", None)
        made = _the_one(outcome, found, policy)
        if made is None:
            return Side("no_policy", _NO_POLICY, None)
        titles = self._titles[engine is self._engines[1]]
        titles |= {one.rule: one.title for one in made.findings}
        titles |= {one.rule: one.title for one in made.unsettled}
        titles |= {one.name: one.title for one in made.assumptions}
        return made


def _notes(made: Determination | Side) -> set[str]:
    if isinstance(made, Side):
        return set()
    return {one.because for one in made.findings if one.kind == "advise"}


def _side(made: Determination, shared: set[str]) -> Side:
    without = "no version: no date" if made.voids is None else "no version: a void"
    named = f"{made.policy.address} {made.policy.version or f'({without})'}"
    return Side(made.decision, in_plain_words(made, shared), named)


def _the_one(outcome: Outcome, found: ChangedService, policy: str | None) -> Determination | None:
    wanted = (found.code, found.service_date, policy)
    return next(
        (
            made
            for made in outcome.determinations
            if (made.code, made.service_date, made.policy.address) == wanted
        ),
        None,
    )


def in_plain_words(made: Determination, without: Collection[str] = ()) -> str:
    """A determination in a few sentences: the decision, its reasons, and the open questions.

    Args:
        made: The determination.
        without: Notes to leave out, by their sentences.
    """
    sentences = [f"{capital(DECISIONS[made.decision])}."]
    if made.decision == "partial":
        sentences = [f"{capital(_lines(made.lines))}."]
    if made.internal is not None:
        sentences.append(f"Internal error: {stop(made.internal)}")
    sentences += [stop(one.because) for one in made.findings if one.kind != "advise"]
    if made.missing:
        asked = [question.question for question in made.missing[:_MOST]]
        more = len(made.missing) - len(asked)
        rest = f" (and {counted(more, 'more question')})" if more else ""
        sentences.append(f"Questions that would decide it: {' '.join(asked)}{rest}")
    sentences += [
        f"Note: {stop(one.because)}"
        for one in made.findings
        if one.kind == "advise" and one.because not in without
    ]
    return one_line(" ".join(sentences))


def _lines(lines: Sequence[LineOutcome]) -> str:
    by: dict[str, list[int]] = {}
    for line in lines:
        by.setdefault(line.outcome, []).append(line.number)
    return listed([f"{line_list(numbers)} {DECISIONS[out]}" for out, numbers in by.items()])

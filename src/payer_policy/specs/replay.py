"""Runs scenarios, in this process and on any engine.

`payer-policy spec`, bundles, `analysis` (which runs scenarios against thousands of changed policies) and
the pytest plugin all run them here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from payer_policy.engine import Engine
from payer_policy.specs import then
from payer_policy.specs.account import account
from payer_policy.specs.case import Answer, Case, Subject
from payer_policy.specs.failures import Failure, Mismatch, Place, Wrong, failure_of
from payer_policy.specs.reading import PLACEHOLDER, FeatureFile, kinds_of, scenarios_in, tags_of
from payer_policy.specs.sentences import (
    Arguments,
    Row,
    Step,
    Table,
    matching,
    nearest_sentence,
)
from payer_policy.specs.steps import STEPS

_ASKING: Final = (then.asks_for, then.asks_first, then.asks_not, then.asks_nothing)


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of a scenario as it is run. `step` is None where no sentence reads like it."""

    kind: str
    keyword: str
    text: str
    line: int
    table: Table
    docstring: bool
    """Whether a text in quotation marks is below it."""
    step: Step | None
    arguments: Arguments

    @property
    def sentence(self) -> str:
        return f"{self.keyword} {self.text}"


@dataclass(frozen=True, slots=True)
class Script:
    """One scenario, or one row of an outline, ready to be run."""

    place: Place
    said: tuple[Said, ...]
    tags: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether a Then of it looks at the questions that are asked."""
        return any(one.step is not None and one.step.run in _ASKING for one in self.said)

    def words(self) -> str:
        """Everything that the scenario says, tables included."""
        cells = (cell for one in self.said for row in one.table for cell in row.cells)
        return " ".join([*(one.text for one in self.said), *cells])


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one run. `answers`: one for each time that something was decided."""

    failure: Failure | None
    answers: tuple[tuple[Subject, Answer], ...]


def scripts_of(file: FeatureFile) -> Iterator[Script]:
    """The scenarios of a feature file in order, an outline as one for each row of its examples."""
    for before, tags, scenario in scenarios_in(file.feature):
        steps = list(kinds_of([*before, *scenario["steps"]]))
        for example, line, own in _examples(scenario):
            place = Place(
                file.shown,
                file.feature["name"],
                _rendered(scenario["name"], example),
                scenario["location"]["line"],
                tuple(example.items()),
                line,
            )
            said = tuple(_said(kind, step, example) for kind, step in steps)
            yield Script(place, said, (*tags, *own))


def _examples(
    scenario: dict[str, Any],
) -> Iterator[tuple[dict[str, str], int | None, tuple[str, ...]]]:
    """The rows of an outline, each with its line and tags; one without columns of another scenario."""
    if not scenario["examples"]:
        yield {}, None, ()
    for examples in scenario["examples"]:
        names = [cell["value"] for cell in examples["tableHeader"]["cells"]]
        for row in examples["tableBody"]:
            cells = [cell["value"] for cell in row["cells"]]
            yield dict(zip(names, cells, strict=True)), row["location"]["line"], tags_of(examples)


def _rendered(text: str, example: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: example.get(found[1], found[0]), text)


def _said(kind: str, step: dict[str, Any], example: Mapping[str, str]) -> Said:
    text = _rendered(step["text"], example)
    declared, arguments = matching(STEPS, kind, text) or (None, {})
    table = tuple(
        Row(
            row["location"]["line"],
            tuple(_rendered(cell["value"], example) for cell in row["cells"]),
        )
        for row in step.get("dataTable", {}).get("rows", ())
    )
    keyword = step["keyword"].strip().title()
    line = step["location"]["line"]
    return Said(kind, keyword, text, line, table, "docString" in step, declared, arguments)


class Running:
    """One scenario on one engine, sentence by sentence.

    Args:
        script: The scenario.
        engine: Decides its request.
        with_account: Whether a failure explains the determination, which takes time.
    """

    def __init__(self, script: Script, engine: Engine, *, with_account: bool = True) -> None:
        self.script = script
        self.answers: list[tuple[Subject, Answer]] = []
        """One answer for each When."""
        self._left = iter(script.said)
        self._case = Case(engine, script.place.policy)
        self._with_account = with_account

    def misread(self) -> Failure | None:
        """The failure of sentences that are not in the step library; None where all are."""
        unknown = [one for one in self.script.said if one.step is None]
        if not unknown:
            return None
        first, *others = [(one, _unknown_sentence(one)) for one in unknown]
        error = first[1]
        if others:
            more = [f"line {one.line}: {one.sentence}\n  {wrong.hint}" for one, wrong in others]
            also = "\n".join(["", "also not a sentence here:", *more])
            error = Wrong(error.message, f"{error.hint}\n{also}")
        return failure_of(error, self.script.place, first[0].line, first[0].sentence, None)

    def say(self) -> Failure | None:
        """Run the next sentence, once `misread` has found none; its failure, or None."""
        return self._say(next(self._left))

    def rest(self) -> Failure | None:
        """Run the sentences that are left, until one fails."""
        return next(filter(None, map(self._say, self._left)), None)

    def _say(self, one: Said) -> Failure | None:
        assert one.step is not None
        failure = None
        try:
            _check_shape(one.step, one.table, one.docstring)
            one.step.run(self._case, one.arguments, one.table)
        except (Wrong, Mismatch) as error:
            failure = self._failure(one, error)
        if one.kind == "when" and self._case.answer is not None:
            self.answers.append((self._case.asked(), self._case.answer))
        return failure

    def _failure(self, one: Said, error: Wrong | Mismatch) -> Failure:
        account = self._account(error) if self._with_account else None
        failure = failure_of(error, self.script.place, one.line, one.sentence, account)
        if isinstance(error, Wrong) and error.line is not None:
            cells = next(row.cells for row in one.table if row.line == error.line)
            failure = replace(failure, line=error.line, row=f"| {' | '.join(cells)} |")
        return failure

    def _account(self, error: Wrong | Mismatch) -> str | None:
        """What a failed expectation ends with; None for what is no expectation."""
        if not isinstance(error, Mismatch) or self._case.answer is None:
            return None
        try:
            return account(self._case.answer, error.rules)
        except Exception as fault:  # what was expected and found is shown anyway
            return (
                f"The account could not be made: a fault in this program ({type(fault).__name__})."
            )


def replay(script: Script, engine: Engine, *, with_account: bool = True) -> Replayed:
    """Run a scenario on an engine, until a sentence fails.

    Args:
        script: The scenario.
        engine: Decides its request.
        with_account: Whether a failure explains the determination, which takes time.
    """
    running = Running(script, engine, with_account=with_account)
    failure = running.misread() or running.rest()
    return Replayed(failure, tuple(running.answers))


def _check_shape(step: Step, table: Table, docstring: bool) -> None:
    """Refuses a table below a sentence that takes none, and a sentence without the table it needs.

    Raises:
        Wrong: the shape is not the sentence's.
    """
    if docstring:
        raise Wrong("this sentence takes no text in quotation marks below it")
    if table and not step.table:
        raise Wrong("this sentence takes no table", None, table[0].line)
    if step.table and not table:
        example = "\n".join(step.example.splitlines()[1:])
        raise Wrong("this sentence needs a table below it", f"for example:\n{example}")


def _unknown_sentence(spoken: Said) -> Wrong:
    """What is wrong with a sentence that is not in the step library, and the nearest right one."""
    for kind in ("given", "when", "then"):
        if kind != spoken.kind and matching(STEPS, kind, spoken.text) is not None:
            name, start = kind.title(), f"start it with {kind.title()}"
            return Wrong(
                f"this is a {name} sentence, where a {spoken.kind.title()} is expected",
                f"put it after a {name}, or {start}" if spoken.keyword in ("And", "But") else start,
            )
    hidden = next((char for char in spoken.text if unicodedata.category(char) == "Cf"), None)
    if hidden is not None:
        return Wrong(
            f"this sentence has an invisible character (U+{ord(hidden):04X})",
            "type the sentence again",
        )
    close = nearest_sentence(STEPS, spoken.kind, spoken.text)
    return Wrong(
        "no sentence of the step library reads like this",
        f"did you mean `{close}`?" if close else "to see all sentences: payer-policy spec --steps",
    )

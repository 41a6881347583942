"""Scenarios run in this process, without pytest: as often as somebody asks, and on any engine.

For `analysis`, which runs the scenarios against thousands of slightly changed policies. A test holds
this runner to the pytest plugin: the same scenarios pass, and the others fail in the same words.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pytest_bdd.parser import Scenario, ScenarioTemplate, render_string

from payer_policy.engine import Engine
from payer_policy.specs import then
from payer_policy.specs.account import account
from payer_policy.specs.case import Answer, Case, Subject
from payer_policy.specs.failures import Failure, Mismatch, Place, Wrong, failure_of
from payer_policy.specs.reading import FeatureFile, table_of
from payer_policy.specs.sentences import (
    Arguments,
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
    docstring: str | None
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
    for template in file.feature.scenarios.values():
        rows = [row for examples in template.examples for row in examples.as_contexts()]
        for row in rows or [{}]:
            scenario = template.render(row)
            yield Script(_place(file, template, row), tuple(_said(scenario)))


def _place(file: FeatureFile, template: ScenarioTemplate, row: dict[str, str]) -> Place:
    return Place(
        file.shown,
        file.feature.name,
        render_string(template.name, row),
        template.line_number,
        tuple(row.items()),
        file.rows.get((template.line_number, tuple(row.values()))),
    )


def _said(scenario: Scenario) -> Iterator[Said]:
    for spoken in scenario.steps:
        found = matching(STEPS, spoken.type, spoken.name)
        step, arguments = found if found is not None else (None, {})
        yield Said(
            spoken.type,
            spoken.keyword,
            spoken.name,
            spoken.line_number,
            table_of(spoken.datatable),
            spoken.docstring,
            step,
            arguments,
        )


def replay(script: Script, engine: Engine, *, with_account: bool = True) -> Replayed:
    """Run a scenario on an engine.

    Args:
        script: The scenario.
        engine: Decides its request.
        with_account: Whether a failure tells why the determination is as it is, which takes time.
    """
    unknown = [one for one in script.said if one.step is None]
    if unknown:
        first, *others = [(one, unknown_sentence(one)) for one in unknown]
        error = first[1]
        if others:
            more = [f"line {one.line}: {one.sentence}\n  {wrong.hint}" for one, wrong in others]
            also = "\n".join(["", "also not a sentence here:", *more])
            error = Wrong(error.message, f"{error.hint}\n{also}")
        return Replayed(failure_of(error, script.place, first[0].line, first[0].sentence, None), ())
    case = Case(engine)
    answers: list[tuple[Subject, Answer]] = []
    for one in script.said:
        assert one.step is not None
        try:
            check_shape(one.step, one.table, one.docstring)
            one.step.run(case, one.arguments, one.table)
        except (Wrong, Mismatch) as failed:
            _keep(answers, one, case)
            failure = _failure(script.place, one, failed, case if with_account else None)
            return Replayed(failure, tuple(answers))
        _keep(answers, one, case)
    return Replayed(None, tuple(answers))


def _keep(answers: list[tuple[Subject, Answer]], one: Said, case: Case) -> None:
    if one.kind == "when" and case.answer is not None:
        answers.append((case.asked(), case.answer))


def _failure(place: Place, one: Said, error: Wrong | Mismatch, case: Case | None) -> Failure:
    failure = failure_of(
        error, place, one.line, one.sentence, None if case is None else told_of(error, case)
    )
    if isinstance(error, Wrong) and error.line is not None:
        cells = next(row.cells for row in one.table if row.line == error.line)
        failure = replace(failure, line=error.line, row=f"| {' | '.join(cells)} |")
    return failure


def told_of(error: Wrong | Mismatch, case: Case) -> str | None:
    """The account that a failed expectation ends with; None for what is no expectation."""
    if not isinstance(error, Mismatch) or case.answer is None:
        return None
    try:
        return account(case.answer, error.rules)
    except Exception as fault:  # what was expected and found is told all the same
        return f"The account could not be made: a fault in this program ({type(fault).__name__})."


def check_shape(step: Step, table: Table, docstring: str | None) -> None:
    """Whether a sentence has a table below it just where it takes one.

    Raises:
        Wrong: it has not.
    """
    if docstring is not None:
        raise Wrong("this sentence takes no text in quotation marks below it")
    if table and not step.table:
        raise Wrong("this sentence takes no table", None, table[0].line)
    if step.table and not table:
        example = "\n".join(step.example.splitlines()[1:])
        raise Wrong("this sentence needs a table below it", f"for example:\n{example}")


def unknown_sentence(spoken: Said) -> Wrong:
    """What is wrong with a sentence that is none of the step library, and the nearest right one."""
    names = {"given": "Given", "when": "When", "then": "Then"}
    for kind, name in names.items():
        if kind != spoken.kind and matching(STEPS, kind, spoken.text) is not None:
            return Wrong(
                f"this is a {name} sentence, and it stands where a {names[spoken.kind]} is meant",
                f"start it with {name}"
                if spoken.keyword in names.values()
                else f"put it after a {name}, or start it with {name}",
            )
    hidden = next((char for char in spoken.text if unicodedata.category(char) == "Cf"), None)
    if hidden is not None:
        return Wrong(
            f"this sentence has a character that nobody can see (U+{ord(hidden):04X})",
            "type the sentence anew",
        )
    close = nearest_sentence(STEPS, spoken.kind, spoken.text)
    return Wrong(
        "no sentence of the step library reads like this",
        f"did you mean `{close}`?" if close else "to see all sentences: payer-policy spec --steps",
    )

"""The facts that a request supplies beside its form: for all of it, and for single lines.

A fact about the member is in the request's `facts`. A fact about the service is in the `facts`
of a line of that service; in the request's `facts` only where one service can be meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, did_you_mean
from payer_policy.core.frozen import quickly_made
from payer_policy.core.json_models import MAX_PROBLEMS
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import (
    AmbiguousCode,
    Value,
    ValueProblem,
    format_value,
    parse_value,
    quantity_of,
    unit_of,
)
from payer_policy.core.vocabulary.units import DRUG_AMOUNT
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.request.models import Request
from payer_policy.request.records import Lists, read_lists
from payer_policy.request.services import Days

Facts = Mapping[str, Value]
_Wrong = tuple[int | None, str, ValueProblem]
"""The position of its line, the fact, and what is wrong with it."""
_NOTHING: Final[Facts] = {}
_MOST_HINTS: Final = 20
"""Maximum number of suggestions in one message: each is looked for among all names."""

_MOST_SERVICES: Final = 5
"""More services than this are counted in a message and not named."""


class Meant(NamedTuple):
    """A service of a request that facts can be meant of."""

    name: str
    """`line 1`, `lines 1 and 2`."""
    about: str
    """Its code and day."""
    reads: Collection[str]
    """The facts that the policy reads that decides it, and those that they are made from."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Given:
    """The facts of a request as values."""

    whole: Facts
    lines: Mapping[int, Facts]
    """By the number of the line, those that give any."""
    lists: Lists
    """The records of the request."""

    @classmethod
    def read(cls, vocabulary: Vocabulary, request: Request) -> Given:
        """The facts that a request gives.

        Raises:
            PolicyError: with everything that is wrong with them.
        """
        whole, problems = parse_facts(vocabulary, request.facts)
        lines: dict[int, Facts] = {}
        wrong: list[_Wrong] = [(None, name, problem) for name, problem in problems]
        for at, line in enumerate(request.lines):
            if line.facts:
                found, problems = parse_facts(vocabulary, line.facts, of_line=True)
                lines[line.number or at + 1] = found
                wrong += [(at, name, problem) for name, problem in problems]
        if wrong:
            raise PolicyError(_problems(vocabulary, request, wrong))
        return cls(whole, lines, read_lists(vocabulary, request))

    @staticmethod
    def refuse_other_amounts(
        vocabulary: Vocabulary, reference: ReferenceData, request: Request
    ) -> None:
        """An amount of the drug that carries a unit is of what its code is measured by.

        Raises:
            PolicyError: with every amount that could be of no drug that it can be about.
        """
        codes = {line.code for line in request.lines}
        if (code := request.facts.get(vocabulary.service_code or "")) is not None:
            codes.add(code)
        found = _other_amounts(vocabulary, reference, request.facts, codes)
        wrong: list[_Wrong] = [(None, name, problem) for name, problem in found]
        for at, line in enumerate(request.lines):
            found = _other_amounts(vocabulary, reference, line.facts, {line.code})
            wrong += [(at, name, problem) for name, problem in found]
        if wrong:
            raise PolicyError(_problems(vocabulary, request, wrong))

    def of(self, numbers: Iterable[int]) -> Facts:
        """What is given of the service of some lines. Of what they disagree on nothing is known."""
        facts = dict(self.whole)
        differ = set()
        for number in numbers:
            for name, value in self.lines.get(number, _NOTHING).items():
                if facts.setdefault(name, value) != value:
                    differ.add(name)
        for name in differ:
            del facts[name]
        return facts

    def days(self, first: str, last: str, number: int | None = None) -> Days:
        """The days that the facts give a line, or a request without lines.

        Args:
            first: The name of the fact that is the first day.
            last: The name of the fact that is the last day.
            number: Of the line.
        """
        own = _NOTHING if number is None else self.lines.get(number, _NOTHING)
        day, through = own.get(first, self.whole.get(first)), own.get(last, self.whole.get(last))
        if not isinstance(day, date):
            return None, None
        return day, through if isinstance(through, date) and through > day else None

    def refuse_disagreement(
        self, vocabulary: Vocabulary, request: Request, numbers: Iterable[int]
    ) -> None:
        """The lines of one service, and the request, give a fact one value.

        Raises:
            PolicyError: with every fact that they give several values.
        """
        found = []
        said = {name: ("the request gives", value) for name, value in self.whole.items()}
        for number in sorted(numbers):
            for name, value in self.lines.get(number, _NOTHING).items():
                who, first = said.setdefault(name, (f"line {number} gives", value))
                if first != value:
                    type_ = vocabulary.facts[name].type
                    message = (
                        f"line {number} gives `{name}` as {format_value(value, type_)}, but {who} "
                    )
                    message += f"{format_value(first, type_)}, and both are about one service"
                    line = self.line_of(request, name, [number])
                    hint = "correct one of the two"
                    found.append(
                        fact_problem(request, line, name, "contradicts-claim", message, hint)
                    )
        if found:
            raise PolicyError(found)

    def refuse_ambiguous(
        self, vocabulary: Vocabulary, request: Request, services: Sequence[Meant]
    ) -> None:
        """A fact about a service that is given for the whole request can be about one service only.

        Raises:
            PolicyError: with every fact that could be meant of several.
        """
        found = []
        for name in self.whole:
            if vocabulary.facts[name].about == "member" or says_which(vocabulary, name):
                continue
            meant = [one for one in services if name in one.reads]
            if len(meant) > 1:
                named = [f"{one.name} ({one.about})" for one in meant[:_MOST_SERVICES]]
                more = len(meant) - len(named)
                listed = ", ".join([*named, f"{more} more"] if more else named)
                message = (
                    f"`{name}` is about one service, but {len(meant)} services need it: {listed}"
                )
                hint = "give it in `facts` of a line of each of these services"
                found.append(fact_problem(request, None, name, "several-services", message, hint))
        if found:
            raise PolicyError(found)

    def line_of(self, request: Request, fact: str, numbers: Collection[int]) -> int | None:
        """The position of the line, of some, that gives a fact; None: the request does."""
        return next(
            (
                at
                for at, number in enumerate(line_numbers(request))
                if number in numbers and fact in self.lines.get(number, _NOTHING)
            ),
            None,
        )


def line_numbers(request: Request) -> Iterator[int]:
    """The number of each line: its own, or else its position."""
    return (line.number or position for position, line in enumerate(request.lines, 1))


def fact_problem(
    request: Request, line: int | None, fact: str, code: str, message: str, hint: str | None
) -> Diagnostic:
    """A problem with a fact of a request, at its place in the request.

    Args:
        request: That gives the fact.
        line: The position of the line that gives it; None: it is given for the whole request.
        fact: Its name.
        code: Of the problem.
        message: The problem as a sentence.
        hint: What to do.
    """
    path = f"$.facts.{fact}" if line is None else f"$.lines[{line}].facts.{fact}"
    return Diagnostic(
        code, message, Location(f"claim {request.id}" if request.id else "request", path), hint
    )


def parse_facts(
    vocabulary: Vocabulary, raw: Mapping[str, Any], *, of_line: bool = False
) -> tuple[dict[str, Value], list[tuple[str, ValueProblem]]]:
    """`facts` as values, and what is wrong with those that are none.

    null is "not known", the same as leaving the fact out. `of_line`: facts about the member do not
    belong there.
    """
    values: dict[str, Value] = {}
    problems: list[tuple[str, ValueProblem]] = []
    facts, as_they_are = vocabulary.facts, vocabulary.as_they_are
    for name, entry in raw.items():
        fact = facts.get(name)
        if fact is None:
            problems.append((name, ValueProblem("unknown-fact", f"`{name}` is not a fact")))
            continue
        if of_line and fact.about == "member" and not fact.derived:
            message = f"`{name}` is about the member and not about one service"
            hint = "move it to `facts` of the request"
            problems.append((name, ValueProblem("misplaced-fact", message, hint)))
            continue
        found = as_they_are.get(name)
        if found is not None and type(entry) is found[0] and (not found[1] or entry in found[1]):
            values[name] = entry  # type: ignore[assignment]  # it is of the type of the fact
        elif fact.derived:
            message = f"`{name}` is concluded by rules; a request cannot supply it"
            problems.append((name, ValueProblem("derived-fact", message)))
        elif entry is not None:
            try:
                values[name] = parse_value(fact.type, entry)
            except AmbiguousCode:
                pass  # not known; who reads the request says so
            except ValueProblem as problem:
                problems.append((name, problem))
    return values, problems


def _other_amounts(
    vocabulary: Vocabulary,
    reference: ReferenceData,
    raw: Mapping[str, Any],
    codes: Iterable[str | None],
) -> Iterator[tuple[str, ValueProblem]]:
    """The amounts that carry a unit of another dimension than all the drugs of some codes."""
    drugs = [drug for code in codes if (drug := reference.drugs.get(code or "")) is not None]
    for name in sorted(vocabulary.amounts & raw.keys()):
        type_ = vocabulary.facts[name].type
        given = quantity_of(raw[name])
        unit = None if given is None else unit_of(type_, given)
        if unit is None or unit.name == DRUG_AMOUNT or not drugs:
            continue
        if not any(f"{drug.amount.measures} ".startswith(f"{unit.measures} ") for drug in drugs):
            drug = drugs[0]
            message = f'found "{given}"; {drug.code} is measured in {drug.amount.described}'
            yield name, ValueProblem("unit-mismatch", message, f"give it in {drug.amount.name}")


def _problems(
    vocabulary: Vocabulary, request: Request, wrong: Sequence[_Wrong]
) -> Iterator[Diagnostic]:
    hinted = {name for _, name, _ in wrong[:_MOST_HINTS]}
    numbers = list(line_numbers(request))
    for line, name, problem in wrong[:MAX_PROBLEMS]:
        about, hint = "" if line is None else f"line {numbers[line]}: ", problem.hint
        if problem.code == "unknown-fact" and name in hinted:
            hint = did_you_mean(name, vocabulary.facts)
        message = problem.message
        if problem.code not in ("unknown-fact", "derived-fact", "misplaced-fact"):
            message = f"fact `{name}`: {message}"
        yield fact_problem(request, line, name, problem.code, about + message, hint)
    if len(wrong) > MAX_PROBLEMS:
        rest = f"there are more than {MAX_PROBLEMS} problems with facts; the rest is not listed"
        line, name, _ = wrong[MAX_PROBLEMS]
        yield fact_problem(request, line, name, "too-many-problems", rest, None)


def says_which(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a fact says which services there are: code and days, which each line has itself."""
    source = vocabulary.facts[name].source or {}
    return source.get("service") in ("code", "date", "through")


__all__ = [
    "Given",
    "Meant",
    "fact_problem",
    "line_numbers",
    "parse_facts",
    "says_which",
]
